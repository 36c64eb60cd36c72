"""The first stage: learning to rank photos that were distorted by known amounts."""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import losses
from rankiqa_tf import scoring
from rankiqa_tf import trainer
from rankiqa_tf.config import Config
from rankiqa_tf.data import generated
from rankiqa_tf.data import pairs
from rankiqa_tf.data import ranked
from rankiqa_tf.data import versions
from rankiqa_tf.models import model_file
from rankiqa_tf.ranking_check import LevelScores
from rankiqa_tf.ranking_check import RankingCheck
from rankiqa_tf.stages import beginning
from rankiqa_tf.stages.split import Split

_KEPT_BYTES = 1 << 30  # Distorted photos that take less are distorted once.
_LOOK_PHOTOS = 16  # Held-out photos that a look takes.


def rank(
    model: keras.Model,
    metadata: model_file.Metadata,
    photos: Split,
    config: Config,
    workdir: Path,
) -> tuple[model_file.Metadata, dict[str, float], LevelScores]:
    """Trains a model to rank; changes it in place.

    Args:
        model: from `start`.
        metadata: of the model.
        photos: paths, or the names of the photos of the generated set
            `config.photos`.
        config: the options.
        workdir: where checkpoints and records go.

    Returns:
        What is known of the model now, the figures, and the held-out scores they
        come from.
    """
    small_check = make_check(photos.held_out[:_LOOK_PHOTOS], metadata, config)
    seconds = train_to_rank(
        model,
        metadata,
        training_versions(photos, config),
        config,
        workdir,
        look=lambda: small_check.single_crops(model).summary("rank_look"),
    )
    metadata = dataclasses.replace(
        metadata,
        stages=(*metadata.stages, "rank"),
        score_range=None,
        trained_on=beginning.join(metadata.trained_on, ranked_on(photos, config)),
    )
    figures, result = evaluate(model, metadata, photos, config)
    return metadata, {"rank/seconds": seconds, **figures}, result


def train_to_rank(
    model: keras.Model,
    metadata: model_file.Metadata,
    training: versions.Versions,
    config: Config,
    workdir: Path,
    *,
    look: Callable[[], dict[str, float]],
) -> float:
    """Trains a model to rank versions of photos; changes it in place.

    Returns:
        The seconds it took.
    """
    batches = make_batches(training, metadata, config)

    return trainer.train(
        model,
        batches,
        make_loss(training.better, config),
        beginning.plan(config, config.rank_steps, config.rank_learning_rate),
        prepare=lambda: beginning.standardise(model, metadata, batches),
        look=look,
        checkpoints=workdir / "checkpoints" / "rank",
        tensorboard=workdir / "tensorboard" / "rank",
    )


def training_versions(photos: Split, config: Config) -> versions.Versions:
    """The distorted versions of the photos to train on."""
    return _versions(photos.training, config, budget=_KEPT_BYTES)


def make_batches(
    training: versions.Versions, metadata: model_file.Metadata, config: Config
) -> trainer.Batches:
    """The batches of the sampler that the options name."""
    crop_size = beginning.training_crop_size(metadata, config)
    if config.pairs == "all":
        return ranked.RankedBatches(
            training, shape=config.batch_shape, crop_size=crop_size, seed=config.seed
        )
    return pairs.RandomPairs(
        training, pairs=config.pairs_per_batch, crop_size=crop_size, seed=config.seed
    )


def make_loss(
    better: np.ndarray, config: Config
) -> Callable[[tf.Tensor, trainer.Batch], tf.Tensor]:
    """The ranking loss that the options name, of scores and their batch."""

    def loss(scores: tf.Tensor, batch: trainer.Batch) -> tf.Tensor:
        mask = _pairs_to_rank(scores, batch, better, config)
        if config.loss == "logistic":
            return losses.ranking_logistic(scores, mask, reduction=config.reduction)  # type: ignore[arg-type]
        return losses.ranking_hinge(
            scores,
            mask,
            margin=config.margin,
            reduction=config.reduction,  # type: ignore[arg-type]
        )

    return loss


def _pairs_to_rank(
    scores: tf.Tensor, batch: trainer.Batch, better: np.ndarray, config: Config
) -> tf.Tensor:
    """Which pairs of a batch the loss takes, bool [M, M]."""

    def known(group: tf.Tensor | None) -> tf.Tensor:
        return losses.pair_mask(better, batch["distortion"], batch["level"], group)

    if config.pairs == "random":
        return known(batch["pair"])
    comparable = known(batch["content"] if config.same_content_pairs else None)
    if config.pairs == "all":
        return comparable
    # As many pairs as were drawn: the first of these, and the hardest there are.
    rises = tf.cast(batch["step"] // config.hard_every, tf.float32)
    share = tf.minimum(rises * config.hard_rise, 1.0)
    hard = tf.cast(tf.round(share * config.pairs_per_batch), tf.int32)
    drawn = known(batch["pair"]) & (batch["pair"] < config.pairs_per_batch - hard)
    return drawn | losses.hardest(scores, comparable, count=hard)


def make_check(
    held_out: Sequence, metadata: model_file.Metadata, config: Config
) -> RankingCheck:
    """What looks whether a model ranks photos that it was not trained on."""
    return RankingCheck(
        _versions(held_out, config, budget=0),
        crop_size=beginning.training_crop_size(metadata, config),
        seed=config.seed,
    )


def evaluate(
    model: keras.Model, metadata: model_file.Metadata, photos: Split, config: Config
) -> tuple[dict[str, float], LevelScores]:
    """Ranks the photos held out: figures, and the scores of whole photos."""
    check = make_check(photos.held_out, metadata, config)
    result = check.whole_photos(scoring.Scorer(model, metadata).score)
    figures = {
        "rank/photos": len(photos.training),
        "rank/held_out_photos": len(photos.held_out),
        **result.summary("rank"),
        **check.single_crops(model).summary("rank_single_crops"),
    }
    return figures, result


def ranked_on(photos: Split, config: Config) -> str:
    """What a model is ranked on, in words."""
    return f"{len(photos.training)} photos ranked under preset {config.preset}"


def _versions(photos: Sequence, config: Config, *, budget: int) -> versions.Versions:
    if photos and isinstance(photos[0], str):
        return generated.Generated(config.photos, photos)
    return versions.of_photos(photos, config.preset, budget=budget)
