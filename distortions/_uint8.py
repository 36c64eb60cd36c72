"""Conversion from float32 in [0, 1] to bytes, as in image files, and back."""

import tensorflow as tf


def from_float(image: tf.Tensor) -> tf.Tensor:
    """Rounds [0, 1] to the nearest of 256 levels."""
    return tf.cast(tf.round(image * 255.0), tf.uint8)


def to_float(pixels: tf.Tensor) -> tf.Tensor:
    """Converts 0..255 to [0, 1], exact at both ends."""
    return tf.cast(pixels, tf.float32) / 255.0
