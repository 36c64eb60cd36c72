"""Two distortions in a row, as LIVE's multiply distorted images have them.

The contract of images, parameters and seeds is that of the package.
"""

import tensorflow as tf

from distortions.blur import gaussian_blur
from distortions.jpeg import jpeg
from distortions.noise import white_noise


def blur_and_jpeg(image: tf.Tensor, sigma: float, quality: int) -> tf.Tensor:
    """Blurs the image, as a lens out of focus, and compresses it as JPEG.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: of `blur.gaussian_blur`, in pixels; more than 0.
        quality: of `jpeg.jpeg`, 0..100.

    Returns:
        The distorted image.

    Raises:
        ValueError: if sigma or quality is out of range.
    """
    return jpeg(gaussian_blur(image, sigma), quality)


def blur_and_noise(
    image: tf.Tensor, sigma: float, variance: float, *, seed: tf.Tensor
) -> tf.Tensor:
    """Blurs the image, as a lens out of focus, and adds a sensor's noise.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: of `blur.gaussian_blur`, in pixels; more than 0.
        variance: of `noise.white_noise`, on the scale of [0, 1]; at least 0.
        seed: int32 [2].

    Returns:
        The distorted image.

    Raises:
        ValueError: if sigma or variance is out of range.
    """
    return white_noise(gaussian_blur(image, sigma), variance, seed=seed)
