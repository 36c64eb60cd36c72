"""RankIQA's released MATLAB code, where it differs from the paper.

For comparisons; the contract of images, parameters and seeds is that of the package.
The files (xialeiliu/RankIQA, data/data_generator) were read, not run: random noise has
other values here, and MATLAB's `multithresh` searches for what this module solves.
"""

import math

import numpy as np
import tensorflow as tf

from distortions import _filters
from distortions import _ycbcr
from distortions import chance
from distortions import color
from distortions import denoising
from distortions import noise
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE
from distortions.reach import Reach

_PATCH = 15
_MOVED = 5
_BLOCK = 32

_COUNT = Parameter(none=0, least=0, whole=True)


@kind(
    reach=Reach(lambda size: tf.cast(size, tf.int32) // 2),
    static=True,  # Half of the sizes between two levels are even.
    size=Parameter(none=1, least=1, whole=True, unit="pixels", log=True),
)
def gaussian_blur(image: tf.Tensor, size: int) -> tf.Tensor:
    """Blurs with fspecial('gaussian', size, size / 6), which is cut at three sigma.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        size: side of the kernel in pixels; an odd whole number.

    Returns:
        The blurred image, mirrored beyond its edges ('symmetric').

    Raises:
        ValueError: if the size is not an odd whole number.
    """
    if size % 2 != 1:
        raise ValueError(f"size must be an odd whole number of pixels, not {size}")
    return _blurred(image, size / 6, size // 2)


# The histogram is that of the whole photo.
@kind(
    static=True, thresholds=Parameter(none=20, least=1, most=20, whole=True, log=True)
)
def histogram_quantization(image: tf.Tensor, thresholds: int) -> tf.Tensor:
    """Quantizes at Otsu's thresholds, each bin to its upper edge (TID2013's #07).

    The thresholds divide the joint histogram of the three channels into classes with
    minimum variance. Values up to the first threshold become 0, those above the last
    one 1, and all others the next threshold above them.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        thresholds: number of thresholds, a whole number in 1..20. There is one value
            more.

    Returns:
        The quantized image. It is too light by up to a whole bin, and 5 dB worse than
        uniform quantization with the same number of values.

    Raises:
        ValueError: if the number is not in 1..20.
    """
    pixels = tf.cast(tf.round(image * 255), tf.int32)
    counts = tf.math.bincount(tf.reshape(pixels, [-1]), minlength=256, maxlength=256)
    # For values first..last: count, sum, and what a class contributes to the variance
    # between classes, sum^2 / count. Its largest total is the smallest variance within.
    counts = tf.cast(counts, tf.float64)
    count = _over_ranges(counts)
    total = _over_ranges(counts * tf.range(256, dtype=tf.float64))
    gain = tf.math.divide_no_nan(total**2, count)  # [first, last]
    gain = tf.where(np.triu(np.ones((256, 256), bool)), gain, -math.inf)
    best = gain[0]  # [last], with one class.
    ends = []  # For each number of classes, where the last but one ends.
    for _ in range(thresholds):
        # Earlier classes end at e, the new one covers e + 1 to last.
        longer = best[:-1, tf.newaxis] + gain[1:]  # [e, last]
        ends.append(tf.argmax(longer, axis=0, output_type=tf.int32))
        best = tf.reduce_max(longer, axis=0)
    found = []
    last = tf.constant(255)
    for end in reversed(ends):
        last = end[last]
        found.append(last)
    edges = tf.stack(found[::-1])  # Ascending.
    values = tf.concat([[0], edges[1:], [255]], 0)
    bins = tf.searchsorted(edges, tf.reshape(pixels, [-1]), side="left")
    quantized = tf.cast(tf.gather(values, bins), tf.float32) / 255
    return tf.ensure_shape(tf.reshape(quantized, tf.shape(image)), image.shape)


# The second noise is fixed relative to the photo's top left corner.
@kind(variance=Parameter(none=0, least=0, log=True))
def denoising_twice_noisy(
    image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds noise, then BM3D's demonstration noise, then denoises (TID2013's #09).

    The second noise, with a standard deviation of 25 of 255, is a leftover of the
    demonstration, with its own seed: it is the same in every image of a size. The
    denoiser is always set to 25. The original uses BM3D, whose licence forbids
    commercial use; here it is `denoising.dct_denoise`.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the first noise, on the scale of [0, 1]; at least 0.
        seed: int32 [2], of the first noise.

    Returns:
        The denoised image.

    Raises:
        ValueError: if the variance is less than 0.
    """
    noisy = noise.white_noise(image, variance, seed=seed)
    noisy = noise.white_noise(noisy, (25 / 255) ** 2, seed=(0, 0))
    return denoising.dct_denoise(noisy, 25 / 255)


# The count is per photo.
@kind(count=_COUNT)
def moved_patches(image: tf.Tensor, count: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Copies patches of 15 x 15 from five pixels below and right (TID2013's #14).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        count: number of patches, whatever the size of the photo; a whole number of at
            least 0.
        seed: int32 [2].

    Returns:
        The image with patches of itself. Their corners are drawn from all but the last
        30 rows and columns, so the last 16 are never touched; an image of 30 pixels or
        fewer has its corners in the first row or column.

    Raises:
        ValueError: if the count is not a whole number of at least 0.
    """
    tops, lefts = _corners(tf.shape(image)[:2], 30, count, seed)
    height, width = tf.unstack(tf.shape(image)[:2])
    covered = _covered(height, width, tops, lefts, _PATCH) > 0
    # In a small image, where nothing lies five pixels further, its edge is used.
    rows = tf.minimum(tf.range(height) + _MOVED, height - 1)
    columns = tf.minimum(tf.range(width) + _MOVED, width - 1)
    moved = tf.gather(tf.gather(image, rows), columns, axis=1)
    patched = tf.where(covered[..., tf.newaxis], moved, image)
    return tf.ensure_shape(patched, image.shape)


@kind(
    count=_COUNT,
    red_factor=Parameter(none=1, least=0, most=1),
    red_shift=Parameter(none=0, least=0, most=1),
)
def mean_colour_blocks(
    image: tf.Tensor,
    count: Scalar,
    red_factor: Scalar,
    red_shift: Scalar,
    *,
    seed: tf.Tensor,
) -> tf.Tensor:
    """Adds blocks of 32 x 32 in about the photo's mean colour (TID2013's #15).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        count: number of blocks, whatever the size of the photo; a whole number of at
            least 0.
        red_factor: factor on the mean of red; in 0..1.
        red_shift: added to it afterwards, on the scale of [0, 1]; in 0..1.
        seed: int32 [2].

    Returns:
        The image with blocks.

    Raises:
        ValueError: if a parameter is out of range.
    """
    tops, lefts = _corners(tf.shape(image)[:2], _BLOCK, count, seed)
    height, width = tf.unstack(tf.shape(image)[:2])
    covered = _covered(height, width, tops, lefts, _BLOCK) > 0
    mean = tf.reduce_mean(image, axis=(0, 1))
    factors = tf.cast(tf.stack([red_factor, 1.0, 1.0]), tf.float32)
    shifts = tf.cast(tf.stack([red_shift, 0.0, 0.0]), tf.float32)
    colour = tf.minimum(mean * factors + shifts, 1.0)
    blocked = tf.where(covered[..., tf.newaxis], colour, image)
    return tf.ensure_shape(blocked, image.shape)


@kind(reach=POINTWISE, factor=Parameter(none=1))
def tinted_saturation_change(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales Cb and Cr about 127.5 of 255 instead of 128 (TID2013's #18).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: 1 leaves the image unchanged.

    Returns:
        The image more or less colourful, with a tint of (1 - factor) half steps.

    Raises:
        ValueError: if the factor is not finite.
    """
    planes = _ycbcr.from_rgb(image)
    scaled = 0.5 + tf.cast(factor, tf.float32) * (planes[..., 1:] - 0.5)
    changed = _ycbcr.to_rgb(tf.concat([planes[..., :1], scaled], -1))
    return tf.clip_by_value(changed, 0.0, 1.0)


@kind(reach=color.SHIFTED, red_shift=color.SHIFT, green_shift=color.SHIFT)
def red_and_green_shift(
    image: tf.Tensor, red_shift: Scalar, green_shift: Scalar
) -> tf.Tensor:
    """Shifts red and green (not blue) to the right, then blurs (TID2013's #23).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        red_shift: of the red channel, in whole pixels; at least 0.
        green_shift: of the green channel, in whole pixels; at least 0.

    Returns:
        The image with coloured edges. The leftmost columns keep their values. The blur
        is a Gaussian with a sigma of half a pixel, cut to 3 x 3.

    Raises:
        ValueError: if a shift is not a whole number of at least 0.
    """
    column = tf.range(tf.shape(image)[1])
    channels = []
    for channel, shift in enumerate((red_shift, green_shift, 0)):
        source = tf.where(column < shift, column, column - shift)
        channels.append(tf.gather(image[..., channel], source, axis=1))
    shifted = tf.ensure_shape(tf.stack(channels, -1), image.shape)
    return _blurred(shifted, 0.5, 1)


def _blurred(image: tf.Tensor, sigma: float, radius: int) -> tf.Tensor:
    """Blurs the image with a Gaussian cut at this radius."""
    kernel = _filters.gaussian(sigma, radius)
    return tf.clip_by_value(_filters.along_both_axes(image, kernel), 0.0, 1.0)


def _over_ranges(values: tf.Tensor) -> tf.Tensor:
    """From [n] to [n, n]: the sums of values first..last."""
    sums = tf.math.cumsum(values)
    return sums[tf.newaxis] - (sums - values)[:, tf.newaxis]


def _corners(
    sides: tf.Tensor, kept: int, count: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws top left corners, excluding the last rows and columns."""
    seeds = chance.split(seed, 2)
    tops, lefts = (
        chance.whole([count], seeds[axis], tf.maximum(sides[axis] - kept, 1))
        for axis in range(2)
    )
    return tops, lefts


def _covered(
    height: tf.Tensor, width: tf.Tensor, tops: tf.Tensor, lefts: tf.Tensor, side: int
) -> tf.Tensor:
    """Returns how many blocks cover each pixel, int32 [height, width]."""
    rows = (tf.range(height) >= tops[:, None]) & (
        tf.range(height) < tops[:, None] + side
    )
    columns = (tf.range(width) >= lefts[:, None]) & (
        tf.range(width) < lefts[:, None] + side
    )
    return tf.matmul(
        tf.cast(rows, tf.float32), tf.cast(columns, tf.float32), transpose_a=True
    )
