"""Misplaced pixels. The contract of images and seeds is that of the package."""

import tensorflow as tf

from distortions import chance
from distortions import mirror
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

_PASSES = 5
# In standard deviations; one number in 16,000 would be further out.
_FARTHEST = 4


def _margin(deviation: Scalar) -> tf.Tensor:
    """How far pixels are moved, plus one for interpolation, over all passes."""
    farthest = tf.math.ceil(_FARTHEST * tf.cast(deviation, tf.float64))
    return _PASSES * (tf.cast(farthest, tf.int32) + 1)


@kind(
    reach=Reach(_margin),
    deviation=Parameter(none=0, least=0, unit="pixels", log=True),
)
def jitter(image: tf.Tensor, deviation: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Takes each pixel from a random nearby place, five times in a row.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        deviation: standard deviation of the displacement along each axis, each time, in
            pixels; at least 0.
        seed: int32 [2].

    Returns:
        The image with frayed edges. All channels of a pixel move together, with linear
        interpolation between pixels; beyond its edges the image is mirrored.

    Raises:
        ValueError: if the deviation is less than 0.

    This is KADID-10k's jitter (imscatter of its generator): normal displacements,
    independent from pixel to pixel, in five passes. There the interpolation is cubic.
    Here displacements are cut at four deviations, so that a crop does not need the
    whole photo.
    """
    seeds = chance.split(seed, _PASSES)
    for index in range(_PASSES):
        image = _displaced(image, tf.cast(deviation, tf.float32), seeds[index])
    return tf.clip_by_value(image, 0.0, 1.0)


def _displaced(image: tf.Tensor, deviation: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """One pass."""
    height, width = tf.unstack(tf.shape(image)[:2])
    drawn = chance.normal(tf.stack([2, height, width]), seed)
    down, right = tf.unstack(deviation * tf.clip_by_value(drawn, -_FARTHEST, _FARTHEST))
    # Whole pixels and fractions are separated before positions are added, so that a
    # crop has exactly the same fractions as the photo.
    rows, below = _whole_and_part(down)
    columns, beyond = _whole_and_part(right)
    rows += tf.range(height)[:, tf.newaxis]
    columns += tf.range(width)
    pixels = tf.reshape(image, [-1, 3])
    upper, lower = (mirror.mirrored(rows + i, height) * width for i in (0, 1))
    left, other = (mirror.mirrored(columns + i, width) for i in (0, 1))

    def across(row: tf.Tensor) -> tf.Tensor:
        first = tf.gather(pixels, row + left)
        return first + beyond * (tf.gather(pixels, row + other) - first)

    first = across(upper)
    return tf.ensure_shape(first + below * (across(lower) - first), image.shape)


def _whole_and_part(shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Splits into whole pixels, int32 [height, width], and fractions, [..., 1]."""
    whole = tf.floor(shift)
    return tf.cast(whole, tf.int32), (shift - whole)[..., tf.newaxis]
