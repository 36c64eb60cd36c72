"""The reference photos that ship with the package."""

import atexit
import contextlib
import functools
from importlib import resources
from pathlib import Path


def embedded_photos() -> list[Path]:
    """Returns the paths of the sample photos that ship with the package.

    They are pristine, have a short side of 512 pixels, and are licensed CC0-1.0;
    `sources.csv` beside them gives the source of each.

    Returns:
        The paths of the JPEG files, sorted by name. If the package is run from a zip
        file, they are unpacked to temporary files that exist until Python exits.
    """
    return list(_embedded_photos())


@functools.cache
def _embedded_photos() -> tuple[Path, ...]:
    folder = resources.files("rankiqa_tf.assets") / "photos"
    photos = [entry for entry in folder.iterdir() if entry.name.endswith(".jpg")]
    photos.sort(key=lambda photo: photo.name)
    unpacked = contextlib.ExitStack()
    atexit.register(unpacked.close)
    return tuple(unpacked.enter_context(resources.as_file(photo)) for photo in photos)
