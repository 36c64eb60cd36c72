"""Modern file formats. The contract of images and parameters is the package's."""

import tensorflow as tf
from PIL import features

from distortions import _pillow
from distortions import mirror
from distortions.jpeg import QUALITY
from distortions.jpeg import jpeg
from distortions.kinds import Scalar
from distortions.kinds import checked_image
from distortions.kinds import kind
from distortions.reach import Reach

# How far the grid of the second JPEG is below and right of the first one's: odd in both
# directions, so that blocks of 8 pixels, blocks of 16 for colours and colour samples
# never coincide.
_DOWN, _RIGHT = 5, 3


def _margin(*_: Scalar) -> int:
    """How many pixels around a crop have to be right.

    Errors at a crop's edges spread over less than a block of the first file, hence a
    block of the second, and two more pixels because of the colours there.
    """
    return 16 + 2


@kind(reach=Reach(_margin, grid=16), quality_first=QUALITY, quality_second=QUALITY)
def jpeg_twice(
    image: tf.Tensor, quality_first: Scalar, quality_second: Scalar
) -> tf.Tensor:
    """Compresses as JPEG twice, like a photo that was cropped in between and shared.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality_first: libjpeg quality, a whole number in 0..100.
        quality_second: the same for the second time. Its blocks begin 5 pixels further
            down than those of the first, and 3 further to the right.

    Returns:
        The decoded image, with the blocks of both grids.

    Raises:
        ValueError: if a quality is not a whole number of 0..100.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    rows = mirror.mirrored(tf.range(-_DOWN, height), height)
    columns = mirror.mirrored(tf.range(-_RIGHT, width), width)
    larger = tf.gather(tf.gather(image, rows), columns, axis=1)
    first = jpeg(larger, quality_first)[_DOWN:, _RIGHT:]
    return jpeg(tf.ensure_shape(first, image.shape), quality_second)


# Blocks are predicted from earlier ones, all over the photo; in AVIF too.
@kind(quality=QUALITY)
def webp(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Compresses the image as lossy WebP.

    Pillow does the work, in separate processes (see `_pillow.run` for the limitations).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libwebp quality, a whole number in 0..100.

    Returns:
        The decoded image.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write WebP.
    """
    return _pillow.decoded(_encoded_webp(image, quality), image.shape)


def encode_webp(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Returns the WebP file that `webp` decodes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libwebp quality, a whole number in 0..100.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write WebP.
    """
    return _encoded_webp(checked_image(image), QUALITY.checked("quality", quality))


@kind(quality=QUALITY)
def avif(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Compresses the image as AVIF with 4:2:0 chroma subsampling.

    Pillow does the work, in separate processes (see `_pillow.run` for the limitations).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libavif quality, a whole number in 0..100.

    Returns:
        The decoded image. The encoder uses its fastest setting (speed 10): files are
        larger than they could be, and look about as bad.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write AVIF, as those before 11.3.
    """
    return _pillow.decoded(_encoded_avif(image, quality), image.shape)


def encode_avif(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Returns the AVIF file that `avif` decodes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libavif quality, a whole number in 0..100.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write AVIF, as those before 11.3.
    """
    return _encoded_avif(checked_image(image), QUALITY.checked("quality", quality))


def _encoded_webp(image: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    _check_pillow("webp", "WebP")
    return _pillow.encoded("encode_webp", image, quality)


def _encoded_avif(image: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    _check_pillow("avif", "AVIF")
    return _pillow.encoded("encode_avif", image, quality)


def _check_pillow(feature: str, name: str) -> None:
    if not features.check(feature):
        raise RuntimeError(
            f"this Pillow cannot write {name}: the wheels of Pillow 11.3 and later can "
            "(pip install --upgrade pillow)"
        )
