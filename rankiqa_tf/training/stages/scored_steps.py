"""What the steps of fine-tuning use: batches, their loss, and the layers to train."""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from distortions import progress
from distortions import whole_file
from rankiqa_tf.config import Config
from rankiqa_tf.config import Training
from rankiqa_tf.data import joined
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.data import service
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.training import frozen_part
from rankiqa_tf.training import losses
from rankiqa_tf.training import workers
from rankiqa_tf.training.kept_batches import KeptBatches
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import targets
from rankiqa_tf.training.stopping import Stop

Loss = Callable[[tf.Tensor, Batch], tf.Tensor]

# By how much a photo should outscore its versions, and each level the next, in standard
# deviations of opinion scores.
MARGIN = 0.6


@dataclasses.dataclass(frozen=True)
class ScoredSteps:
    """What fine-tuning steps use.

    Attributes:
        batches: photos with targets for MOS, or the frozen layers' outputs for them
            joined with versions whose order is to be preserved.
        loss: of such a batch.
        network: the network the steps train, from a batch's content to targets.
        images: batches of the photos themselves.
        fit: initialises normalisation statistics, if not yet set, and fits the last
            layer to the first crop of each photo.
        training: how the network is trained.
        kept: folder with the frozen layers' outputs; None if nothing is kept.
    """

    batches: Batches
    loss: Loss
    network: keras.Model
    images: Batches
    fit: Callable[[], None]
    training: Training
    kept: Path | None = None

    def forget(self) -> None:
        """Deletes the kept outputs once they are no longer needed."""
        if self.kept is not None:
            whole_file.remove(self.kept)


def prepare(
    photos: Sequence[ScoredPhoto],
    curve: Curve,
    model: Model,
    versions: Versions | None,
    config: Config,
    workdir: Path,
    *,
    stop: Stop,
) -> ScoredSteps:
    """Prepares the steps; computes the outputs to keep, which takes long, if any.

    Args:
        photos: to train on.
        curve: from targets to MOS.
        model: to be trained.
        versions: versions of photos whose order steps on kept outputs are to preserve;
            None for none.
        config: the options.
        workdir: of the run.
        stop: called after each batch that is kept; True means stop.

    Raises:
        Interrupted: when told to stop; the same call resumes.
        ValueError: if the frozen layers leave nothing to train.
    """
    images = make_batches(photos, curve, model, config)
    if not config.kept_crops:

        def fit() -> None:
            preparation.gather_statistics(model, images)
            heads.fit_score(model.network, _first_epoch(images, len(photos)))

        return ScoredSteps(
            images, squared_error, model.network, images, fit, config.training
        )
    # Now rather than when the steps begin: kept outputs depend on the statistics.
    preparation.gather_statistics(model, images)
    part, rest = frozen_part.divide(model.network, config.training.frozen_layers)
    folder = workdir / "kept"
    steps = math.ceil(config.kept_crops * len(photos) / images.size)
    kept = KeptBatches(
        images,
        part,
        steps=steps,
        seed=config.seed,
        folder=folder / "photos",
        name="keep photos",
        stop=stop,
    )
    batches: Batches = kept
    loss: Loss = squared_error
    if versions is not None:
        order = order_batches(versions, model, config)
        loss = make_joined_loss(versions)
        batches = joined.JoinedBatches(
            kept,
            KeptBatches(
                order,
                part,
                # As many images as there are crops of photos.
                steps=math.ceil(steps * images.size / order.size),
                together=order.size // config.photos_per_batch,
                seed=config.seed,
                folder=folder / "versions",
                name="keep versions",
                stop=stop,
            ),
        )

    def fit_kept() -> None:
        first = kept.in_order(len(photos))
        rows = ((entry["image"], float(entry["mos"][0])) for entry in first)
        # These features have not been trained on the targets yet.
        heads.fit_score(model.network, rows, given=part.outputs, penalty=None)

    return ScoredSteps(
        batches,
        loss,
        rest,
        images,
        fit_kept,
        dataclasses.replace(config.training, frozen_layers=0),
        folder,
    )


def make_batches(
    photos: Sequence[ScoredPhoto], curve: Curve, model: Model, config: Config
) -> scored.ScoredBatches:
    """Makes batches of photos with targets for MOS."""
    return scored.ScoredBatches(
        targets.with_targets(photos, curve),
        size=config.finetune_batch,
        crop_size=preparation.training_crop_size(model, config),
        flips=config.finetune_flips,
        seed=config.seed,
        maker=service.maker(config.data_service),
        in_graph=bool(config.data_service),
    )


def order_batches(versions: Versions, model: Model, config: Config) -> Batches:
    """Makes batches of versions to keep in order; each photo has its own kinds."""
    shape = dataclasses.replace(
        config.batch_shape, own_distortions=True, any_strength=False
    )
    return ranked.RankedBatches(
        versions,
        shape=shape,
        crop_size=preparation.training_crop_size(model, config),
        seed=config.seed,
        maker=service.maker(config.data_service),
    )


def squared_error(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
    """Returns the mean squared error of scores [M] against the batch's targets."""
    return losses.squared_error(scores, batch["mos"])


def make_joined_loss(versions: Versions) -> Loss:
    """Returns squared error plus a penalty for versions in the wrong order.

    Only versions of the same photo and kind are compared, and those with the photo.
    """

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        of_photos, of_versions = joined.split(scores, batch, parts=workers.this().count)
        mask = losses.pair_mask(
            versions.better, batch["distortion"], batch["level"], batch["content"]
        )
        lost = losses.ranking_squared_hinge(of_versions, mask, margin=MARGIN)
        return squared_error(of_photos, batch) + heads.ORDER_WEIGHT * lost

    return loss


def _first_epoch(
    batches: scored.ScoredBatches, photos: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Yields the crops training sees first, [1, crop, crop, 3], and their targets."""
    steps = math.ceil(photos / batches.size)
    first = batches.dataset(0, steps).as_numpy_iterator()
    for batch in progress.over(first, steps, "features", unit="batches"):
        for image, target in zip(batch["image"], batch["mos"], strict=True):
            yield image[np.newaxis].astype(np.float32) / 255, target
