"""Photos that are shown small: as addresses in themselves, which stand in a page."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from distortions import photo_decoding
from distortions import photo_files
from distortions import photo_header
from distortions.photo_header import PhotoError

_WITHOUT_WARNING = 89_000_000  # Pixels, up to which Pillow says nothing.


def read(path: Path, *, side: int) -> np.ndarray:
    """Reads a photo to show it small: of a large JPEG no more than is needed.

    Args:
        path: the file.
        side: least height and width in pixels that it must have, where the photo has.

    Returns:
        uint8 [height, width, 3], upright; a JPEG at 1, 1/2, 1/4 or 1/8 of its size.

    Raises:
        PhotoError: as of `photo_files.read`.
    """
    try:
        return _reduced(path.read_bytes(), side)
    except (OSError, PhotoError):
        return photo_files.read(path)  # Which says what is wrong, if it is.


def _reduced(contents: bytes, side: int) -> np.ndarray:
    header = photo_header.read(contents)
    small = header.width * header.height <= _WITHOUT_WARNING
    if not (header.kind == "jpeg" and header.is_plain and small):
        return photo_decoding.decode(contents)
    with Image.open(io.BytesIO(contents)) as image:
        image.draft(None, (side, side))
        image.getexif()
        return photo_decoding.of_pillow(image)


def address(photo: np.ndarray, *, side: int, quality: int) -> str:
    """Makes a small JPEG of a photo.

    Args:
        photo: uint8 [height, width, 3]; kept as large as it is where it is smaller.
        side: the longer side of the JPEG in pixels, at most.
        quality: of the JPEG, 1 to 95.

    Returns:
        `data:image/jpeg;base64,...`.
    """
    image = Image.fromarray(photo)
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    code = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{code}"
