"""Mirrors at the edges of an image."""

import tensorflow as tf


def mirrored(places: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Finds the pixels that stand in for places beyond the edges.

    Args:
        places: int32, counted along a side of the image; of any shape.
        side: int32 scalar, how many pixels there are; 1 or more.

    Returns:
        int32 like `places`, in 0..side - 1. The edge pixel is mirrored too, as often as
        needed: pixels repeat every two sides, 0 1 2 2 1 0 | 0 1 2 2 1 0 | ...
    """
    places = tf.math.floormod(places, 2 * side)
    return tf.minimum(places, 2 * side - 1 - places)
