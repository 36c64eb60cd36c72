"""JPEG compression. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _uint8
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import checked_image
from distortions.kinds import kind
from distortions.reach import Reach

QUALITY = Parameter(none=100, least=0, most=100, whole=True)
# Colours are stored in blocks of 16 pixels, and upsampling them reads the next sample,
# two pixels away.
REACH = Reach(margin=lambda *_: 2, grid=16)


@kind(reach=REACH, quality=QUALITY)
def jpeg(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Compresses the image as JPEG with 4:2:0 chroma subsampling.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libjpeg quality, a whole number in 0..100; 0 is the same as 1.

    Returns:
        The decoded image, identical to Pillow's.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
    """
    encoded = _encoded(image, quality)
    # TensorFlow's default is a faster transform, off by up to 4 of 255.
    decoded = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(_uint8.to_float(decoded), image.shape)


def encode_jpeg(image: tf.Tensor, quality: Scalar) -> tf.Tensor:
    """Returns the JPEG file that `jpeg` decodes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libjpeg quality, a whole number in 0..100; 0 is the same as 1.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
    """
    return _encoded(checked_image(image), QUALITY.checked("quality", quality))


def _encoded(image: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    # Of TensorFlow's two operations, this is the one that accepts a tensor as quality.
    return tf.raw_ops.EncodeJpegVariableQuality(
        images=_uint8.from_float(image), quality=quality
    )
