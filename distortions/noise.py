"""Noises. The contract of images, parameters and seeds is that of the package."""

import math

import tensorflow as tf


def white_noise(image: tf.Tensor, variance: float, *, seed: tf.Tensor) -> tf.Tensor:
    """Adds normal noise, independent from pixel to pixel and channel to channel.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1] as MATLAB's imnoise does, which makes the
        variance smaller in shadows and highlights.

    Raises:
        ValueError: if the variance is less than 0.
    """
    if not 0 <= variance < math.inf:
        raise ValueError(f"variance must be at least 0, not {variance}")
    noise = tf.random.stateless_normal(
        tf.shape(image), seed, stddev=math.sqrt(variance)
    )
    return tf.clip_by_value(image + noise, 0.0, 1.0)
