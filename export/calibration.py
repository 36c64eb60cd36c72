"""Calibration crops for int8 models: every distortion at every level.

Quantisation divides the range between the smallest and largest value of each feature
map in some crops into 256 steps. With good photos alone, the usual choice, values
caused by noise or blocks would be clipped, and bad photos would score too well.
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
# More would take gigabytes. Models with larger inputs get these crops mirrored, which
# leaves the values in their feature maps the same.
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
        photos: the files to distort, preferably good photos; if none, those that ship
            with the package. Crops of some undistorted photos come first.
        presets: the presets; each distortion at each level is used once, cycling
            through the photos.
        seed: decides places and noise; the same seed gives the same file.

    Returns:
        The number of crops: 279 with all presets and the package's photos.

    Raises:
        ValueError: if there is no such preset.
        PhotoError: if a photo cannot be read.
    """
    files = [Path(photo) for photo in photos] or references.embedded_photos()
    sources = [MadeAnew(files, distortions.find_preset(name)) for name in presets]
    side = min(size, MOST_PIXELS_A_SIDE)
    # Level 0 of any kind is the photo itself.
    crops = [(sources[0], 0, 0)] * min(len(files), _MOST_PHOTOS_AS_THEY_ARE)
    crops += [
        (source, kind, level)
        for source in sources
        for kind in range(len(source.names))
        for level in range(1, source.num_levels + 1)
    ]
    # On disk rather than in memory.
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
