"""What a run starts from: a network and its metadata."""

import dataclasses
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from distortions import progress
from rankiqa_tf import measures
from rankiqa_tf import models
from rankiqa_tf.config import Config
from rankiqa_tf.data import photo_sets
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.data.quality import OPINIONS
from rankiqa_tf.data.quality import Quality
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.training import layers
from rankiqa_tf.training.stopping import Interrupted
from rankiqa_tf.training.stopping import Stop

_FIRST_IMAGES = 384  # Crops to measure the distribution of features on.


def start(config: Config) -> Model:
    """Makes or loads the model a run starts from.

    Raises:
        ValueError: if the network does not fit the options, or the weights file does
            not exist.
        ModuleNotFoundError: if the weights need a package that is not installed.
    """
    if config.initial_model is not None:
        model = Model.load(config.initial_model)
        curve = model.metadata.curve
        metadata = dataclasses.replace(
            model.metadata,
            crop_size=config.scoring_crop_size
            or config.crop_size
            or model.metadata.crop_size,
            curve=None,
            # Training changes the scores.
            scale=None,
            scale_of="",
            percentiles=(),
            percentiles_of="",
        )
        network = model.network
        if curve is not None:  # Training uses the scale of targets.
            network = heads.remove_curve(network, Curve(curve))
    else:
        with random_weights(config.seed):
            network = models.build(
                config.network,
                weights=config.weights,
                levels=config.levels,
            )
        row = models.network(config.network)
        metadata = Metadata(
            network=config.network,
            crop_size=config.scoring_crop_size or config.crop_size or row.crop_size,
            levels=config.levels,
            score_range=None,
            trained_on="",
            stages=(),
            own_crop_size=row.crop_size,
            smallest=row.smallest,
        )
    model = Model(network, metadata)
    _check_crop_sizes(model, config)
    _check_measures(model, config)
    fits = config.ranks and not config.rank_steps
    if fits and not heads.has_standardisation(model.network):
        raise ValueError(
            "rank_steps is 0, which only fits the last layer, and that of "
            f"{metadata.network} is part of the paper's network: give levels all"
        )
    return model


@contextmanager
def random_weights(seed: int) -> Iterator[None]:
    """Makes a seed decide the weights Keras draws inside the `with` block.

    Keras seeds its initializers from Python's random generator, even if weights are
    then read from a file. The generator's state is restored on exit.
    """
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _check_crop_sizes(model: Model, config: Config) -> None:
    fixed, name_of_network = model.network.input_shape[1], model.metadata.network
    smallest = model.smallest
    for name in ("crop_size", "scoring_crop_size"):
        size = getattr(config, name)
        if size and fixed not in (None, size):
            raise ValueError(
                f"network {name_of_network} takes crops of {fixed} pixels, not of "
                f"{size}: leave {name} at 0"
            )
        if size and size < smallest:
            raise ValueError(
                f"network {name_of_network} takes crops of {smallest} pixels or more, "
                f"not of {size}: give another {name}, or 0 for the network's own"
            )


def _check_measures(model: Model, config: Config) -> None:
    side = training_crop_size(model, config)
    for name in config.pair_sources if config.ranks else ():
        smallest = measures.MEASURES[name].smallest if name != OPINIONS else 0
        if side < smallest:
            raise ValueError(
                f"pairs_by {name} takes crops of {smallest} pixels or more, not of "
                f"{side}: give another crop_size, or another measure"
            )


def training_crop_size(model: Model, config: Config) -> int:
    """Returns the side of training crops, in pixels."""
    return config.crop_size or model.own_crop_size


def standardise(model: Model, batches: Batches) -> None:
    """Sets a new model's standardisation, and the layers below, from first batches."""
    if model.metadata.stages:
        return  # A trained model's weights depend on its standardisation.
    gather_statistics(model, batches)
    heads.fit_standardisation(model.network, _first_images(batches))


def gather_statistics(model: Model, batches: Batches) -> None:
    """Sets a new model's random batch normalisation from the first batches."""
    if not model.metadata.stages:
        layers.gather_statistics(model.network, _first_images(batches))


def photo_sets_of(
    versions: Versions,
    model: Model,
    config: Config,
    *,
    count: int,
    kinds: int = 0,
    quality: Quality | None = None,
    stop: Stop,
) -> Iterator[dict[str, np.ndarray]]:
    """Yields the photo sets to fit a last layer to, with a progress bar.

    Args:
        versions: versions of the photos.
        model: the model the crops are for.
        config: the options.
        count: number of photos, or all if there are fewer.
        kinds: as for `photo_sets.dataset`.
        quality: as for `photo_sets.dataset`.
        stop: called after each photo; True means stop.

    Raises:
        Interrupted: when told to stop.
    """
    sets = photo_sets.dataset(
        versions,
        size=training_crop_size(model, config),
        count=min(versions.num_photos, count),
        kinds=kinds,
        seed=config.seed,
        quality=quality,
    )
    total = int(sets.cardinality())
    each = progress.over(sets.as_numpy_iterator(), total, "fit")
    for number, batch in enumerate(each, start=1):
        yield batch
        if stop():
            raise Interrupted(f"stopped after photo {number} of {total}")


def _first_images(batches: Batches) -> Iterator[np.ndarray]:
    """Yields the first images, float32 [M, h, w, 3] in 0..1."""
    steps = math.ceil(_FIRST_IMAGES / batches.size)
    few = batches.dataset(0, steps).as_numpy_iterator()
    for batch in progress.over(few, steps, "statistics", unit="batches"):
        yield batch["image"].astype(np.float32) / 255


def join(before: str, now: str) -> str:
    """Appends to the description of what a model was trained on."""
    return f"{before}; {now}" if before else now
