"""Blurs. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _filters
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach


def kernel_radius(sigma: Scalar) -> tf.Tensor:
    """How many pixels away gaussian_blur looks; 6e-5 of the Gaussian lies beyond."""
    # To the nearest pixel, as scipy does.
    return tf.cast(tf.floor(4 * tf.cast(sigma, tf.float64) + 0.5), tf.int32)


SIGMA = Parameter(none=0, above=0, unit="pixels", log=True)

_WINDOW_RADIUS = 5


@kind(reach=Reach(kernel_radius), sigma=SIGMA)
def gaussian_blur(image: tf.Tensor, sigma: Scalar) -> tf.Tensor:
    """Convolves the image with a Gaussian, cut at four sigma.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: standard deviation of the Gaussian, in pixels; more than 0.

    Returns:
        The blurred image. Beyond its edges the image is mirrored, including the edge
        pixel and as often as necessary ("symmetric" in MATLAB, "reflect" in
        scipy.ndimage).

    Raises:
        ValueError: if sigma is not more than 0.
    """
    kernel = _filters.gaussian(sigma, kernel_radius(sigma))
    blurred = _filters.along_both_axes(image, kernel)
    return tf.clip_by_value(blurred, 0.0, 1.0)


@kind(reach=Reach(lambda _: _WINDOW_RADIUS), sigma=SIGMA)
def windowed_gaussian_blur(image: tf.Tensor, sigma: Scalar) -> tf.Tensor:
    """Convolves the image with a Gaussian of 11 x 11 pixels, black beyond the edges.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: standard deviation of the Gaussian before it is cut, in pixels; more
            than 0.

    Returns:
        The blurred image, with dark edges. A large sigma makes it a mean of 11 x 11.

    Raises:
        ValueError: if sigma is not more than 0.

    This is TID2013's Gaussian blur (#08), including its zero padding: with it, the
    measures that the data set publishes are reproduced to the last digit. Unless a data
    set is to be matched, `gaussian_blur` is better.
    """
    sides = [[_WINDOW_RADIUS, _WINDOW_RADIUS]] * 2
    framed = tf.pad(image, [*sides, [0, 0]])
    kernel = _filters.gaussian(sigma, tf.constant(_WINDOW_RADIUS))
    blurred = _filters.along_both_axes(framed, kernel)
    inside = slice(_WINDOW_RADIUS, -_WINDOW_RADIUS)
    return tf.clip_by_value(blurred[inside, inside], 0.0, 1.0)
