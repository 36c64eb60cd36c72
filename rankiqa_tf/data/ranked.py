"""Ranked batches: crops of photos distorted at every level, with their labels.

A batch is a dictionary:

    image       uint8 [M, crop, crop, 3]
    distortion  int32 [M], row of the preset
    level       int32 [M], 0 is the pristine photo, higher is worse
    strength    float32 [M], if strengths between levels are drawn: at most the level,
                and more than the level below
    content     int32 [M], number of the photo
    quality     float32 [M, sources], if sources other than levels say what is better;
                see `quality.Quality`

Everything random is a function of the seed and the step number alone: a resumed run has
the same batches as one that was never stopped, and the number of parallel calls makes
no difference.
"""

import dataclasses
import functools
from pathlib import Path

import tensorflow as tf

from distortions import chance
from rankiqa_tf.data import batches
from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.data import versions
from rankiqa_tf.data.quality import Quality


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchShape:
    """What a batch consists of. The default is the authors' LIVE batch, 4 x 6 x 2.

    Attributes:
        photos: number of photos in a batch.
        distortions: number of kinds per photo in a batch, drawn anew each step; 0 for
            all kinds of the preset.
        own_distortions: whether each photo has its own kinds rather than sharing them;
            such kinds can be compared if more than levels is known.
        any_strength: whether images of graded distortions have, instead of a level, a
            strength drawn uniformly between that level and the one below.
    """

    photos: int = 2
    distortions: int = 0
    own_distortions: bool = False
    any_strength: bool = False

    def check(self, num_distortions: int) -> None:
        """Raises a ValueError if so many distortions cannot fill the batch."""
        if not 0 <= self.distortions <= num_distortions:
            raise ValueError(
                f"distortions per batch must be 1 to {num_distortions}, as many as the "
                f"preset has, or 0 for all, not {self.distortions}"
            )

    def images(self, num_distortions: int, num_levels: int) -> int:
        """Returns the number of images in a batch for a preset of this size."""
        kinds = self.distortions or num_distortions
        return self.photos * kinds * (num_levels + 1)


class RankedBatches(batches.Parted):
    """Makes ranked batches from versions of photos.

    Args:
        versions: the versions, of at least `shape.photos` photos.
        shape: what a batch consists of.
        crop_size: side of the crops in pixels; smaller photos are mirrored.
        seed: decides order, crops, draws and noise.
        quality: what other information on quality to add.
        maker: makes the photos' parts of the batches.

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
        quality: Quality | None = None,
        maker: parallel.Maker = parallel.of_numbers,
    ):
        self._maker = maker
        self._versions, self._quality = versions, quality
        self._own_kinds = shape.own_distortions
        self._kinds = shape.distortions or len(versions.names)
        self._levels = versions.num_levels + 1
        shape.check(len(versions.names))
        if not 1 <= shape.photos <= versions.num_photos:
            raise ValueError(
                f"a batch of {shape.photos} photos cannot be drawn from "
                f"{versions.num_photos}"
            )
        images = shape.images(len(versions.names), versions.num_levels)
        super().__init__(images, shape.photos)
        self._graded = versions.graded if shape.any_strength else None
        self._crop_size = crop_size
        self._seed = seed

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of steps first_step to last_step - 1, prefetched."""
        own = self._own
        return (
            self._maker(first_step * own, last_step * own, self._of_number)
            .batch(own, drop_remainder=True)
            .map(self._joined)
            .prefetch(parallel.AHEAD)
        )

    def photos(self, number: int) -> list[Path | str]:
        """Returns the photos of a step, counted from 1."""
        contents = map(self._content, self._places(number))
        return [self._versions.contents[int(content)] for content in contents]

    def _content(self, slot: tf.Tensor) -> tf.Tensor:
        return order.shuffled(
            slot, self._versions.num_photos, self._seed, "ranked photos"
        )

    def _of_number(self, number: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what this part contributes as its photo of this number."""
        return self._ranked_photo(self._place(number))

    def _ranked_photo(self, slot: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns one photo under all distortions and levels of its step."""
        content = self._content(slot)
        # Kinds may be drawn per step and shared by its photos; crops are drawn per
        # photo.
        drawn_for = slot if self._own_kinds else slot // self._drawn
        step_seed = order.seed_of(self._seed, "step", drawn_for)
        kinds = tf.range(len(self._versions.names))
        kinds = tf.random.experimental.stateless_shuffle(kinds, step_seed)
        kinds = tf.sort(kinds[: self._kinds])
        distortion = tf.repeat(kinds, self._levels)
        level = tf.tile(tf.range(self._levels), [self._kinds])
        strength = self._strengths(distortion, level, slot)
        cut = functools.partial(
            versions.several_crops,
            self._versions,
            self._versions.photo(content),
            distortion,
            size=self._crop_size,
            seed=order.seed_of(self._seed, "photo", slot),
        )
        batch = {
            "image": cut(strength),
            "distortion": distortion,
            "level": level,
            "content": tf.fill([self._kinds * self._levels], content),
        }
        if self._graded is not None:
            batch["strength"] = strength
        if self._quality is not None:
            batch["quality"] = self._quality.of(
                batch["image"],
                lambda: cut(tf.zeros_like(strength)),  # The photo, at the same places.
                distortion,
                strength,
            )
        return batch

    def _strengths(
        self, distortion: tf.Tensor, level: tf.Tensor, slot: tf.Tensor
    ) -> tf.Tensor:
        """Returns levels as float32, or strengths drawn from just below each level."""
        strength = tf.cast(level, tf.float32)
        if self._graded is None:
            return strength
        seed = order.seed_of(self._seed, "strengths", slot)
        is_between = tf.gather(tf.constant(self._graded), distortion) & (level > 0)
        return strength - tf.where(is_between, chance.uniform(level.shape, seed), 0.0)

    def _joined(self, photos: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Reshapes [photos, kinds * levels, ...] to [photos * kinds * levels, ...]."""
        return {
            name: tf.reshape(value, [self.size, *value.shape[2:]])
            for name, value in photos.items()
        }
