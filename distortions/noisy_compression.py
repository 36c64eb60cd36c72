"""Compression of noisy images. The contract of images is that of the package."""

import tensorflow as tf

from distortions import jpeg
from distortions import noise


def noisy_compression(
    image: tf.Tensor, variance: float, quality: int, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds white noise, then compresses as JPEG, which takes part of the noise away.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0.
        quality: of libjpeg, a whole number of 0..100.
        seed: int32 [2].

    Returns:
        The noisy image as it comes back from JPEG.

    Raises:
        ValueError: if variance or quality is out of range.

    TID2013 has "lossy compression of noisy images" (#21); which noise and coder its
    authors took we do not know. White noise and JPEG are our choice.
    """
    noisy = noise.white_noise(image, variance, seed=seed)
    return jpeg.jpeg(noisy, quality)
