"""The first stage: learning to rank photos that were distorted by known amounts."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.data import ranked
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.ranking_check import RankingCheck
from rankiqa_tf.model import Model
from rankiqa_tf.training import loop
from rankiqa_tf.training import losses
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stopping import Stop

Loss = Callable[[tf.Tensor, Batch], tf.Tensor]

KEPT_BYTES = 1 << 30  # Distorted photos that take less are distorted once.
_EVALUATED = 16  # Held-out photos that an evaluation between steps takes.

_REDUCTIONS: dict[str, losses.Reduction] = {
    "hinge": "mean_over_pairs",
    "hinge_sum": "sum",
    "hinge_sum_over_images": "sum_over_images",
}


def rank(
    model: Model, photos: Split[Versions], config: Config, workdir: Path, *, stop: Stop
) -> tuple[Model, dict[str, float], LevelScores]:
    """Trains a model to rank; its network is changed in place.

    Args:
        model: from `start`.
        photos: what to train on, and what to evaluate on.
        config: the options.
        workdir: where checkpoints and records go.
        stop: asked after each step whether to stop.

    Returns:
        The model, the figures, and the held-out scores they come from.
    """
    training = to_train_on(photos, config)
    check = make_check(photos.held_out, model, config, count=_EVALUATED)
    seconds = train_to_rank(
        model,
        make_batches(training, model, config),
        make_loss(
            training.better, config, graded=in_order_by_strength(training, config)
        ),
        config,
        workdir,
        evaluate=lambda: check.single_crops(model.network).summary("held_out"),
        stop=stop,
    )
    known = dataclasses.replace(
        model.metadata,
        stages=(*model.metadata.stages, "rank"),
        score_range=None,
        trained_on=preparation.join(
            model.metadata.trained_on, ranked_on(training, config)
        ),
    )
    model = Model(model.network, known)
    figures, scores = evaluate(model, photos, config)
    return model, {"rank/seconds": seconds, **figures}, scores


def train_to_rank(
    model: Model,
    batches: Batches,
    loss: Loss,
    config: Config,
    workdir: Path,
    *,
    evaluate: Callable[[], dict[str, float]],
    stop: Stop,
) -> float:
    """Trains a model on ranked batches; its network is changed in place.

    Returns:
        The seconds it took.
    """
    return loop.train(
        model.network,
        batches,
        loss,
        config.training,
        steps=config.rank_steps,
        learning_rate=config.rank_learning_rate,
        seed=config.seed,
        prepare=lambda: preparation.standardise(model, batches),
        evaluate=evaluate,
        folder=workdir,
        stage="rank",
        stop=stop,
    )


def make_batches(training: Versions, model: Model, config: Config) -> Batches:
    """Ranked batches of the options."""
    return ranked.RankedBatches(
        training,
        shape=config.batch_shape,
        crop_size=preparation.training_crop_size(model, config),
        seed=config.seed,
    )


def to_train_on(photos: Split[Versions], config: Config) -> Versions:
    """The versions to train on, in memory where the same ones come again and again."""
    if config.strengths == "any":
        return photos.training
    return photos.training.in_memory(KEPT_BYTES)


def in_order_by_strength(training: Versions, config: Config) -> np.ndarray | None:
    """The distortions that strengths put in order, where there are any strengths."""
    return training.graded if config.strengths == "any" else None


def make_loss(
    better: np.ndarray, config: Config, *, graded: np.ndarray | None = None
) -> Loss:
    """The ranking loss that the options name, of scores and their ranked batch.

    Args:
        better: as of `losses.pair_mask`.
        config: the options.
        graded: where given, the distortions that the strengths of a batch put in order.
    """

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        mask = losses.pair_mask(
            better,
            batch["distortion"],
            batch["level"],
            batch["content"] if config.same_content_pairs else None,
            graded=graded,
            strength=batch.get("strength"),
            least_difference=config.least_difference,
        )
        return loss_of_pairs(scores, mask, config)

    return loss


def loss_of_pairs(scores: tf.Tensor, mask: tf.Tensor, config: Config) -> tf.Tensor:
    """The ranking loss that the options name, of scores [M] and pairs [M, M]."""
    if config.loss == "logistic":
        return losses.ranking_logistic(scores, mask)
    return losses.ranking_hinge(
        scores, mask, margin=config.margin, reduction=_REDUCTIONS[config.loss]
    )


def make_check(
    held_out: Versions, model: Model, config: Config, *, count: int
) -> RankingCheck:
    """What tells whether a model ranks photos that it was not trained on."""
    return RankingCheck(
        held_out,
        crop_size=preparation.training_crop_size(model, config),
        seed=config.seed,
        count=count,
    )


def evaluate(
    model: Model, photos: Split[Versions], config: Config
) -> tuple[dict[str, float], LevelScores]:
    """Ranks the photos held out: figures, and the scores of whole photos."""
    check = make_check(photos.held_out, model, config, count=config.evaluation_photos)
    result = check.whole_photos(model.score_many)
    figures = {
        "rank/photos": photos.training.num_photos,
        "rank/held_out_photos": len(result.scores),
        **result.summary("rank"),
        **check.single_crops(model.network).summary("rank_single_crops"),
    }
    return figures, result


def ranked_on(training: Versions, config: Config) -> str:
    """What a model is ranked on, in words."""
    return f"{training.num_photos} photos ranked under preset {config.preset}"
