"""Any photo to uint8 RGB [height, width, 3].

Grey becomes three equal channels, 16 bits become their upper 8, of an animation or
a document the first picture is taken, and a photo that its EXIF data say is turned
is turned upright. Transparency is left out: colours are taken as they are stored,
never blended with a background.

The usual kinds are decoded by operations of the graph: JPEG and PNG by TensorFlow;
WebP, JPEG 2000 and PNM by tensorflow-io where its operations load (TensorFlow up to
2.17). Pillow decodes the rest; whichever decodes it, a photo has the same pixels.
TIFF is Pillow's although tensorflow-io reads it: that multiplies colours by their
transparency, leaves turned photos turned, and is a level off in YCbCr.
"""

import concurrent.futures
import functools
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf

from distortions import photo_files
from distortions.photo_files import PhotoError

# What files of these kinds begin with.
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


def decode_photo(contents: tf.Tensor) -> tf.Tensor:
    """Decodes a photo of any kind, eagerly or inside a graph such as Dataset.map.

    Args:
        contents: string scalar, the bytes of the file.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        tf.errors.OpError: when it runs, if the bytes are not a photo or are broken;
            eagerly it may be a PhotoError.
    """
    contents = tf.convert_to_tensor(contents)
    start = tf.strings.substr(contents, 0, 80) + b"\0" * 80  # substr wants enough bytes

    def has(at: int, expected: bytes) -> tf.Tensor:
        return tf.strings.substr(start, at, len(expected)) == expected

    # Pillow reads all others; where EXIF data say nothing it is only slower.
    plain = is_plain(contents)
    cases = [
        (
            plain & has(0, _JPEG),
            # The default method differs from Pillow's by up to 4 levels.
            lambda: tf.io.decode_jpeg(contents, 3, dct_method="INTEGER_ACCURATE"),
        ),
        (
            plain & has(0, _PNG),
            lambda: tf.io.decode_png(contents, 3),
        ),
    ]
    tfio = _tensorflow_io()
    if tfio is not None:
        codecs = tfio.experimental.image
        # Extended WebP files ("VP8X") may be animated or turned.
        webp = has(0, b"RIFF") & (has(8, b"WEBPVP8 ") | has(8, b"WEBPVP8L"))
        # JPEG 2000 in 8 bits, 3 components in sRGB or 1 in grey, boxes in the usual
        # order. Of others tensorflow-io takes few, and 16 bits end the process.
        rgb = has(56, b"\0\3\7") & has(73, b"\0\0\0\x10")
        grey = has(56, b"\0\1\7") & has(73, b"\0\0\0\x11")
        jp2 = has(4, b"jP  \r\n\x87\n") & has(44, b"ihdr") & has(66, b"colr\1")
        pnm = tf.strings.regex_full_match(start, r"(?s)P[56]\s\d+\s\d+\s255\s\C*")
        cases += [
            (webp, lambda: tfio.image.decode_webp(contents)[..., :3]),
            (jp2 & rgb, lambda: codecs.decode_jp2(contents)),
            (jp2 & grey, lambda: _in_colour(codecs.decode_jp2(contents))),
            (pnm & has(0, b"P6"), lambda: codecs.decode_pnm(contents)),
            (pnm & has(0, b"P5"), lambda: _in_colour(codecs.decode_pnm(contents))),
        ]
    image = tf.case(cases, default=lambda: _decode_in_python(contents))
    return tf.ensure_shape(image, [None, None, 3])


def is_plain(contents: tf.Tensor) -> tf.Tensor:
    """Tells whether TensorFlow alone reads a file as decode_photo does.

    Exports read no others well: they look neither at EXIF data nor at other kinds.

    Args:
        contents: scalar string, the file's bytes or the first 64 KiB of them.

    Returns:
        Scalar bool, true for a JPEG or PNG without EXIF or XMP data, which may say that
        the photo is turned, and without Adobe's marker, which may say that it is CMYK.
    """
    start = tf.strings.substr(contents, 0, 1 << 16)
    told = tf.strings.regex_full_match(start, r"(?is)\C*(exif|adobe)\C*")
    start += b"\0" * 8  # substr wants enough bytes.
    known = tf.reduce_any(
        [tf.strings.substr(start, 0, len(magic)) == magic for magic in (_JPEG, _PNG)]
    )
    return known & ~told


def read_photo(path: str | Path) -> np.ndarray:
    """Reads and decodes a photo.

    Args:
        path: the file, of any kind that decode_photo takes.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo.
    """
    try:
        return decode_bytes(Path(path).read_bytes())
    except OSError as error:
        raise PhotoError(f"{path}: {error.strerror}") from None
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None


def decode_bytes(contents: bytes) -> np.ndarray:
    """Decodes the bytes of a file, as read_photo does.

    Raises:
        PhotoError: if they cannot be read as a photo.
    """
    try:
        return decode_photo(contents).numpy()
    except (tf.errors.OpError, PhotoError):
        # Pillow says in plain words what is wrong, or can read it after all.
        return photo_files.decode(contents)


def unreadable(photos: Sequence[Path]) -> dict[Path, str]:
    """Reads photos, several at a time, and says what is wrong with those it cannot.

    Args:
        photos: the files.

    Returns:
        For each photo that read_photo refuses, its message, which opens with the path.
    """

    def problem(path: Path) -> str | None:
        try:
            read_photo(path)
        except PhotoError as error:
            return str(error)
        return None

    with concurrent.futures.ThreadPoolExecutor() as pool:
        problems = zip(photos, pool.map(problem, photos), strict=True)
        return {path: message for path, message in problems if message}


def find_photos(paths: Sequence[str | Path]) -> list[Path]:
    """Lists photos: files as they are given, and those anywhere inside folders.

    Args:
        paths: files and folders. A file is taken whatever its name; in folders those
            that `photo_files.find` finds, by what their names end in.

    Returns:
        The files, in the order of paths.

    Raises:
        ValueError: if a path does not exist or a folder holds no photo.
    """
    photos: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            photos += [path / name for name in photo_files.find(path)]
        elif path.exists():
            photos.append(path)
        else:
            raise ValueError(f"no such file or folder: {path}")
    return photos


@functools.cache
def _tensorflow_io() -> ModuleType | None:
    """Returns tensorflow-io, or None where it is missing or does not fit TensorFlow."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # About operations that do not load.
            import tensorflow_io as tfio
            from tensorflow_io.python.ops import core_ops

            _ = core_ops.io_decode_web_p  # Loads the operations, which import does not.
    except (ImportError, NotImplementedError, AttributeError, OSError):
        return None
    return tfio


def _in_colour(image: tf.Tensor) -> tf.Tensor:
    return tf.repeat(image, 3, axis=-1)  # [h, w, 1] -> [h, w, 3]


def _decode_in_python(contents: tf.Tensor) -> tf.Tensor:
    if tf.executing_eagerly():  # Where numpy_function would not give it plain bytes.
        return tf.convert_to_tensor(photo_files.decode(contents.numpy()))
    return tf.numpy_function(photo_files.decode, [contents], tf.uint8, stateful=False)
