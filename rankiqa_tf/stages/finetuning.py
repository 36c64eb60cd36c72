"""The second stage: squared error against human scores."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import losses
from rankiqa_tf import opinion_check
from rankiqa_tf import scoring
from rankiqa_tf import trainer
from rankiqa_tf.config import Config
from rankiqa_tf.data import scored
from rankiqa_tf.models import heads
from rankiqa_tf.models import model_file
from rankiqa_tf.stages import beginning
from rankiqa_tf.stages.split import Split

_LOOK_PHOTOS = 50  # Held-out photos that a look takes.


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
    batches = make_batches(photos, metadata, config)
    variance = opinions(photos).var()

    def loss(scores: tf.Tensor, batch: trainer.Batch) -> tf.Tensor:
        error = losses.squared_error(scores, batch["mos"])
        return error / variance if config.scale_free else error

    seconds = train_to_score(
        model, metadata, photos, batches, loss, config, workdir, stage="finetune"
    )
    metadata = scored_as(metadata, photos, config, stage="finetune")
    return metadata, {
        "finetune/seconds": seconds,
        **evaluate(model, metadata, photos),
    }


def opinions(photos: Split) -> np.ndarray:
    """The MOS of the photos to train on, float64 [n]."""
    return np.array([photo.mos for photo in photos.training])


def make_batches(
    photos: Split, metadata: model_file.Metadata, config: Config
) -> scored.ScoredBatches:
    """Batches of the photos to train on."""
    return scored.ScoredBatches(
        photos.training,
        size=config.finetune_batch,
        crop_size=beginning.training_crop_size(metadata, config),
        flips=config.finetune_flips,
        seed=config.seed,
    )


def train_to_score(
    model: keras.Model,
    metadata: model_file.Metadata,
    photos: Split,
    batches: trainer.Batches,
    loss: Callable[[tf.Tensor, trainer.Batch], tf.Tensor],
    config: Config,
    workdir: Path,
    *,
    stage: str,
) -> float:
    """Trains a model whose last layer the options may have fitted to human scores.

    Returns:
        The seconds it took.
    """
    scorer = scoring.Scorer(model, metadata)
    few = photos.held_out[:_LOOK_PHOTOS]

    def fit_score() -> None:
        crops = scored.recipe_crops(photos.training, metadata.crop_size)
        heads.fit_score(model, crops)

    def prepare() -> None:
        if config.finetune_head == "ridge":
            fit_score()
        else:
            beginning.standardise(model, metadata, batches)

    seconds = trainer.train(
        model,
        batches,
        loss,
        beginning.plan(config, config.finetune_steps, config.finetune_learning_rate),
        prepare=prepare,
        look=lambda: opinion_check.check(scorer.score, few).summary("test_look"),
        checkpoints=workdir / "checkpoints" / stage,
        tensorboard=workdir / "tensorboard" / stage,
    )
    if config.finetune_head == "ridge":
        fit_score()
    return seconds


def scored_as(
    metadata: model_file.Metadata, photos: Split, config: Config, *, stage: str
) -> model_file.Metadata:
    """What is known of a model that was trained on human scores."""
    known = opinions(photos)
    return dataclasses.replace(
        metadata,
        stages=(*metadata.stages, stage),
        score_range=(float(known.min()), float(known.max())),
        trained_on=beginning.join(
            metadata.trained_on,
            f"{len(photos.training)} photos of {config.scores_name}",
        ),
    )


def evaluate(
    model: keras.Model, metadata: model_file.Metadata, photos: Split
) -> dict[str, float]:
    """Figures on the photos held out."""
    score = scoring.Scorer(model, metadata).score
    return {
        "finetune/photos": len(photos.training),
        "test/photos": len(photos.held_out),
        **opinion_check.check(score, photos.held_out).summary("test"),
    }
