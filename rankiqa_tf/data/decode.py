"""Decoding photos of any supported format, inside graphs and outside.

The pixels are always those of `distortions.photo_decoding`, whichever decoder is used.
In graphs TensorFlow decodes JPEG and PNG; tensorflow-io decodes WebP, JPEG 2000 and PNM
where its operations load (TensorFlow up to 2.17); Pillow decodes the rest. That
includes TIFF, although tensorflow-io reads it: it premultiplies colours by alpha,
ignores orientation, and is off by one level in YCbCr. The header, which decides on the
decoder, is checked first, because native decoders believe what it claims.
"""

import functools
import warnings
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf

from distortions import cores
from distortions import photo_decoding
from distortions import photo_files
from distortions import photo_header
from distortions import photo_tensorflow
from distortions import progress
from distortions.photo_header import PhotoError

# The decoder of a file.
_PILLOW, _JPEG, _PNG, _WEBP, _JP2, _PNM = range(6)
_BY_KIND = {"jpeg": _JPEG, "png": _PNG, "webp": _WEBP, "jp2": _JP2, "pnm": _PNM}


def decode_photo(contents: tf.Tensor) -> tf.Tensor:
    """Decodes a photo of any supported format, eagerly or inside a graph.

    Args:
        contents: string scalar, the bytes of the file.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        tf.errors.OpError: at run time, if the bytes are not a photo or are damaged; a
            PhotoError if called eagerly.
    """
    contents = tf.convert_to_tensor(contents)
    if tf.executing_eagerly():
        return tf.constant(photo_decoding.decode(contents.numpy()))
    way, orientation, is_grey = tf.numpy_function(
        _way, [contents], [tf.int32, tf.int32, tf.bool], stateful=False
    )
    decoders = _decoders(contents) | {
        _PILLOW: lambda: tf.numpy_function(
            photo_decoding.by_pillow, [contents], tf.uint8, stateful=False
        )
    }
    return _decoded(
        decoders,
        tf.ensure_shape(way, []),
        tf.ensure_shape(orientation, []),
        tf.ensure_shape(is_grey, []),
    )


class Ways:
    """Decodes photos with known headers, using TensorFlow operations only.

    Such a graph can run without Python, as in the workers of a tf.data service.

    Args:
        photos: the files.

    Raises:
        ValueError: if only Pillow can decode one of the photos.
    """

    def __init__(self, photos: Sequence[Path]):
        found = list(cores.ahead(lambda photo: _way(photo.read_bytes()), photos))
        self._ways, self._orientations, self._are_grey = (
            tf.constant(np.array(each)) for each in zip(*found, strict=True)
        )
        others = [
            str(photo)
            for photo, (way, *_) in zip(photos, found, strict=True)
            if way == _PILLOW
        ]
        if others:
            raise ValueError(
                f"{len(others)} of {len(photos)} photos are of kinds that only Pillow "
                f"decodes, which no graph takes along, the first being {others[0]}: "
                "convert them to PNG, or leave them out"
            )

    def decode(self, contents: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """Decodes a photo in a graph.

        Args:
            contents: string scalar, the bytes of the file.
            number: int scalar, the index of the file in `photos`.

        Returns:
            uint8 [height, width, 3], RGB, as for `decode_photo`.
        """
        # Cases of a switch are numbered 0, 1 and so on; unused ones are left out.
        decoders = _decoders(contents)
        decoders[_PILLOW] = decoders[_JPEG]
        return _decoded(
            decoders,
            self._ways[number],
            self._orientations[number],
            self._are_grey[number],
        )


def load_operations() -> None:
    """Registers tensorflow-io's operations in this process, where they load.

    Needed in a process that runs graphs made elsewhere; making such graphs does it
    anyway.
    """
    _tensorflow_io()


def _decoders(contents: tf.Tensor) -> dict[int, Callable[[], tf.Tensor]]:
    """Returns the decoders that need no Python, by number."""
    decoders: dict[int, Callable[[], tf.Tensor]] = {
        _JPEG: lambda: photo_tensorflow.decode_jpeg(contents),
        _PNG: lambda: tf.io.decode_png(contents, 3),
    }
    tfio = _tensorflow_io()
    if tfio is not None:
        codecs = tfio.experimental.image
        decoders[_WEBP] = lambda: tfio.image.decode_webp(contents)[..., :3]
        decoders[_JP2] = lambda: codecs.decode_jp2(contents)
        decoders[_PNM] = lambda: codecs.decode_pnm(contents)
    return decoders


def _decoded(
    decoders: dict[int, Callable[[], tf.Tensor]],
    way: tf.Tensor,
    orientation: tf.Tensor,
    is_grey: tf.Tensor,
) -> tf.Tensor:
    """Returns the photo, uint8 [height, width, 3], RGB and upright."""
    image = tf.switch_case(way, {key: decoders[key] for key in sorted(decoders)})
    image = tf.ensure_shape(image, [None, None, None])
    # tensorflow-io's decoders return grey images with one channel.
    image = tf.cond(
        is_grey & (way >= _JP2), lambda: tf.repeat(image, 3, axis=2), lambda: image
    )
    image = photo_tensorflow.upright(image, orientation)
    return tf.ensure_shape(image, [None, None, 3])


def _way(contents: bytes) -> tuple[np.int32, np.int32, np.bool_]:
    """Returns a file's decoder, the photo's orientation, and whether it is grey.

    Raises:
        PhotoError: if the header shows that it cannot be read.
    """
    header = photo_header.read(contents)
    known = header.is_plain and (
        _tensorflow_io() is not None or photo_decoding.is_tensorflows(header)
    )
    way = _BY_KIND[header.kind] if known else _PILLOW
    # Pillow applies the orientation itself.
    orientation = header.orientation if known else 1
    return np.int32(way), np.int32(orientation), np.bool_(header.is_grey)


def read_photo(
    path: str | Path, *, warn: Callable[[str], None] | None = None
) -> np.ndarray:
    """Reads and decodes a photo.

    Args:
        path: the file, in any format that decode_photo supports.
        warn: called with a warning if the photo could be read but looks faulty.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo.
    """
    return photo_files.read(Path(path), warn=warn)


def unreadable(photos: Sequence[Path]) -> dict[Path, str]:
    """Reads photos, several at a time, and returns what is wrong with unreadable ones.

    Args:
        photos: the files.

    Returns:
        For each photo that read_photo rejects, its message, which starts with the path.
    """

    def problem(path: Path) -> str | None:
        try:
            read_photo(path)
        except PhotoError as error:
            return str(error)
        return None

    checked = progress.over(cores.ahead(problem, photos), len(photos), "check photos")
    problems = zip(photos, checked, strict=True)
    return {path: message for path, message in problems if message}


def find_photos(paths: Sequence[str | Path]) -> list[Path]:
    """Lists photos; see `photo_files.search`.

    Raises:
        ValueError: if a path does not exist or a folder contains no photo.
    """
    found = photo_files.search(paths)
    if found.problems:
        raise ValueError("; ".join(found.problems))
    return list(found.photos)


@functools.cache
def _tensorflow_io() -> ModuleType | None:
    """Returns tensorflow-io, or None if it is missing or does not fit TensorFlow."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # About operations that do not load.
            import tensorflow_io as tfio
            from tensorflow_io.python.ops import core_ops

            _ = core_ops.io_decode_web_p  # Importing does not load these yet.
    except (ImportError, NotImplementedError, AttributeError, OSError):
        return None
    return tfio
