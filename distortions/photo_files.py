"""Photos in a folder, read as uint8 RGB [height, width, 3]."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from PIL import ImageOps
from PIL import UnidentifiedImageError

# fmt: off
SUFFIXES = (
    ".avif", ".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)
# fmt: on


class PhotoError(ValueError):
    """A file that cannot be read as a photo."""


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


def read(path: Path) -> np.ndarray:
    """Reads a photo of any kind, upright as its EXIF data say.

    Grey becomes three equal channels, 16 bits become their upper 8, and transparency
    is left out: colours are taken as they are stored.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo.
    """
    try:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise PhotoError(f"{path}: not a photo, or broken at its start") from None
    except Exception as error:  # Pillow's decoders raise many kinds on broken files.
        reason = error.strerror if isinstance(error, OSError) else None
        raise PhotoError(f"{path}: {reason or error}") from None


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode == "F":
        raise PhotoError("floating-point photos are not read: their range is unknown")
    if image.mode.startswith("I"):  # Grey in 16 bits, where convert would clip.
        grey = np.asarray(image)
        if grey.max() > 0xFFFF:
            raise PhotoError("grey photos of more than 16 bits are not read")
        return np.repeat((grey >> 8).astype(np.uint8)[..., np.newaxis], 3, axis=-1)
    if "transparency" in image.info:
        image = image.convert("RGBA")  # Else Pillow warns that it is dropped.
    return np.asarray(image.convert("RGB"))
