"""The second stage: squared error against human scores."""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import losses
from rankiqa_tf import opinion_check
from rankiqa_tf import scoring
from rankiqa_tf import trainer
from rankiqa_tf.config import Config
from rankiqa_tf.data import references
from rankiqa_tf.data import scored
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.models import heads
from rankiqa_tf.models import model_file
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.stages import beginning
from rankiqa_tf.stages import targets
from rankiqa_tf.stages.split import Split

_LOOK_PHOTOS = 50  # Held-out photos that a look takes.


def finetune(
    model: keras.Model,
    metadata: model_file.Metadata,
    photos: Split,
    config: Config,
    workdir: Path,
) -> tuple[keras.Model, model_file.Metadata, dict[str, float]]:
    """Trains a model to give human scores.

    Args:
        model: from `start` or `rank`; its layers are changed in place.
        metadata: of the model.
        photos: `ScoredPhoto`s.
        config: the options.
        workdir: where checkpoints and records go.

    Returns:
        The model that gives MOS, what is known of it, and the figures of training.
    """
    parts = divide(photos, config)
    curve = targets.curve_of(photos.training, config.mos_scale)

    def loss(scores: tf.Tensor, batch: trainer.Batch) -> tf.Tensor:
        return losses.squared_error(scores, batch["mos"])

    model, seconds = train_to_score(
        model,
        metadata,
        parts,
        curve,
        make_batches(parts, curve, metadata, config),
        loss,
        config,
        workdir,
        stage="finetune",
    )
    metadata = scored_as(metadata, photos, curve, config, stage="finetune")
    figures = {"finetune/seconds": seconds, "finetune/photos": len(photos.training)}
    return model, metadata, figures


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """Photos with scores in three parts, by reference.

    Attributes:
        training: learned from.
        validation: of the training references too, kept back to choose weights by;
            empty for none.
        held_out: tested on.
    """

    training: Sequence[ScoredPhoto]
    validation: Sequence[ScoredPhoto]
    held_out: Sequence[ScoredPhoto]


def divide(photos: Split, config: Config) -> Parts:
    """Keeps part of the training references back for validation, if told to.

    Raises:
        ValueError: if there are too few references for both.
    """
    if not config.validation:
        return Parts(training=photos.training, validation=(), held_out=photos.held_out)
    training, validation = references.split(
        photos.training,
        holdout=config.validation,
        seed=config.seed,
        groups=[photo.reference for photo in photos.training],
    )
    return Parts(training=training, validation=validation, held_out=photos.held_out)


def make_batches(
    photos: Parts, curve: Curve, metadata: model_file.Metadata, config: Config
) -> scored.ScoredBatches:
    """Batches of the photos to train on, with targets for MOS."""
    return scored.ScoredBatches(
        targets.with_targets(photos.training, curve),
        size=config.finetune_batch,
        crops_per_photo=config.finetune_crops,
        crop_size=beginning.training_crop_size(metadata, config),
        flips=config.finetune_flips,
        seed=config.seed,
    )


def train_to_score(
    model: keras.Model,
    metadata: model_file.Metadata,
    photos: Parts,
    curve: Curve,
    batches: trainer.Batches,
    loss: Callable[[tf.Tensor, trainer.Batch], tf.Tensor],
    config: Config,
    workdir: Path,
    *,
    stage: str,
) -> tuple[keras.Model, float]:
    """Trains a model whose last layer the options may have fitted to human scores.

    While it is trained it gives targets.

    Returns:
        The model that gives MOS, and the seconds that training took.
    """
    scorer = scoring.Scorer(model, metadata)

    def prepare() -> None:
        if config.finetune_head == "ridge":
            beginning.gather_statistics(model, metadata, batches)
            first = make_batches(photos, curve, metadata, config)
            heads.fit_score(model, _first_epoch(first, photos))
        else:
            beginning.standardise(model, metadata, batches)

    def look() -> dict[str, float]:
        seen = photos.validation or photos.held_out[:_LOOK_PHOTOS]
        result = opinion_check.check(lambda p: float(curve(scorer.score(p))), seen)
        return result.summary("validation" if photos.validation else "test_look")

    seconds = 0.0
    if config.finetune_steps:
        seconds = trainer.train(
            model,
            batches,
            loss,
            beginning.plan(
                config, config.finetune_steps, config.finetune_learning_rate
            ),
            prepare=prepare,
            look=look,
            judge="validation/srocc" if photos.validation else "",
            checkpoints=workdir / "checkpoints" / stage,
            tensorboard=workdir / "tensorboard" / stage,
        )
    else:
        beginning.gather_statistics(model, metadata, batches)
    if config.finetune_head == "ridge":
        known = targets.with_targets([*photos.training, *photos.validation], curve)
        heads.fit_score(
            model,
            scored.recipe_crops(known, metadata.crop_size),
            # Features trained on these targets are not to be believed as much.
            penalty=heads.PENALTY if config.finetune_steps else None,
            groups=[photo.reference for photo in known],
        )
    return heads.append_curve(model, curve), seconds


def _first_epoch(
    batches: scored.ScoredBatches, photos: Parts
) -> Iterator[tuple[np.ndarray, float]]:
    """The crops that training sees first, [1, crop, crop, 3], and their targets."""
    crops = len(photos.training) * batches.crops_per_photo
    for batch in batches.dataset(
        0, math.ceil(crops / batches.size)
    ).as_numpy_iterator():
        for image, target in zip(batch["image"], batch["mos"], strict=True):
            yield image[np.newaxis], target


def scored_as(
    metadata: model_file.Metadata,
    photos: Split,
    curve: Curve,
    config: Config,
    *,
    stage: str,
) -> model_file.Metadata:
    """What is known of a model that was trained on human scores."""
    known = [photo.mos for photo in photos.training]
    return dataclasses.replace(
        metadata,
        stages=(*metadata.stages, stage),
        score_range=(min(known), max(known)),
        curve=curve.points,
        trained_on=beginning.join(
            metadata.trained_on,
            f"{len(photos.training)} photos of {config.scores_name}",
        ),
    )
