"""Luma and how steep it is, as the measures of structure take them."""

import numpy as np
import tensorflow as tf

_PREWITT = np.array([[1.0, 0.0, -1.0]] * 3, np.float32) / 3


def luma(images: tf.Tensor) -> tf.Tensor:
    """BT.601's luma of RGB [N, h, w, 3], [N, h, w, 1], in the images' own range."""
    return tf.image.rgb_to_grayscale(images)


def mean_of_4(maps: tf.Tensor) -> tf.Tensor:
    """The mean of each pixel and those beside and below it, 0 beyond the edge."""
    edge = [0, 1]
    padded = tf.pad(maps, [[0, 0], edge, edge, [0, 0]])
    return tf.nn.avg_pool2d(padded, 2, 1, "VALID")


def halved(maps: tf.Tensor) -> tf.Tensor:
    """Every second of those means, along both sides."""
    return mean_of_4(maps)[:, ::2, ::2]


def steepness(maps: tf.Tensor) -> tf.Tensor:
    """The length of Prewitt's gradient of [N, h, w, 1], 0 around the image."""
    kernels = np.stack([_PREWITT, _PREWITT.T], -1)[:, :, np.newaxis]
    slopes = tf.nn.conv2d(maps, kernels, 1, "SAME")
    return tf.sqrt(tf.reduce_sum(tf.square(slopes), -1, keepdims=True))


def similarity(first: tf.Tensor, second: tf.Tensor, constant: float) -> tf.Tensor:
    """1 where two maps are equal, less the more they differ; never below 0.

    `constant` is what makes differences between small values count less.
    """
    products = 2 * first * second + constant
    return products / (tf.square(first) + tf.square(second) + constant)
