"""What a run begins with: a network, and what is known of it."""

import dataclasses
import math
from collections.abc import Iterator

import keras
import numpy as np

from rankiqa_tf import layers
from rankiqa_tf import models
from rankiqa_tf import trainer
from rankiqa_tf.config import Config
from rankiqa_tf.models import heads
from rankiqa_tf.models import model_file
from rankiqa_tf.models.curve import Curve

_FIRST_IMAGES = 384  # Crops that show how features are distributed.


def start(config: Config) -> tuple[keras.Model, model_file.Metadata]:
    """Makes or loads the model that a run begins with, and what is known of it.

    Raises:
        ValueError: if the network does not go with the options.
    """
    keras.utils.set_random_seed(config.seed)  # Of dropout too, where it is loaded.
    if config.init.endswith(".keras"):
        model, metadata = model_file.load(config.init)
        size = config.scoring_crop_size or config.crop_size or metadata.crop_size
        if metadata.curve is not None:  # Training is on the scale of targets.
            model = heads.remove_curve(model, Curve(metadata.curve))
        metadata = dataclasses.replace(metadata, crop_size=size, curve=None)
    else:
        model = models.build(
            config.network,
            weights=None if config.init == "random" else config.init,
            levels=config.levels,
            pooling=config.pooling,
            train_batch_norm=config.train_batch_norm,
        )
        metadata = model_file.Metadata(
            network=config.network,
            crop_size=config.scoring_crop_size
            or config.crop_size
            or models.network(config.network).crop_size,
            levels=config.levels,
            pooling=config.pooling,
            score_range=None,
            trained_on="",
            stages=(),
        )
    _check_crop_sizes(model, metadata, config)
    return model, metadata


def _check_crop_sizes(
    model: keras.Model, metadata: model_file.Metadata, config: Config
) -> None:
    fixed = model.input_shape[1]
    smallest = models.network(metadata.network).smallest
    for name in ("crop_size", "scoring_crop_size"):
        size = getattr(config, name)
        if size and fixed not in (None, size):
            raise ValueError(
                f"network {metadata.network} takes crops of {fixed} pixels, not of "
                f"{size}: leave {name} at 0"
            )
        if size and size < smallest:
            raise ValueError(
                f"network {metadata.network} takes crops of {smallest} pixels or more, "
                f"not of {size}: give another {name}, or 0 for the network's own"
            )


def training_crop_size(metadata: model_file.Metadata, config: Config) -> int:
    """The side of the crops that are trained on."""
    return config.crop_size or models.network(metadata.network).crop_size


def standardise(
    model: keras.Model, metadata: model_file.Metadata, batches: trainer.Batches
) -> None:
    """Sets a new model's standardisation, and what is below, from the first batches."""
    if metadata.stages:
        return  # A trained model's score is made for its standardisation.
    gather_statistics(model, metadata, batches)
    heads.fit_standardisation(model, _first_images(batches))


def gather_statistics(
    model: keras.Model, metadata: model_file.Metadata, batches: trainer.Batches
) -> None:
    """Sets a new model's random batch normalisation from the first batches."""
    if not metadata.stages:
        layers.gather_statistics(model, _first_images(batches))


def _first_images(batches: trainer.Batches) -> Iterator[np.ndarray]:
    few = batches.dataset(0, math.ceil(_FIRST_IMAGES / batches.size))
    for batch in few.as_numpy_iterator():
        yield batch["image"]


def plan(config: Config, steps: int, learning_rate: float) -> trainer.Plan:
    """How the options say that a stage is trained."""
    return trainer.Plan(
        steps=steps,
        learning_rate=learning_rate,
        optimizer=config.optimizer,
        schedule=config.schedule,
        decay_steps=config.decay_steps,
        decay_factor=config.decay_factor,
        warmup_steps=config.warmup_steps,
        l2=config.l2,
        weight_decay=config.weight_decay,
        bias_rate=config.bias_rate,
        head_rate=config.head_rate,
        head_layers=tuple(config.head_layers.split(",")),
        clip_norm=config.clip_norm,
        accumulate=config.accumulate,
        ema=config.ema,
        precision=config.precision,
        frozen_layers=config.frozen_layers,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        look_every=config.evaluate_every,
        patience=config.patience,
    )


def join(before: str, now: str) -> str:
    """Adds to what a model was trained on."""
    return f"{before}; {now}" if before else now
