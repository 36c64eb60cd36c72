"""Batches of photos with human scores, for fine-tuning.

A batch is a dictionary: `image` uint8 [M, crop, crop, 3], a crop from a random place
of each photo; `mos` float32 [M]. As with ranked batches, it is a function of the seed
and the step number alone.
"""

import os
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from rankiqa_tf.data import batches
from rankiqa_tf.data import crops
from rankiqa_tf.data import decode
from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


class ScoredBatches(batches.Parted):
    """Makes batches of photos with scores; each epoch draws every photo once.

    Args:
        photos: the photos and their scores.
        size: images in a batch; an epoch may end inside a batch.
        crop_size: side of the crops in pixels; smaller photos are mirrored.
        flips: whether to flip a random half of the crops horizontally, drawn anew each
            time.
        seed: decides order, crops and flips.
        maker: makes the crops.
        in_graph: whether to decode with TensorFlow operations only; see `decode.Ways`.

    Raises:
        ValueError: if in_graph is set and a photo cannot be decoded that way.
    """

    def __init__(
        self,
        photos: Sequence[ScoredPhoto],
        *,
        size: int,
        crop_size: int,
        flips: bool,
        seed: int,
        maker: parallel.Maker = parallel.of_numbers,
        in_graph: bool = False,
    ):
        super().__init__(size, size)
        self._maker = maker
        self._flips = flips
        paths = [photo.path.absolute() for photo in photos]
        self._paths = tf.constant([os.fsencode(path) for path in paths])
        self._ways = decode.Ways(paths) if in_graph else None
        self._scores = tf.constant([photo.mos for photo in photos], tf.float32)
        self._crop_size = crop_size
        self._seed = seed

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of steps first_step to last_step - 1, prefetched."""
        first, last = first_step * self.size, last_step * self.size
        return (
            self._maker(first, last, self._of_number)
            .batch(self.size, drop_remainder=True)
            .prefetch(parallel.AHEAD)
        )

    def photos(self, number: int) -> list[Path]:
        """Returns the photos of a step, counted from 1."""
        names = (self._paths[self._number(place)] for place in self._places(number))
        return [Path(os.fsdecode(name.numpy())) for name in names]

    def _number(self, slot: tf.Tensor) -> tf.Tensor:
        return order.shuffled(slot, len(self._paths), self._seed, "scored photos")

    def _of_number(self, number: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what this part contributes as its photo of this number."""
        return self._photo(self._place(number))

    def _photo(self, slot: tf.Tensor) -> dict[str, tf.Tensor]:
        number = self._number(slot)
        contents = tf.io.read_file(self._paths[number])
        photo = (
            self._ways.decode(contents, number)
            if self._ways
            else decode.decode_photo(contents)
        )
        seed = order.seed_of(self._seed, "crop", slot)
        crop = crops.random_crop(photo, self._crop_size, seed=seed)
        if self._flips:
            flip_seed = order.seed_of(self._seed, "flip", slot)
            crop = tf.image.stateless_random_flip_left_right(crop, flip_seed)
        return {"image": crop, "mos": self._scores[number]}


def recipe_crops(
    photos: Sequence[ScoredPhoto], crop_size: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Yields the crops each photo is scored by, [n, crop, crop, 3], and its MOS."""

    def cut(path: tf.Tensor) -> tf.Tensor:
        photo = decode.decode_photo(tf.io.read_file(path))
        return tf.cast(crops.grid_crops(photo, crop_size), tf.float32) / 255

    files = [os.fsencode(photo.path) for photo in photos]
    paths = tf.data.Dataset.from_tensor_slices(files)
    made = parallel.map_in_order(paths, cut).prefetch(parallel.AHEAD)
    for grid, photo in zip(made.as_numpy_iterator(), photos, strict=True):
        yield grid, photo.mos
