"""The second stage: squared error against human scores."""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.data import photo_sets
from rankiqa_tf.data import scored
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.models.ordered_ridge import Order
from rankiqa_tf.training import loop
from rankiqa_tf.training import losses
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import targets
from rankiqa_tf.training.stopping import Stop

Photos = Split[list[ScoredPhoto]]

_ORDERED = 40  # Photos whose versions tell the last layer what is better.
# By how much a photo should outscore its versions, and each level the next one, in
# deviations of opinions.
_MARGIN = 0.6
_EVALUATED = 50  # Held-out photos that an evaluation between steps takes.


def finetune(
    model: Model,
    photos: Photos,
    config: Config,
    workdir: Path,
    *,
    versions: Versions | None = None,
    stop: Stop,
) -> tuple[Model, dict[str, float]]:
    """Trains a model to give human scores; its network is changed in place.

    Args:
        model: from `start` or `rank`.
        photos: to learn from and to hold out; without a validation part, the options
            say whether one is made of those to learn from.
        config: the options.
        workdir: where checkpoints and records go.
        versions: of pristine photos, whose order the last layer is to keep if the
            options let it be fitted alone.
        stop: asked after each step whether to stop.

    Returns:
        The model that gives MOS, and the figures of training.
    """
    photos = with_validation(photos, config)
    curve = targets.curve_of(known(photos), config.mos_scale)

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        return losses.squared_error(scores, batch["mos"])

    batches = make_batches(photos, curve, model, config)
    tuned, seconds = train_to_score(
        model,
        photos,
        curve,
        batches,
        loss,
        config,
        workdir,
        stage="finetune",
        versions=versions if config.keeps_order else None,
        stop=stop,
    )
    figures = {"finetune/seconds": seconds, "finetune/photos": len(known(photos))}
    return tuned, figures


def with_validation(photos: Photos, config: Config) -> Photos:
    """Keeps part of the training references back for validation, if told to.

    Raises:
        ValueError: if there are too few references for both.
    """
    if photos.validation or not config.validation:
        return photos
    training, validation = splits.hold_out(
        photos.training,
        holdout=config.validation,
        seed=config.seed,
        groups=[photo.reference for photo in photos.training],
    )
    return dataclasses.replace(photos, training=training, validation=validation)


def known(photos: Photos) -> list[ScoredPhoto]:
    """The photos whose MOS training may use, in one way or another."""
    return [*photos.training, *(photos.validation or ())]


def make_batches(
    photos: Photos, curve: Curve, model: Model, config: Config
) -> scored.ScoredBatches:
    """Batches of the photos to train on, with targets for MOS."""
    return scored.ScoredBatches(
        targets.with_targets(photos.training, curve),
        size=config.finetune_batch,
        crop_size=preparation.training_crop_size(model, config),
        flips=config.finetune_flips,
        seed=config.seed,
    )


def train_to_score(
    model: Model,
    photos: Photos,
    curve: Curve,
    batches: Batches,
    loss: Callable[[tf.Tensor, Batch], tf.Tensor],
    config: Config,
    workdir: Path,
    *,
    stage: str,
    versions: Versions | None = None,
    stop: Stop,
) -> tuple[Model, float]:
    """Trains a model whose last layer the options may have fitted to human scores.

    While it is trained it gives targets.

    Returns:
        The model that gives MOS, and the seconds that training took.
    """
    fits = config.mos_scale != "raw"
    evaluated = photos.validation or photos.held_out[:_EVALUATED]
    # Evaluated as the model will be: the mean of what the curve makes of each crop.
    curved = Model(heads.curved(model.network, curve), model.metadata)

    def prepare() -> None:
        if not fits:
            preparation.standardise(model, batches)
            return
        preparation.gather_statistics(model, batches)
        first = make_batches(photos, curve, model, config)
        heads.fit_score(model.network, _first_epoch(first, len(photos.training)))

    def evaluate() -> dict[str, float]:
        found = opinion_check.check(curved.score_many, evaluated)
        return found.summary("validation" if photos.validation else "held_out")

    seconds = 0.0
    if config.finetune_steps:
        seconds = loop.train(
            model.network,
            batches,
            loss,
            config.training,
            steps=config.finetune_steps,
            learning_rate=config.finetune_learning_rate,
            seed=config.seed,
            prepare=prepare,
            evaluate=evaluate,
            monitor="validation/srocc" if photos.validation else "",
            folder=workdir,
            stage=stage,
            stop=stop,
        )
    else:
        preparation.gather_statistics(model, batches)
    if fits:
        targets_of = targets.with_targets(known(photos), curve)
        heads.fit_score(
            model.network,
            scored.recipe_crops(targets_of, model.metadata.crop_size),
            # Features trained on these targets are not to be believed as much.
            penalty=heads.PENALTY if config.finetune_steps else None,
            groups=[photo.reference for photo in targets_of],
            order=None
            if versions is None
            else order_of(versions, model, config, stop=stop),
        )
    trained_on = preparation.join(
        model.metadata.trained_on,
        f"{len(known(photos))} photos of {config.dataset_name}",
    )
    if versions is not None:
        trained_on = preparation.join(
            trained_on,
            f"order of versions of {min(versions.num_photos, _ORDERED)} photos under "
            f"preset {config.preset}",
        )
    network = heads.append_curve(model.network, curve)
    mos = [photo.mos for photo in known(photos)]
    metadata = dataclasses.replace(
        model.metadata,
        stages=(*model.metadata.stages, stage),
        score_range=(min(mos), max(mos)),
        scale=config.scale,
        scale_of=config.scale_of,
        percentiles=(),  # Those of a model it began with were of other scores.
        percentiles_of="",
        curve=curve.points,
        trained_on=trained_on,
    )
    return Model(network, metadata), seconds


def order_of(versions: Versions, model: Model, config: Config, *, stop: Stop) -> Order:
    """The order of the versions of some photos, for the last layer to keep."""
    sets = preparation.photo_sets_of(versions, model, config, count=_ORDERED, stop=stop)
    images = (batch["image"] for batch in sets)
    return order_from(heads.features(model.network, images), versions)


def order_from(features: np.ndarray, versions: Versions) -> Order:
    """The order of the versions of photos whose sets have these features, [all, c]."""
    better, worse = photo_sets.pairs(versions)
    firsts = np.arange(0, len(features), photo_sets.size(versions))
    return Order(
        features=features,
        better=np.add.outer(firsts, better).ravel(),
        worse=np.add.outer(firsts, worse).ravel(),
        margin=_MARGIN,
    )


def _first_epoch(
    batches: scored.ScoredBatches, photos: int
) -> Iterator[tuple[np.ndarray, float]]:
    """The crops that training sees first, [1, crop, crop, 3], and their targets."""
    steps = math.ceil(photos / batches.size)
    for batch in batches.dataset(0, steps).as_numpy_iterator():
        for image, target in zip(batch["image"], batch["mos"], strict=True):
            yield image[np.newaxis].astype(np.float32) / 255, target
