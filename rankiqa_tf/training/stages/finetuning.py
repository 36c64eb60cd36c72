"""The second stage: fine-tuning on human scores with a squared error loss."""

import dataclasses
import time
from pathlib import Path

import numpy as np

from distortions import progress
from rankiqa_tf.config import Config
from rankiqa_tf.data import photo_sets
from rankiqa_tf.data import scored
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
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import scored_steps
from rankiqa_tf.training.stages import targets
from rankiqa_tf.training.stages.scored_steps import ScoredSteps
from rankiqa_tf.training.stopping import Stop

Photos = Split[list[ScoredPhoto]]

_ORDERED = 40  # Photos whose versions teach the last layer which is better.
_EVALUATED = 50  # Held-out photos used by an evaluation between steps.


def finetune(
    model: Model,
    photos: Photos,
    config: Config,
    workdir: Path,
    *,
    versions: Versions | None = None,
    stop: Stop,
) -> tuple[Model, dict[str, float]]:
    """Trains a model to predict human scores; its network is changed in place.

    Args:
        model: from `start` or `rank`.
        photos: to learn from and to hold out; if it has no validation part, the options
            say whether to take one from the training part.
        config: the options.
        workdir: for checkpoints and logs.
        versions: versions of pristine photos whose order is to be preserved, by the
            last layer or, if crops are kept, in the steps; used if the options set a
            scale.
        stop: called after each step; True means stop.

    Returns:
        The model, which predicts MOS, and the figures of training.

    Raises:
        ValueError: if the machine lacks the memory to fit the last layer to all photos.
    """
    started = time.monotonic()
    photos = with_validation(photos, config)
    curve = targets.curve_of(known(photos), config.mos_scale)
    check_memory(model, photos, config)

    versions = versions if config.keeps_order else None
    steps = scored_steps.prepare(
        photos.training,
        curve,
        model,
        versions,
        config,
        workdir,
        stop=stop,
    )
    tuned, earlier = train_to_score(
        model,
        photos,
        curve,
        steps,
        config,
        workdir,
        stage="finetune",
        versions=versions,
        stop=stop,
    )
    steps.forget()
    seconds = time.monotonic() - started + earlier
    figures = {"finetune/seconds": seconds, "finetune/photos": len(known(photos))}
    return tuned, figures


def with_validation(photos: Photos, config: Config) -> Photos:
    """Moves part of the training references to validation, if the options say so.

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


def check_memory(model: Model, photos: Photos, config: Config) -> None:
    """Checks that there is memory to fit the last layer, if the options ask for it.

    Raises:
        ValueError: if there is not enough.
    """
    if config.mos_scale != "raw":
        heads.check_memory(model.network, len(known(photos)))


def known(photos: Photos) -> list[ScoredPhoto]:
    """Returns the photos whose MOS training may use in any way."""
    return [*photos.training, *(photos.validation or ())]


def train_to_score(
    model: Model,
    photos: Photos,
    curve: Curve,
    steps: ScoredSteps,
    config: Config,
    workdir: Path,
    *,
    stage: str,
    versions: Versions | None = None,
    stop: Stop,
) -> tuple[Model, float]:
    """Trains a model on human scores; the options may have its last layer fitted.

    During training the model predicts targets.

    Returns:
        The model, which predicts MOS, and the seconds that earlier parts of the run
        took.
    """
    fits = config.mos_scale != "raw"
    evaluated = photos.validation or photos.held_out[:_EVALUATED]
    # Evaluated the way the model is used: apply the curve per crop, then average.
    curved = Model(heads.curved(model.network, curve), model.metadata)

    def prepare() -> None:
        if fits:
            steps.fit()
        else:
            preparation.standardise(model, steps.images)

    def evaluate() -> dict[str, float]:
        found = opinion_check.check(curved.score_many, evaluated)
        return found.summary("validation" if photos.validation else "held_out")

    earlier = 0.0
    if config.finetune_steps:
        began = time.monotonic()
        trained = loop.train(
            steps.network,
            steps.batches,
            steps.loss,
            steps.training,
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
        earlier = max(trained - (time.monotonic() - began), 0.0)
    else:
        preparation.gather_statistics(model, steps.images)
    # After thousands of photos have been memorised, fitting a new last layer makes
    # results worse, and loses the order of versions (benchmarks/lite0_photos.md).
    if fits and steps.kept is None:
        targets_of = targets.with_targets(known(photos), curve)
        heads.fit_score(
            model.network,
            progress.over(
                scored.recipe_crops(targets_of, model.metadata.crop_size),
                len(targets_of),
                "features",
            ),
            # Features that were trained on these targets deserve a stronger penalty.
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
        used = versions.num_photos
        if not config.kept_crops:
            used = min(used, _ORDERED)
        trained_on = preparation.join(
            trained_on,
            f"order of versions of {used} photos under preset {config.preset_in_words}",
        )
    network = heads.append_curve(model.network, curve)
    mos = [photo.mos for photo in known(photos)]
    metadata = dataclasses.replace(
        model.metadata,
        stages=(*model.metadata.stages, stage),
        score_range=(min(mos), max(mos)),
        scale=config.scale,
        scale_of=config.scale_of,
        percentiles=(),  # Those of the initial model apply to other scores.
        percentiles_of="",
        curve=curve.points,
        trained_on=trained_on,
    )
    return Model(network, metadata), earlier


def order_of(versions: Versions, model: Model, config: Config, *, stop: Stop) -> Order:
    """Returns the order of versions that the last layer is to preserve."""
    sets = preparation.photo_sets_of(versions, model, config, count=_ORDERED, stop=stop)
    images = (batch["image"] for batch in sets)
    return order_from(heads.features(model.network, images), versions)


def order_from(features: np.ndarray, versions: Versions) -> Order:
    """Returns the order of versions of photos with these features, [all, c]."""
    better, worse = photo_sets.pairs(versions)
    firsts = np.arange(0, len(features), photo_sets.size(versions))
    return Order(
        features=features,
        better=np.add.outer(firsts, better).ravel(),
        worse=np.add.outer(firsts, worse).ravel(),
        margin=scored_steps.MARGIN,
    )
