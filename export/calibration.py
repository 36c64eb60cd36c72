"""Crops that show an int8 model what it will meet: every distortion at every level.

Quantisation gives each map of features 256 steps between the least and the greatest
value seen in some crops. Were these of good photos alone, as they mostly are, the
values that noise or blocks give rise to would be cut off, and bad photos scored as if
they were better.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

import distortions
from distortions import chance
from rankiqa_tf.data import order
from rankiqa_tf.data import references
from rankiqa_tf.data.versions import MadeAnew

PRESETS = ("live", "tid2013", "camera")
# More would take gigabytes. Where a model takes larger images, it is shown such crops
# mirrored: what is in its maps is the same.
MOST_PIXELS_A_SIDE = 512
_MOST_PHOTOS_AS_THEY_ARE = 24


def write(
    path: str | Path,
    *,
    size: int,
    photos: Sequence[str | Path] = (),
    presets: Sequence[str] = PRESETS,
    seed: int = 0,
) -> int:
    """Writes crops of versions of photos to a .npy file.

    Args:
        path: the file: uint8 [n, side, side, 3], where side is size, but at most
            MOST_PIXELS_A_SIDE.
        size: side of the model's crops, in pixels.
        photos: the files to distort, which should be good photos; if there are none,
            those that the package carries. First come crops of some as they are.
        presets: whose distortions: every one at every level comes once, with the
            photos in turn.
        seed: decides places and noise; the same one gives the same file.

    Returns:
        How many crops there are: 279 of all presets and the package's photos.

    Raises:
        ValueError: if there is no such preset.
        PhotoError: if a photo cannot be read.
    """
    files = [Path(photo) for photo in photos] or references.embedded_photos()
    sources = [MadeAnew(files, distortions.find_preset(name)) for name in presets]
    side = min(size, MOST_PIXELS_A_SIDE)
    # Level 0 of any kind is the photo.
    crops = [(sources[0], 0, 0)] * min(len(files), _MOST_PHOTOS_AS_THEY_ARE)
    crops += [
        (source, kind, level)
        for source in sources
        for kind in range(len(source.names))
        for level in range(1, source.num_levels + 1)
    ]
    # On the disk, not in memory.
    shape = (len(crops), side, side, 3)
    written = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for number, (source, kind, level) in enumerate(crops):
        seeds = chance.split(order.seed_of(seed, "calibration", number), 2)
        photo = source.photo(tf.constant(number % len(files)))
        crop = source.crop(
            photo, tf.constant(kind), tf.constant(level), side, seeds[0], seeds[1]
        )
        written[number] = crop.numpy()
    written.flush()
    return len(crops)


if __name__ == "__main__":
    sys.exit("export.calibration is a library; the program is python -m export")
