"""CIELAB of sRGB, relative to its white, D65."""

import numpy as np
import tensorflow as tf

from distortions.camera import light

# IEC 61966-2-1: X, Y and Z of the light of red, green and blue.
_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
# Divided by those of white, so that white is 1, 1, 1.
_RELATIVE = _XYZ / _XYZ.sum(axis=1, keepdims=True)
# CIE 15: L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) - f(Z)).
_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]])
_BLACK = np.array([16, 0, 0])
# Where f, a cube root, turns into a line that is tangent to it.
_KNEE = 6 / 29
_SLOPE = 1 / (3 * _KNEE**2)


def from_rgb(image: tf.Tensor) -> tf.Tensor:
    """Converts sRGB values to CIELAB.

    Args:
        image: float32 [height, width, 3], in [0, 1].

    Returns:
        float32 [height, width, 3]: L*, of 0..100, a* and b*.
    """
    relative = _multiplied(light.to_linear(image), _RELATIVE)
    root = tf.exp(1 / 3 * tf.math.log(tf.maximum(relative, _KNEE**3)))
    # Computes both parts for all numbers, clamped to the knee: tf.where is slow.
    roots = root + (tf.minimum(relative, _KNEE**3) - _KNEE**3) * _SLOPE
    return _multiplied(roots, _LAB) - tf.constant(_BLACK, tf.float32)


def to_rgb(lab: tf.Tensor) -> tf.Tensor:
    """Converts CIELAB to sRGB values, clipped to [0, 1] in linear light.

    Args:
        lab: float32 [height, width, 3], L*, a* and b* of any value.
    """
    roots = _multiplied(lab + tf.constant(_BLACK, tf.float32), np.linalg.inv(_LAB))
    upper = tf.maximum(roots, _KNEE)
    line = (tf.minimum(roots, _KNEE) - _KNEE) * (1 / _SLOPE)
    relative = upper * upper * upper + line
    return light.from_linear(_multiplied(relative, np.linalg.inv(_RELATIVE)))


def with_lightness(lab: tf.Tensor, lightness: tf.Tensor) -> tf.Tensor:
    """Replaces the L* of CIELAB with another, [height, width, 1]."""
    return tf.concat([lightness, lab[..., 1:]], axis=-1)


def _multiplied(image: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """Multiplies each pixel, as a column, by the matrix."""
    pixels = tf.matmul(tf.reshape(image, [-1, 3]), tf.constant(matrix.T, tf.float32))
    return tf.ensure_shape(tf.reshape(pixels, tf.shape(image)), image.shape)
