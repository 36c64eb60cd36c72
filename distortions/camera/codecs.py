"""Files of today. The contract of images and parameters is that of the package."""

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

# How far the grid of the second JPEG lies below and to the right of the first's: odd
# both ways, so that neither the blocks of 8 pixels nor those of 16 for colours meet,
# nor the samples of colour.
_DOWN, _RIGHT = 5, 3


def _margin(*_: Scalar) -> int:
    """How far around a crop pixels must be right.

    What is wrong at a crop's edges is so in less than a block of the first file, hence
    in a block of the second, and two pixels beyond it by the colours there.
    """
    return 16 + 2


@kind(reach=Reach(_margin, grid=16), quality_first=QUALITY, quality_second=QUALITY)
def jpeg_twice(
    image: tf.Tensor, quality_first: Scalar, quality_second: Scalar
) -> tf.Tensor:
    """Compresses as JPEG twice, as a photo that was cropped in between and sent on.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality_first: of libjpeg, a whole number of 0..100.
        quality_second: the same of the second time. Its blocks begin 5 pixels further
            down than those of the first, and 3 further to the right.

    Returns:
        The image as it comes back. Blocks of both grids are in it.

    Raises:
        ValueError: if a quality is not a whole number of 0..100.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    rows = mirror.mirrored(tf.range(-_DOWN, height), height)
    columns = mirror.mirrored(tf.range(-_RIGHT, width), width)
    larger = tf.gather(tf.gather(image, rows), columns, axis=1)
    first = jpeg(larger, quality_first)[_DOWN:, _RIGHT:]
    return jpeg(tf.ensure_shape(first, image.shape), quality_second)


# Blocks are guessed from those before them, all over the photo; so too in AVIF.
@kind(quality=QUALITY)
def webp(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Compresses the image as WebP, with loss.

    Pillow does it, in processes of its own (see `_pillow.run` for what that excludes).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libwebp, a whole number of 0..100.

    Returns:
        The image as it comes back.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write WebP.
    """
    return _pillow.decoded(_encoded_webp(image, quality), image.shape)


def encode_webp(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Makes the WebP file from which `webp` reads its image.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libwebp, a whole number of 0..100.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write WebP.
    """
    return _encoded_webp(checked_image(image), QUALITY.checked("quality", quality))


@kind(quality=QUALITY)
def avif(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Compresses the image as AVIF, colours at half the resolution (4:2:0).

    Pillow does it, in processes of its own (see `_pillow.run` for what that excludes).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libavif, a whole number of 0..100.

    Returns:
        The image as it comes back. The coder is at its fastest setting (speed 10): it
        makes larger files than it could, about as bad to look at.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
        RuntimeError: if this Pillow cannot write AVIF, as those before 11.3.
    """
    return _pillow.decoded(_encoded_avif(image, quality), image.shape)


def encode_avif(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Makes the AVIF file from which `avif` reads its image.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libavif, a whole number of 0..100.

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
