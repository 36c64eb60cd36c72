"""Y'CbCr of ITU-R BT.601 in studio range, like MATLAB's rgb2ycbcr for doubles."""

import numpy as np
import tensorflow as tf

# BT.601's weights of red, green and blue in luma. All else follows from them: Cb is
# blue minus luma and Cr red minus luma, each scaled to range over 112 of 255 either
# way.
_LUMA = np.array([0.299, 0.587, 0.114])
_RED, _, _BLUE = np.eye(3)
_FROM_RGB = np.stack(
    [
        219 / 255 * _LUMA,
        112 / 255 * (_BLUE - _LUMA) / (1 - _LUMA[2]),
        112 / 255 * (_RED - _LUMA) / (1 - _LUMA[0]),
    ]
)
_TO_RGB = np.linalg.inv(_FROM_RGB)
_BLACK = np.array([16, 128, 128]) / 255


def from_rgb(image: tf.Tensor) -> tf.Tensor:
    """Converts R'G'B' to Y'CbCr.

    Args:
        image: float32 [..., 3]; 0..1 is from black to white.

    Returns:
        float32 [..., 3]: Y', Cb, Cr. For colours in 0..1, Y' is in 16/255..235/255, Cb
        and Cr are in 16/255..240/255, and 128/255 where there is no colour. Nothing is
        clipped or rounded.
    """
    return _multiply(image, _FROM_RGB) + tf.constant(_BLACK, tf.float32)


def to_rgb(image: tf.Tensor) -> tf.Tensor:
    """Converts Y'CbCr back to R'G'B'.

    Args:
        image: float32 [..., 3]: Y', Cb, Cr as `from_rgb` returns them.

    Returns:
        float32 [..., 3]. Nothing is clipped, unlike in MATLAB's ycbcr2rgb: most of the
        range of Y'CbCr lies outside 0..1 in R'G'B'.
    """
    return _multiply(image - tf.constant(_BLACK, tf.float32), _TO_RGB)


def luma(image: tf.Tensor) -> tf.Tensor:
    """Returns the luma [...] of [..., 3] in full range: 0 is black and 1 white."""
    red, green, blue = tf.unstack(image, axis=-1)
    return float(_LUMA[0]) * red + float(_LUMA[1]) * green + float(_LUMA[2]) * blue


def _multiply(image: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """Multiplies each pixel, as a column, by the matrix."""
    pixels = tf.reshape(image, [-1, 3])
    product = tf.matmul(pixels, tf.constant(matrix.T, tf.float32))
    return tf.ensure_shape(tf.reshape(product, tf.shape(image)), image.shape)
