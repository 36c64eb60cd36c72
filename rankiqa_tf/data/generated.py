"""Versions of photos that `python -m distortions.generate` wrote to a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from distortions.sets import ranked_set
from rankiqa_tf.data import crops
from rankiqa_tf.data import decode


def is_set(folder: str | Path) -> bool:
    """Whether a folder contains a ranked set, complete or not."""
    folder = Path(folder)
    return folder.is_dir() and ranked_set.read_description(folder) is not None


class Generated:
    """Versions read from a ranked set; see `versions.Versions`.

    Random distortions were drawn when the set was made, and are the same each time.

    Args:
        folder: of the set.
        contents: names of the photos to use; all if None.

    Attributes:
        preset: name of the preset it was made with.
        contents: names of the photos: paths relative to the folder they came from.
        sizes: sizes of the photos' files when the set was made, in bytes, by name.

    Raises:
        ValueError: if the folder contains no set, or an incomplete or damaged one, or
            if the set lacks one of the photos.
    """

    def __init__(self, folder: str | Path, contents: Sequence[str] | None = None):
        found = ranked_set.load(folder)
        chosen = found.contents if contents is None else tuple(contents)
        self.preset, self.contents = found.description["preset"], chosen
        unknown = sorted(set(chosen) - set(found.contents))
        if unknown:
            raise ValueError(f"no photo {unknown[0]!r} in {folder}")
        self.sizes = {name: found.description["photos"][name] for name in chosen}
        self.names, self.num_levels = found.names, found.num_levels
        self.better, self.num_photos = found.better, len(chosen)
        self.graded = self.shares_seed = np.zeros(len(found.names), bool)
        self._versions_a_photo = each = len(found.images) // len(found.contents)
        places = {content: n for n, content in enumerate(found.contents)}
        images = [
            image
            for content in chosen
            for image in found.images[
                places[content] * each : (places[content] + 1) * each
            ]
        ]
        self._files = tf.constant([str(found.folder / image.file) for image in images])
        self._places = tf.constant(
            [(image.offset, image.length) for image in images], tf.int64
        )
        self._sharded = found.sharded

    def photo(self, content: tf.Tensor) -> tf.Tensor:
        """Returns the number of the photo's first version."""
        return content * self._versions_a_photo

    def whole(
        self, photo: tf.Tensor, kind: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """Returns a version, uint8 [h, w, 3]; the seed is ignored."""
        level = tf.cast(strength, tf.int32)  # Sets only have whole levels.
        number = photo + tf.where(level == 0, 0, kind * self.num_levels + level)
        file = self._files[number]
        if not self._sharded:
            return decode.decode_photo(tf.io.read_file(file))
        offset, length = tf.unstack(self._places[number])
        record = tf.numpy_function(
            _read_part, [file, offset, length], tf.string, stateful=False
        )
        image = tf.io.FixedLenFeature([], tf.string)
        example = tf.io.parse_single_example(
            tf.ensure_shape(record, []), {"image": image}
        )
        return decode.decode_photo(example["image"])

    def crop(
        self,
        photo: tf.Tensor,
        kind: tf.Tensor,
        strength: tf.Tensor,
        size: int,
        place_seed: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        """Returns a crop of a version, uint8 [size, size, 3]."""
        whole = self.whole(photo, kind, strength, seed)
        return crops.random_crop(whole, size, seed=place_seed)

    def in_memory(self, budget: int) -> "Generated":
        """Returns self: reading a file is too cheap for caching pixels to pay off."""
        del budget
        return self


def _read_part(file: Any, offset: Any, length: Any) -> bytes:
    # Called eagerly, these are arrays without axes; in a graph, bytes and scalars.
    with Path(np.asarray(file).item().decode()).open("rb") as shard:
        shard.seek(int(offset))
        return shard.read(int(length))
