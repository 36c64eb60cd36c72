"""Photos that were made smaller and larger again, and coarse pixels.

The contract of images and parameters is that of the package. All of these take values
of sRGB, not light, as most programs do. They need the whole photo, as its pixels do not
begin anew where a crop does.
"""

from collections.abc import Callable

import tensorflow as tf

from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind

_FACTOR = Parameter(none=1, least=1, log=True)


def _resampling(name: str, method: str, what: str) -> Callable[..., tf.Tensor]:
    """Makes the kind of a method of tf.image.resize; `what` says what it is."""

    def resampling(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
        sides = tf.shape(image)[:2]
        few = tf.round(tf.cast(sides, tf.float64) / factor)
        few = tf.maximum(tf.cast(few, tf.int32), 1)
        # Antialiasing is what keeps a reduced photo from missing pixels; where a photo
        # is enlarged it would change nothing but take six times as long.
        reduced = tf.image.resize(image, few, method, antialias=True)
        enlarged = tf.image.resize(reduced, sides, method)
        return tf.clip_by_value(enlarged, 0.0, 1.0)

    resampling.__name__ = resampling.__qualname__ = name
    resampling.__doc__ = f"""Reduces the photo and enlarges it again, by {what}.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: of the photo's sides to those of the small one, which are rounded to
            whole pixels, of which there is at least one; at least 1.

    Returns:
        The image without what the small one could not hold, clipped to [0, 1].

    Raises:
        ValueError: if the factor is not at least 1.

    tf.image.resize does it, both ways; of all filters but that of the nearest pixel its
    pixels are those of Pillow's `Image.resize`, to a tenth of a step of 8 bits.
    """
    return kind(factor=_FACTOR)(resampling)


# Both times one pixel stands for all about it: jagged edges, and lines come and go.
resampling_nearest = _resampling("resampling_nearest", "nearest", "the nearest pixel")
resampling_bilinear = _resampling(
    "resampling_bilinear", "bilinear", "a triangle (bilinear)"
)
# Keys's cubic with a = -1/2.
resampling_bicubic = _resampling("resampling_bicubic", "bicubic", "a cubic (bicubic)")
# The sharpest, with a ripple along edges.
resampling_lanczos = _resampling(
    "resampling_lanczos", "lanczos3", "Lanczos's window of three pixels"
)


@kind(side=Parameter(none=1, least=1, whole=True, unit="pixels", log=True))
def pixelation(image: tf.Tensor, side: Scalar) -> tf.Tensor:
    """Shows square blocks of pixels as their mean: a mosaic.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        side: of a block, in pixels; a whole number of at least 1.

    Returns:
        The image in blocks, counted from the top left; those at the right and at the
        bottom may be smaller.

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
