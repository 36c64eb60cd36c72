"""Mirroring at the edges of an image."""

import tensorflow as tf


def mirrored(places: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Returns the pixels that stand in for positions beyond the edges.

    Args:
        places: int32, positions along a side of the image; any shape.
        side: int32 scalar, number of pixels along that side; 1 or more.

    Returns:
        int32 like `places`, in 0..side - 1. The edge pixel is mirrored too, as often as
        needed: pixels repeat every two sides, 0 1 2 2 1 0 | 0 1 2 2 1 0 | ...
    """
    places = tf.math.floormod(places, 2 * side)
    return tf.minimum(places, 2 * side - 1 - places)
