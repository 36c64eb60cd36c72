"""Photos reduced and enlarged again, and pixelation.

The contract of images and parameters is that of the package. All of these work on sRGB
values, not on light, as most programs do. They need the whole photo, because the grid
of reduced pixels does not start anew in a crop.
"""

from collections.abc import Callable

import tensorflow as tf

from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind

_FACTOR = Parameter(none=1, least=1, log=True)


def _resampling(name: str, method: str, what: str) -> Callable[..., tf.Tensor]:
    """Makes the kind for a method of tf.image.resize; `what` describes the method."""

    def resampling(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
        sides = tf.shape(image)[:2]
        few = tf.round(tf.cast(sides, tf.float64) / factor)
        few = tf.maximum(tf.cast(few, tf.int32), 1)
        # Antialiasing keeps a reduced photo from skipping pixels; when enlarging it
        # would change nothing but take six times as long.
        reduced = tf.image.resize(image, few, method, antialias=True)
        enlarged = tf.image.resize(reduced, sides, method)
        return tf.clip_by_value(enlarged, 0.0, 1.0)

    resampling.__name__ = resampling.__qualname__ = name
    resampling.__doc__ = f"""Reduces the photo and enlarges it again, with {what}.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: ratio of the photo's sides to the reduced ones, which are rounded to
            whole pixels, but to at least one; at least 1.

    Returns:
        The image without the detail that was lost, clipped to [0, 1].

    Raises:
        ValueError: if the factor is not at least 1.

    Both steps use tf.image.resize; except for the nearest pixel, all filters give the
    pixels of Pillow's `Image.resize`, to a tenth of an 8-bit step.
    """
    return kind(factor=_FACTOR)(resampling)


# Single pixels stand for their surroundings: edges are jagged, lines appear and vanish.
resampling_nearest = _resampling("resampling_nearest", "nearest", "the nearest pixel")
resampling_bilinear = _resampling(
    "resampling_bilinear", "bilinear", "a triangle (bilinear)"
)
# Keys' cubic with a = -1/2.
resampling_bicubic = _resampling("resampling_bicubic", "bicubic", "a cubic (bicubic)")
# The sharpest, with a ripple along edges.
resampling_lanczos = _resampling(
    "resampling_lanczos", "lanczos3", "Lanczos's window of three pixels"
)


@kind(side=Parameter(none=1, least=1, whole=True, unit="pixels", log=True))
def pixelation(image: tf.Tensor, side: Scalar) -> tf.Tensor:
    """Replaces square blocks of pixels with their mean: a mosaic.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        side: of a block, in pixels; a whole number of at least 1.

    Returns:
        The image in blocks, counted from the top left; those at the right and bottom
        may be smaller.

    Raises:
        ValueError: if the side is not a whole number of at least 1.
    """
    for _ in range(2):
        length, width = tf.unstack(tf.shape(image)[:2])
        blocks = tf.range(length) // side
        means = tf.math.segment_mean(tf.reshape(image, [length, width * 3]), blocks)
        image = tf.reshape(tf.gather(means, blocks), [length, width, 3])
        image = tf.transpose(image, [1, 0, 2])
    # The mean of equal numbers may be off by 1e-7.
    return tf.clip_by_value(image, 0.0, 1.0)
