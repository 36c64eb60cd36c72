"""Photos and distorted versions of them, for comparing the forms of a model.

Photos alone would not be enough: a model tells quality apart, and good photos differ
little in quality.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

import distortions
from rankiqa_tf.data import crops
from rankiqa_tf.data import order
from rankiqa_tf.data.versions import MadeAnew

Image = bytes | np.ndarray  # A file, or uint8 [height, width, 3].


class Samples:
    """Some photos, and versions of each.

    Attributes:
        photos: the files.
        names: the distortions.
        levels: the levels, without 0.
        better: bool [distortions, levels + 1, levels + 1], true where the first level
            is known to look better than the second; level 0, the photo, comes first.

    Args:
        photos: the files.
        preset: name of the preset of distortions.
        names: which of its distortions; if None, all.
        levels: which levels, from 1; if None, all.
        cut: maximum height and width of the part in the middle of a photo to distort;
            None for all of it.
        mirror: whether photos smaller than cut are padded by mirroring.
        seed: decides the noise.

    Raises:
        ValueError: if the preset has no such distortion or level.
    """

    def __init__(
        self,
        photos: Sequence[str | Path],
        *,
        preset: str = "tid2013",
        names: Sequence[str] | None = None,
        levels: Sequence[int] | None = None,
        cut: tuple[int, int] | None = None,
        mirror: bool = False,
        seed: int = 0,
    ):
        found = distortions.find_preset(preset)
        self.photos = [Path(photo) for photo in photos]
        self._versions = MadeAnew(self.photos, found)
        if names is None:
            names = self._versions.names
        for name in names:
            found.row(name)
        self.names = tuple(names)
        every = range(1, found.num_levels + 1)
        self.levels = tuple(every if levels is None else levels)
        if not set(self.levels) <= set(every):
            raise ValueError(
                f"preset {preset} has levels 1 to {found.num_levels}, not "
                f"{', '.join(map(str, self.levels))}"
            )
        self._kinds = [self._versions.names.index(name) for name in names]
        places = [0, *self.levels]
        self.better = found.better()[self._kinds][:, places][:, :, places]
        self._cut, self._mirror, self._seed = cut, mirror, seed

    def photo(self, number: int) -> Image:
        """Returns level 0: a photo's file, or the part of it that is distorted."""
        if self._cut is None:
            return self.photos[number].read_bytes()
        return self._part(number)

    def version(self, number: int, kind: int, level: int) -> np.ndarray:
        """Returns a distorted version of a photo.

        Args:
            number: index of the photo.
            kind: index of the distortion in `names`.
            level: one of `levels`.
        """
        # Levels that share random events have the same seed.
        seed = order.seed_of(self._seed, f"sample {self.names[kind]}", number)
        return self._versions.whole(
            tf.constant(self._part(number)),
            tf.constant(self._kinds[kind]),
            tf.constant(level),
            seed,
        ).numpy()

    def _part(self, number: int) -> np.ndarray:
        photo = self._versions.photo(tf.constant(number))
        if self._cut is None:
            return photo.numpy()
        if self._mirror:
            photo = crops.pad_to(photo, max(self._cut))
        top, left = (
            max(side - wanted, 0) // 2
            for side, wanted in zip(photo.shape[:2], self._cut, strict=True)
        )
        height, width = self._cut
        return photo[top : top + height, left : left + width].numpy()


if __name__ == "__main__":
    sys.exit("export.samples is a library; the programs are export.verify and export")
