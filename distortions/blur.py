"""Blurs. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _filters
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach


def kernel_radius(sigma: Scalar) -> tf.Tensor:
    """How many pixels gaussian_blur looks away; 6e-5 of the Gaussian lie beyond."""
    # To the nearest pixel, as scipy does.
    return tf.cast(tf.floor(4 * tf.cast(sigma, tf.float64) + 0.5), tf.int32)


SIGMA = Parameter(none=0, above=0, unit="pixels", log=True)


@kind(reach=Reach(kernel_radius), sigma=SIGMA)
def gaussian_blur(image: tf.Tensor, sigma: Scalar) -> tf.Tensor:
    """Convolves the image with a Gaussian, cut at four sigma.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: standard deviation of the Gaussian, in pixels; more than 0.

    Returns:
        The blurred image. Beyond its edges the image is taken as mirrored, edge
        pixel included and as often as it takes ("symmetric" in MATLAB, "reflect"
        in scipy.ndimage).

    Raises:
        ValueError: if sigma is not more than 0.
    """
    kernel = _filters.gaussian(sigma, kernel_radius(sigma))
    return _filters.along_both_axes(image, kernel)
