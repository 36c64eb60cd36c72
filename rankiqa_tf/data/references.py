"""The reference photos that the package carries."""

import atexit
import contextlib
import functools
from importlib import resources
from pathlib import Path


def embedded_photos() -> list[Path]:
    """Finds the sample photos that the package carries.

    They are pristine, their short side is 512 pixels, and their licence is CC0-1.0;
    `sources.csv` beside them names the source of each.

    Returns:
        The paths of the JPEG files, sorted by name. A package that is run from a
        zip file has them unpacked to temporary files, until Python ends.
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
