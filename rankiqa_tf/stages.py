"""The two stages of the paper: rank, then fine-tune on human scores."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import losses
from rankiqa_tf import models
from rankiqa_tf import opinion_check
from rankiqa_tf import scoring
from rankiqa_tf import trainer
from rankiqa_tf.config import Config
from rankiqa_tf.data import generated
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.data import versions
from rankiqa_tf.models import heads
from rankiqa_tf.models import model_file
from rankiqa_tf.ranking_check import LevelScores
from rankiqa_tf.ranking_check import RankingCheck

_KEPT_BYTES = 1 << 30  # Distorted photos that take less are distorted once.
_LOOK_PHOTOS = 16  # Held-out photos that a look during ranking takes.
_LOOK_SCORED = 50  # And one during fine-tuning.
_STANDARDISE_IMAGES = 384  # Crops that show how features are distributed.


@dataclasses.dataclass(frozen=True)
class Split:
    """What is trained on and what is held out."""

    training: Sequence
    held_out: Sequence


def start(config: Config) -> tuple[keras.Model, model_file.Metadata]:
    """Makes or loads the model that a run begins with, and what is known of it."""
    if config.init not in ("random", "imagenet"):
        model, metadata = model_file.load(config.init)
        size = config.scoring_crop_size or config.crop_size or metadata.crop_size
        _check_crop_sizes(model, config)
        return model, dataclasses.replace(metadata, crop_size=size)
    keras.utils.set_random_seed(config.seed)
    model = models.build(
        config.network,
        weights=None if config.init == "random" else "imagenet",
        levels=config.levels,  # type: ignore[arg-type]
    )
    metadata = model_file.Metadata(
        network=config.network,
        crop_size=config.scoring_crop_size
        or config.crop_size
        or models.NETWORKS[config.network].crop_size,
        levels=config.levels,
        score_range=None,
        trained_on="",
        stages=(),
    )
    _check_crop_sizes(model, config)
    return model, metadata


def _check_crop_sizes(model: keras.Model, config: Config) -> None:
    fixed = model.input_shape[1]
    for name in ("crop_size", "scoring_crop_size"):
        size = getattr(config, name)
        if size and fixed not in (None, size):
            raise ValueError(
                f"network {model.name} takes crops of {fixed} pixels, not of {size}: "
                f"leave {name} at 0"
            )


def _training_crop_size(metadata: model_file.Metadata, config: Config) -> int:
    return config.crop_size or models.NETWORKS[metadata.network].crop_size


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
    training = _versions(photos.training, config, budget=_KEPT_BYTES)
    batches = ranked.RankedBatches(
        training,
        shape=config.batch_shape,
        crop_size=_training_crop_size(metadata, config),
        seed=config.seed,
    )

    def make_check(held_out: Sequence) -> RankingCheck:
        return RankingCheck(
            _versions(held_out, config, budget=0),
            crop_size=_training_crop_size(metadata, config),
            seed=config.seed,
        )

    check = make_check(photos.held_out)
    small_check = make_check(photos.held_out[:_LOOK_PHOTOS])

    def loss(scores: tf.Tensor, batch: trainer.Batch) -> tf.Tensor:
        content = batch["content"] if config.same_content_pairs else None
        mask = losses.pair_mask(
            training.better, batch["distortion"], batch["level"], content
        )
        return losses.ranking_hinge(
            scores,
            mask,
            margin=config.margin,
            reduction=config.reduction,  # type: ignore[arg-type]
        )

    seconds = trainer.train(
        model,
        batches,
        loss,
        _plan(config, config.rank_steps, config.rank_learning_rate),
        prepare=lambda: _standardise(model, metadata, batches),
        look=lambda: small_check.single_crops(model).summary("rank_look"),
        checkpoints=workdir / "checkpoints" / "rank",
        tensorboard=workdir / "tensorboard" / "rank",
    )
    metadata = dataclasses.replace(
        metadata,
        stages=(*metadata.stages, "rank"),
        score_range=None,
        trained_on=_join(
            metadata.trained_on,
            f"{len(photos.training)} photos ranked under preset {config.preset}",
        ),
    )
    result = check.whole_photos(scoring.Scorer(model, metadata).score)
    figures = {
        "rank/seconds": seconds,
        "rank/photos": len(photos.training),
        "rank/held_out_photos": len(photos.held_out),
        **result.summary("rank"),
        **check.single_crops(model).summary("rank_single_crops"),
    }
    return metadata, figures, result


def _versions(photos: Sequence, config: Config, *, budget: int) -> versions.Versions:
    if photos and isinstance(photos[0], str):
        return generated.Generated(config.photos, photos)
    return versions.of_photos(photos, config.preset, budget=budget)


def finetune(
    model: keras.Model,
    metadata: model_file.Metadata,
    photos: Split,
    config: Config,
    workdir: Path,
) -> tuple[model_file.Metadata, dict[str, float]]:
    """Trains a model to give human scores; changes it in place.

    Args:
        model: from `start` or `rank`.
        metadata: of the model.
        photos: `ScoredPhoto`s.
        config: the options.
        workdir: where checkpoints and records go.

    Returns:
        What is known of the model now, and the figures on the held-out photos.
    """
    batches = scored.ScoredBatches(
        photos.training,
        size=config.finetune_batch,
        crop_size=_training_crop_size(metadata, config),
        flips=config.finetune_flips,
        seed=config.seed,
    )
    opinions = np.array([photo.mos for photo in photos.training])
    variance = opinions.var()
    scorer = scoring.Scorer(model, metadata)
    few = photos.held_out[:_LOOK_SCORED]

    def loss(scores: tf.Tensor, batch: trainer.Batch) -> tf.Tensor:
        # In units of the opinions' variance: learning rates fit any scale of MOS.
        return losses.squared_error(scores, batch["mos"]) / variance

    def fit_score() -> None:
        crops = scored.recipe_crops(photos.training, metadata.crop_size)
        heads.fit_score(model, crops)

    def prepare() -> None:
        if config.finetune_head == "ridge":
            fit_score()
        else:
            _standardise(model, metadata, batches)

    seconds = trainer.train(
        model,
        batches,
        loss,
        _plan(config, config.finetune_steps, config.finetune_learning_rate),
        prepare=prepare,
        look=lambda: opinion_check.check(scorer.score, few).summary("test_look"),
        checkpoints=workdir / "checkpoints" / "finetune",
        tensorboard=workdir / "tensorboard" / "finetune",
    )
    if config.finetune_head == "ridge":
        fit_score()
    metadata = dataclasses.replace(
        metadata,
        stages=(*metadata.stages, "finetune"),
        score_range=(float(opinions.min()), float(opinions.max())),
        trained_on=_join(
            metadata.trained_on,
            f"{len(photos.training)} photos of {Path(config.scores).name}",
        ),
    )
    figures = {
        "finetune/seconds": seconds,
        "finetune/photos": len(photos.training),
        "test/photos": len(photos.held_out),
        **opinion_check.check(scorer.score, photos.held_out).summary("test"),
    }
    return metadata, figures


def _standardise(
    model: keras.Model, metadata: model_file.Metadata, batches: trainer.Batches
) -> None:
    if metadata.stages:
        return  # A trained model's score is made for its standardisation.
    few = batches.dataset(0, math.ceil(_STANDARDISE_IMAGES / batches.size))
    images = (batch["image"] for batch in few.as_numpy_iterator())
    heads.fit_standardisation(model, images)


def _plan(config: Config, steps: int, learning_rate: float) -> trainer.Plan:
    return trainer.Plan(
        steps=steps,
        learning_rate=learning_rate,
        optimizer=config.optimizer,
        schedule=config.schedule,
        decay_steps=config.decay_steps,
        warmup_steps=config.warmup_steps,
        l2=config.l2,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        look_every=config.evaluate_every,
    )


def _join(before: str, now: str) -> str:
    return f"{before}; {now}" if before else now
