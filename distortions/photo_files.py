"""Photos in a folder, read as uint8 RGB [height, width, 3]."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from distortions import photo_decoding
from distortions.photo_header import PhotoError

# fmt: off
SUFFIXES = (
    ".avif", ".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)
# fmt: on


def find(folder: Path) -> list[str]:
    """Lists the photos anywhere in a folder, hidden ones left out.

    Returns:
        Their paths in the folder, with slashes, sorted.

    Raises:
        ValueError: if there is no such folder, no photo in it, or one whose name is not
            UTF-8.
    """
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    files = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    inside = (file.relative_to(folder) for file in files if file.is_file())
    found = sorted(
        path.as_posix()
        for path in inside
        if not any(part.startswith(".") for part in path.parts)
    )
    if not found:
        raise ValueError(
            f"no photos in {folder}; looked for files that end in {', '.join(SUFFIXES)}"
        )
    for name in found:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"names of photos must be UTF-8, and {name!r} in {folder} is not"
            ) from None
    return found


def read(path: Path, *, warn: Callable[[str], None] | None = None) -> np.ndarray:
    """Reads a photo of any kind, as `photo_decoding.decode` does.

    Args:
        path: the file.
        warn: called with each warning of the decoder, a text of one line without the
            path; if None, warnings are dropped.

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo; its message
            opens with the path.
    """
    try:
        return photo_decoding.decode(path.read_bytes(), warn=warn)
    except OSError as error:
        raise PhotoError(f"{path}: {error.strerror}") from None
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None
