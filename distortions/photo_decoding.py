"""The bytes of a photo's file to uint8 RGB [height, width, 3].

Grey becomes three equal channels, more bits become the upper 8 of them, of an animation
the first picture is taken and of a document the largest page, and a photo that its EXIF
or XMP data say is turned is turned upright. Transparency is left out: colours are taken
as they are stored, never blended with a background. CMYK is turned to RGB as Pillow
does, which takes the samples of a JPEG as inverted, as Adobe stores them, with Adobe's
marker or without: all programs that write such files do.

In a process that has TensorFlow, JPEG and PNG of the usual sorts are decoded by it; all
others are decoded by Pillow. A file that ends too early, or in which a decoder finds
what it cannot read, is refused as damaged; where a decoder goes on nevertheless, it is
decoded, and the decoder's words are the photo's warning. (Of JPEGs Pillow tells none.)
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

# The kinds that are read, as Pillow names them. Files of others never reach their
# decoders, whatever they are called: Pillow has some forty, most of them little looked
# after, and hands PostScript to another program.
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
_MOST_WARNINGS = 3  # Of a photo; libtiff has one for each row.

# Of TIFF (Adobe, "TIFF Revision 6.0").
_SUBFILE_TYPE, _BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 254, 258, 262, 339
_REDUCED = 1  # A bit of the subfile type: a smaller picture of another page.
_WHITE_IS_ZERO = 0
_UNSIGNED = 1


def decode(contents: bytes, *, warn: Callable[[str], None] | None = None) -> np.ndarray:
    """Decodes a photo of any kind.

    Args:
        contents: the bytes of the file.
        warn: called with each warning of the decoder, a text of one line. Decoders
            that write theirs to stderr are listened to one at a time. If None, they are
            dropped, but for those of TensorFlow's decoder, which are then on stderr.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: if they are not a photo, are damaged, claim more than can be read,
            or are of a sort that is not read.
    """
    header = photo_header.read(contents)
    # Where it was not imported, it is not wanted: it takes seconds.
    if "tensorflow" not in sys.modules:
        return by_pillow(contents, warn=warn)
    from distortions import photo_tensorflow

    if is_tensorflows(header):
        with _told(warn) if warn else contextlib.nullcontext():
            return photo_tensorflow.decode(contents, header)
    if warn and header.kind == "jpeg":
        # Pillow, which decodes it, keeps libjpeg's warnings to itself.
        with _told(warn):
            photo_tensorflow.glance(contents)
    return by_pillow(contents, warn=warn)


def is_tensorflows(header: Header) -> bool:
    """Whether TensorFlow decodes such a file as Pillow does."""
    return header.is_plain and header.kind in ("jpeg", "png")


def by_pillow(
    contents: bytes, *, warn: Callable[[str], None] | None = None
) -> np.ndarray:
    """Decodes a photo of any kind with Pillow.

    Args:
        contents: as of `decode`.
        warn: as of `decode`.

    Raises:
        PhotoError: as `decode` does.
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
    except Exception as error:  # Pillow's decoders raise many kinds on broken files.
        raise PhotoError(unread_kinds.failure(error)) from None


def of_pillow(image: Image.Image) -> np.ndarray:
    """Gives the pixels of a Pillow image, as `decode` does those of a file.

    Raises:
        PhotoError: if it is of a mode that has no known range.
    """
    return _to_rgb(ImageOps.exif_transpose(image), _tiff_samples(image))


def _open(contents: bytes) -> Image.Image:
    # Pillow warns of photos over 89 megapixels and refuses those over 179; the
    # limit can be lifted for the whole process only, so only while the header is read,
    # and by one thread at a time.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(io.BytesIO(contents), formats=_FORMATS)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


@contextlib.contextmanager
def _told(warn: Callable[[str], None] | None) -> Iterator[None]:
    """Tells `warn` of the warnings of the decoders inside of it, once they are done.

    Nothing is told of one that raises. One thread at a time is inside.
    """
    with decoder_warnings.collected() as messages:
        yield
    if warn:
        for message in messages[:_MOST_WARNINGS]:
            warn(message)
        if len(messages) > _MOST_WARNINGS:
            warn(f"and {len(messages) - _MOST_WARNINGS} warnings more")


def _seek_largest_page(image: TiffImagePlugin.TiffImageFile) -> None:
    """Turns to the largest page that is not marked as a smaller one of another."""
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
    """Bits of a grey sample, and whether 0 is white."""
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
        raise PhotoError(f"TIFF of {bits} bits a sample is not read, but up to 16")
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
        image = image.convert("RGBA")  # Else Pillow warns that it is dropped.
    return np.asarray(image.convert("RGB"))
