"""Decodes photo files to uint8 RGB [height, width, 3].

Grey becomes three equal channels; of deeper samples the upper 8 bits are kept; an
animation gives its first frame and a document its largest page; orientation in EXIF or
XMP data is applied. Transparency is ignored: colours are used as stored, never blended
with a background. CMYK is converted to RGB like Pillow does, which takes the samples of
a JPEG as inverted, the way Adobe stores them, with or without Adobe's marker: all
programs that write such files do so.

In a process with TensorFlow, it decodes ordinary JPEG and PNG files; Pillow decodes all
others. A file that ends too early, or contains something a decoder cannot read, is
rejected as damaged. If a decoder carries on regardless, the photo is decoded, with the
decoder's message as a warning. (For JPEGs, Pillow reports none.)
"""

import contextlib
import importlib
import io
import sys
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import AvifImagePlugin
from PIL import BmpImagePlugin
from PIL import GifImagePlugin
from PIL import Image
from PIL import ImageOps
from PIL import Jpeg2KImagePlugin
from PIL import JpegImagePlugin
from PIL import PngImagePlugin
from PIL import PpmImagePlugin
from PIL import TiffImagePlugin
from PIL import UnidentifiedImageError
from PIL import WebPImagePlugin

from distortions import decoder_warnings
from distortions import photo_header
from distortions import unread_kinds
from distortions.photo_header import Header
from distortions.photo_header import PhotoError

READS_HEIC = False
for _reader in unread_kinds.HEIC_READERS:
    with contextlib.suppress(ImportError):
        importlib.import_module(_reader).register_heif_opener()
        READS_HEIC = True
        break

# The supported formats, by Pillow's names. Other files never reach their decoders,
# whatever their names: Pillow has some forty, most of them poorly maintained, and
# passes PostScript to another program.
_FORMATS = (
    AvifImagePlugin.AvifImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    BmpImagePlugin.DibImageFile.format,
    GifImagePlugin.GifImageFile.format,
    Jpeg2KImagePlugin.Jpeg2KImageFile.format,
    JpegImagePlugin.JpegImageFile.format,  # And MPO.
    PngImagePlugin.PngImageFile.format,
    PpmImagePlugin.PpmImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    *(("HEIF",) if READS_HEIC else ()),
)
_MOST_WARNINGS = 3  # Per photo; libtiff gives one for each row.

# Tags of TIFF (Adobe, "TIFF Revision 6.0").
_SUBFILE_TYPE, _BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 254, 258, 262, 339
_REDUCED = 1  # Bit of the subfile type: a reduced version of another page.
_WHITE_IS_ZERO = 0
_UNSIGNED = 1


def decode(contents: bytes, *, warn: Callable[[str], None] | None = None) -> np.ndarray:
    """Decodes a photo in any supported format.

    Args:
        contents: the bytes of the file.
        warn: called with each of the decoder's warnings, as one line. Decoders that
            write to stderr are listened to one at a time. If None, warnings are
            dropped, except that TensorFlow's decoder then writes to stderr.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: if it is not a photo, is damaged, claims to be too large, or has an
            unsupported format.
    """
    header = photo_header.read(contents)
    # If it has not been imported, it is not wanted: importing takes seconds.
    if "tensorflow" not in sys.modules:
        return by_pillow(contents, warn=warn)
    from distortions import photo_tensorflow

    if is_tensorflows(header):
        with _told(warn) if warn else contextlib.nullcontext():
            return photo_tensorflow.decode(contents, header)
    if warn and header.kind == "jpeg":
        # Pillow, which then decodes it, does not report libjpeg's warnings.
        with _told(warn):
            photo_tensorflow.glance(contents)
    return by_pillow(contents, warn=warn)


def is_tensorflows(header: Header) -> bool:
    """Whether TensorFlow decodes such a file to the same pixels as Pillow."""
    return header.is_plain and header.kind in ("jpeg", "png")


def by_pillow(
    contents: bytes, *, warn: Callable[[str], None] | None = None
) -> np.ndarray:
    """Decodes a photo in any supported format with Pillow.

    Args:
        contents: as for `decode`.
        warn: as for `decode`.

    Raises:
        PhotoError: as for `decode`.
    """
    try:
        with contextlib.ExitStack() as stack:
            with _told(warn):
                image = stack.enter_context(_open(contents))
                if isinstance(image, TiffImagePlugin.TiffImageFile):
                    _seek_largest_page(image)
                photo_header.check_size(*image.size)
                image.getexif()
                if any(tile[0] == "libtiff" for tile in getattr(image, "tile", ())):
                    image.load()  # Writes to stderr.
            return of_pillow(image)
    except UnidentifiedImageError:
        raise PhotoError(unread_kinds.refusal(contents)) from None
    except PhotoError:
        raise
    except Exception as error:  # Pillow's decoders raise many types on broken files.
        raise PhotoError(unread_kinds.failure(error)) from None


def of_pillow(image: Image.Image) -> np.ndarray:
    """Returns the pixels of a Pillow image, converted as by `decode`.

    Raises:
        PhotoError: if its mode has no known range.
    """
    return _to_rgb(ImageOps.exif_transpose(image), _tiff_samples(image))


def _open(contents: bytes) -> Image.Image:
    # Pillow warns of photos over 89 megapixels and rejects those over 179. The limit is
    # global, so it is lifted only while the header is read, by one thread at a time.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(io.BytesIO(contents), formats=_FORMATS)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


@contextlib.contextmanager
def _told(warn: Callable[[str], None] | None) -> Iterator[None]:
    """Passes decoders' warnings inside the `with` block to `warn`, at its end.

    If an exception is raised, nothing is passed. One thread at a time can be inside.
    """
    with decoder_warnings.collected() as messages:
        yield
    if warn:
        for message in messages[:_MOST_WARNINGS]:
            warn(message)
        if len(messages) > _MOST_WARNINGS:
            warn(f"and {len(messages) - _MOST_WARNINGS} warnings more")


def _seek_largest_page(image: TiffImagePlugin.TiffImageFile) -> None:
    """Goes to the largest page that is not a reduced version of another."""
    best, page = (-1, 0), 0
    pages = getattr(image, "n_frames", 1)
    if pages == 1:
        return
    for page in range(pages):
        image.seek(page)
        full = not int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & _REDUCED
        pixels = image.size[0] * image.size[1] if full else -1
        if pixels > best[0]:
            best = pixels, page
    image.seek(best[1])


def _tiff_samples(image: Image.Image) -> tuple[int, bool]:
    """Returns the bits of a grey sample, and whether 0 is white."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 16, False
    tags: Any = image.tag_v2
    kinds = tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    if any(kind != _UNSIGNED for kind in np.atleast_1d(kinds)):
        raise PhotoError(
            "TIFF with signed or floating-point samples is not read: its range is "
            "unknown"
        )
    bits = int(np.max(tags.get(_BITS, (1,))))
    if bits > 16:
        raise PhotoError(f"TIFF with {bits} bits a sample is not read; at most 16 are")
    return bits, tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def _to_rgb(image: Image.Image, samples: tuple[int, bool]) -> np.ndarray:
    if image.mode == "F":
        raise PhotoError("floating-point photos are not read: their range is unknown")
    if image.mode.startswith("I"):  # Grey in 16 bits, where convert would clip.
        grey = np.asarray(image)
        if grey.max() > 0xFFFF or grey.min() < 0:
            raise PhotoError("grey photos of more than 16 bits are not read")
        bits, white_is_zero = samples
        upper = np.clip(grey >> (bits - 8), 0, 255)
        if white_is_zero:
            upper = 255 - upper
        return np.repeat(upper.astype(np.uint8)[..., np.newaxis], 3, axis=-1)
    if "transparency" in image.info:
        image = image.convert("RGBA")  # Otherwise Pillow warns that it is dropped.
    return np.asarray(image.convert("RGB"))
