"""What the steps of fine-tuning take: batches, the loss of them, and which layers."""

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

# By how much a photo should outscore its versions, and each level the next one, in
# deviations of opinions.
MARGIN = 0.6


@dataclasses.dataclass(frozen=True)
class ScoredSteps:
    """What steps take.

    Attributes:
        batches: of photos with targets for MOS, or of what the frozen layers made of
            them, joined with versions whose order is to be kept.
        loss: of them.
        network: what the steps train, from what is in a batch to targets.
        images: the photos' own batches, of images.
        fit: sets what normalisation gathers, if that is not yet set, and the last layer
            by the first crop of each photo.
        training: how the network is trained.
        kept: the folder of what the frozen layers made; None if nothing is kept.
    """

    batches: Batches
    loss: Loss
    network: keras.Model
    images: Batches
    fit: Callable[[], None]
    training: Training
    kept: Path | None = None

    def forget(self) -> None:
        """Deletes what is kept, once it is of no use any more."""
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
    """Makes what steps take; what the options want kept is made here, which takes long.

    Args:
        photos: to train on.
        curve: from targets to MOS.
        model: to be trained.
        versions: of photos, whose order steps on what is kept are to keep; None for
            none.
        config: the options.
        workdir: of the run.
        stop: asked after each batch that is kept whether to stop.

    Raises:
        Interrupted: when it was told to stop; the same call goes on.
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
    # Now, and not when the steps begin: what is kept must not change any more.
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
        # Of features that know nothing of the targets yet.
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
    """Batches of photos, with targets for MOS."""
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
    """Versions of photos whose order is to be kept, each photo's kinds its own."""
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
    """The mean squared error of scores [M] against the batch's targets."""
    return losses.squared_error(scores, batch["mos"])


def make_joined_loss(versions: Versions) -> Loss:
    """Squared error, and what it costs where the order of versions is not kept.

    Only versions of the same photo and kind are compared, and with the photo.
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
    """The crops that training sees first, [1, crop, crop, 3], and their targets."""
    steps = math.ceil(photos / batches.size)
    first = batches.dataset(0, steps).as_numpy_iterator()
    for batch in progress.over(first, steps, "features", unit="batches"):
        for image, target in zip(batch["image"], batch["mos"], strict=True):
            yield image[np.newaxis].astype(np.float32) / 255, target
