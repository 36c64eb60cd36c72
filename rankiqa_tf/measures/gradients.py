"""Luma and gradient magnitude, as used by the structural measures."""

import numpy as np
import tensorflow as tf

_PREWITT = np.array([[1.0, 0.0, -1.0]] * 3, np.float32) / 3


def luma(images: tf.Tensor) -> tf.Tensor:
    """Returns BT.601 luma, [N, h, w, 1], of RGB [N, h, w, 3], in the same range."""
    return tf.image.rgb_to_grayscale(images)


def mean_of_4(maps: tf.Tensor) -> tf.Tensor:
    """Averages each pixel with those right, below and diagonal; 0 beyond the edge."""
    edge = [0, 1]
    padded = tf.pad(maps, [[0, 0], edge, edge, [0, 0]])
    return tf.nn.avg_pool2d(padded, 2, 1, "VALID")


def halved(maps: tf.Tensor) -> tf.Tensor:
    """Returns every second of those means along both sides."""
    return mean_of_4(maps)[:, ::2, ::2]


def steepness(maps: tf.Tensor) -> tf.Tensor:
    """Returns the magnitude of Prewitt's gradient of [N, h, w, 1], zero-padded."""
    kernels = np.stack([_PREWITT, _PREWITT.T], -1)[:, :, np.newaxis]
    slopes = tf.nn.conv2d(maps, kernels, 1, "SAME")
    return tf.sqrt(tf.reduce_sum(tf.square(slopes), -1, keepdims=True))


def similarity(first: tf.Tensor, second: tf.Tensor, constant: float) -> tf.Tensor:
    """Returns 1 where two maps are equal, less the more they differ; never below 0.

    `constant` reduces the effect of differences between small values.
    """
    products = 2 * first * second + constant
    return products / (tf.square(first) + tf.square(second) + constant)
