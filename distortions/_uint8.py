"""The step from float32 in [0, 1] to the bytes that image files hold, and back."""

import tensorflow as tf


def from_float(image: tf.Tensor) -> tf.Tensor:
    """Rounds [0, 1] to the nearest of the 256 steps."""
    return tf.cast(tf.round(image * 255.0), tf.uint8)


def to_float(pixels: tf.Tensor) -> tf.Tensor:
    """Takes 0..255 back to [0, 1], both ends exactly."""
    return tf.cast(pixels, tf.float32) / 255.0
