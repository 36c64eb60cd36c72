"""Ranked batches: photos distorted at every level, cut to crops, with what is known.

A batch is a dictionary:

    image       float32 [M, crop, crop, 3], in [0, 1]
    distortion  int32 [M], row of the preset
    level       int32 [M], 0 is the pristine photo, higher is worse
    content     int32 [M], number of the photo

Everything random is a function of the seed and of the step's number alone: the
batches of a run that is taken up again are those of one that never stopped, and the
number of parallel calls does not change them.
"""

import dataclasses

import tensorflow as tf

from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.data import versions


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchShape:
    """What a batch is made of. The default is the authors' LIVE batch, 4 x 6 x 2.

    Attributes:
        photos: photos in a batch.
        distortions: kinds in a batch, drawn anew each step, the same for its photos;
            0 for all of the preset.
        levels: levels of each kind, the pristine photo (level 0) always among them
            and the others drawn anew for each photo and kind; 0 for all.
    """

    photos: int = 2
    distortions: int = 0
    levels: int = 0

    def check(self, num_distortions: int, num_levels: int) -> None:
        """Raises a ValueError if a preset of such a size cannot fill the batch."""
        if not 0 <= self.distortions <= num_distortions:
            raise ValueError(
                f"distortions per batch must be 1 to {num_distortions}, as many as the "
                f"preset has, or 0 for all, not {self.distortions}"
            )
        if self.levels and not 2 <= self.levels <= num_levels + 1:
            raise ValueError(
                f"levels per batch must be 2 to {num_levels + 1}, as many as the "
                "preset has with the pristine photo, or 0 for all, "
                f"not {self.levels}"
            )

    def images(self, num_distortions: int, num_levels: int) -> int:
        """The images of a batch of a preset of such a size."""
        kinds = self.distortions or num_distortions
        return self.photos * kinds * (self.levels or num_levels + 1)


class RankedBatches:
    """Makes ranked batches of the versions of photos.

    Args:
        versions: where they come from; of at least as many photos as `shape.photos`.
        shape: what a batch is made of.
        crop_size: side of the crops in pixels; smaller photos are mirrored.
        seed: decides order, crops, draws and noise.

    Raises:
        ValueError: if the versions cannot fill such a batch.
    """

    def __init__(
        self,
        versions: versions.Versions,
        *,
        shape: BatchShape,
        crop_size: int,
        seed: int,
    ):
        self._versions = versions
        self._kinds = shape.distortions or len(versions.names)
        self._levels = shape.levels or versions.num_levels + 1
        shape.check(len(versions.names), versions.num_levels)
        if not 1 <= shape.photos <= versions.num_photos:
            raise ValueError(
                f"a batch of {shape.photos} photos cannot be drawn from "
                f"{versions.num_photos}"
            )
        self._photos_a_batch = shape.photos
        self._crop_size = crop_size
        self._seed = seed
        self.size = shape.images(len(versions.names), versions.num_levels)

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1, prefetched."""
        slots = tf.data.Dataset.range(
            first_step * self._photos_a_batch, last_step * self._photos_a_batch
        )
        return (
            parallel.map_in_order(slots, self._ranked_photo)
            .batch(self._photos_a_batch, drop_remainder=True)
            .map(self._joined)
            .prefetch(parallel.AHEAD)
        )

    def _ranked_photo(self, slot: tf.Tensor) -> dict[str, tf.Tensor]:
        """One photo under all distortions and levels of its step."""
        content = order.shuffled(slot, self._versions.num_photos, self._seed)
        # Kinds are drawn for the step, shared by its photos; the rest for the photo.
        step_seed = order.seed_of(self._seed, "step", slot // self._photos_a_batch)
        seed = order.seed_of(self._seed, "photo", slot)
        distortion, level = self._draw(step_seed, seed)
        return {
            "image": versions.several_crops(
                self._versions,
                self._versions.photo(content),
                distortion,
                level,
                size=self._crop_size,
                seed=seed,
            ),
            "distortion": distortion,
            "level": level,
            "content": tf.fill([self._kinds * self._levels], content),
        }

    def _draw(
        self, step_seed: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Distortions and levels of a photo, each int32 [kinds * levels]."""
        kinds = tf.range(len(self._versions.names))
        kinds = tf.random.experimental.stateless_shuffle(kinds, step_seed)
        kinds = tf.sort(kinds[: self._kinds])
        levels = tf.range(1, self._versions.num_levels + 1)
        ladders = [
            tf.random.experimental.stateless_shuffle(levels, level_seed)
            for level_seed in tf.unstack(tf.random.split(seed, self._kinds))
        ]
        ladder = tf.sort(tf.stack(ladders)[:, : self._levels - 1])
        ladder = tf.pad(ladder, [[0, 0], [1, 0]])  # Level 0 comes first.
        return tf.repeat(kinds, self._levels), tf.reshape(ladder, [-1])

    def _joined(self, photos: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """From [photos, kinds * levels, ...] to [photos * kinds * levels, ...]."""
        return {
            name: tf.reshape(value, [self.size, *value.shape[2:]])
            for name, value in photos.items()
        }
