"""Photos in a folder, read as uint8 RGB [height, width, 3]."""

import io
import threading
from pathlib import Path

import numpy as np
from PIL import Image
from PIL import ImageOps
from PIL import UnidentifiedImageError

MAX_PIXELS = 500_000_000  # 1.5 GB as RGB; the largest phone cameras have 200 million.

# fmt: off
SUFFIXES = (
    ".avif", ".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)
# fmt: on

_OPEN_LOCK = threading.Lock()


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
    """Reads a photo of any kind, as `decode` does.

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo; its message
            opens with the path.
    """
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise PhotoError(f"{path}: {error.strerror}") from None
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None


def decode(contents: bytes) -> np.ndarray:
    """Decodes a photo of any kind, upright as its EXIF data say.

    Grey becomes three equal channels, 16 bits become their upper 8, of an animation the
    first picture is taken, and transparency is left out: colours are taken as they are
    stored.

    Args:
        contents: the bytes of the file.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: if they are not a photo or are broken.
    """
    if not contents:
        raise PhotoError("the file is empty")
    try:
        with _open(contents) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise PhotoError(
                    f"{width} x {height} pixels are too many; at most "
                    f"{MAX_PIXELS:,} can be read"
                )
            return of_pillow(image)
    except UnidentifiedImageError:
        raise PhotoError("not a photo, or broken at its start") from None
    except PhotoError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds on broken files.
        raise PhotoError(f"the photo is broken or cut short: {error}") from None


def of_pillow(image: Image.Image) -> np.ndarray:
    """Gives the pixels of a Pillow image, as `decode` does those of a file.

    Raises:
        PhotoError: if it is of a mode that has no known range.
    """
    return _to_rgb(ImageOps.exif_transpose(image))


def _open(contents: bytes) -> Image.Image:
    # Pillow warns of photos over 89 megapixels and refuses those over 179; the
    # limit can be lifted for the whole process only, so only while the header is read.
    with _OPEN_LOCK:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(io.BytesIO(contents))
        finally:
            Image.MAX_IMAGE_PIXELS = limit


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
