"""Distortions of tone and colour. The contract of images is that of the package."""

import math

import tensorflow as tf

from distortions import _ycbcr
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE
from distortions.reach import Reach

_FACTOR = Parameter(none=1, above=0, log=True)

SHIFT = Parameter(none=0, least=0, whole=True, unit="pixels")
# As far as the channel that moves most, plus one pixel for the blur.
SHIFTED = Reach(lambda *shifts: tf.reduce_max(shifts) + 1)


@kind(reach=POINTWISE, step=Parameter(none=1 / 255, above=0, most=1, log=True))
def quantization(image: tf.Tensor, step: Scalar) -> tf.Tensor:
    """Rounds each channel to the nearest multiple of a step, 0 among them (mid-tread).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        step: between neighbouring values, on the scale of [0, 1]; more than 0, at most
            1.

    Returns:
        The image with few tones, clipped to [0, 1]. If 1 is not a multiple of the step,
        white becomes the nearest multiple or stays 1, whichever is less. Over a photo
        the error is approximately uniform, with a standard deviation of step /
        sqrt(12).

    Raises:
        ValueError: if the step is not more than 0 and at most 1.

    RankIQA's supplement gives TID2013's quantization noise (#07) steps of 27, 39, 55
    and 76 of 255. Their released code does something else: Otsu's thresholds, with each
    bin mapped to its upper edge. A uniform step needs no histogram of the photo.
    """
    # Not image / step: a graph would turn that into this product, whose last bit may
    # differ, and a value halfway between two multiples would then go the other way.
    steps = tf.round(image * tf.cast(1 / step, tf.float32))
    return tf.minimum(steps * tf.cast(step, tf.float32), 1.0)


@kind(reach=POINTWISE, shift=Parameter(none=0, least=-1, most=1))
def mean_shift(image: tf.Tensor, shift: Scalar) -> tf.Tensor:
    """Adds a constant to all channels.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        shift: on the scale of [0, 1]; in -1..1, darker if negative.

    Returns:
        The lighter or darker image, clipped to [0, 1].

    Raises:
        ValueError: if the shift is not in -1..1.

    TID2013's mean shift (#16) goes both ways; RankIQA's supplement has 15, 30, 45 and
    60 of 255 either way.
    """
    return tf.clip_by_value(image + tf.cast(shift, tf.float32), 0.0, 1.0)


# It needs the photo's mean.
@kind(factor=_FACTOR)
def contrast_change(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales the differences from the mean of the photo.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: more than 0; less than 1 for less contrast, more than 1 for more.

    Returns:
        The image with another contrast, clipped to [0, 1]. The mean is a single number,
        over all channels of the whole photo, so a crop by itself would have another.

    Raises:
        ValueError: if the factor is not more than 0.

    TID2013's contrast change (#17) both raises and lowers contrast. RankIQA's
    supplement gives factors of 0.85 to 0.4 and 1.2 to 1.8; their released code scales
    about zero, which is `gain`. Scaling about the mean preserves brightness, and a mean
    over all channels preserves the tint.
    channels in common the tint does too.
    """
    mean = tf.reduce_mean(image)
    return tf.clip_by_value(
        mean + tf.cast(factor, tf.float32) * (image - mean), 0.0, 1.0
    )


@kind(reach=POINTWISE, factor=_FACTOR)
def gain(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Multiplies the image by a factor.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: more than 0; less than 1 is darker, more than 1 lighter.

    Returns:
        The darker or lighter image, clipped to [0, 1].

    Raises:
        ValueError: if the factor is not more than 0.

    This is what RankIQA's released code does for TID2013's contrast change (#17).
    """
    return tf.minimum(image * tf.cast(factor, tf.float32), 1.0)


@kind(reach=POINTWISE, factor=Parameter(none=1))
def saturation_change(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales Cb and Cr of BT.601 about their neutral value.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: 1 leaves the image unchanged, 0 makes it grey, and negative factors turn
            each hue to its opposite.

    Returns:
        The image with more or less colour, clipped to [0, 1] and otherwise with the
        same luma.

    Raises:
        ValueError: if the factor is not finite.

    TID2013's change of colour saturation (#18) is such a factor; RankIQA's supplement
    has 0.4, 0, -0.4 and -0.8. Their released code scales about 127.5 of 255, which
    tints the photo by half a step; here it is 128, which is neutral in BT.601.
    """
    # Cb and Cr are scaled differences from luma, so there is no need to convert.
    grey = _ycbcr.luma(image)[..., tf.newaxis]
    return tf.clip_by_value(
        grey + tf.cast(factor, tf.float32) * (image - grey), 0.0, 1.0
    )


@kind(reach=SHIFTED, red_shift=SHIFT, blue_shift=SHIFT)
def chromatic_aberration(
    image: tf.Tensor, red_shift: Scalar, blue_shift: Scalar
) -> tf.Tensor:
    """Shifts red and blue to the right of green, then blurs all three slightly.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        red_shift: of the red channel, in whole pixels; at least 0.
        blue_shift: of the blue channel, in whole pixels; at least 0.

    Returns:
        The image with coloured edges. Gaps at the left are filled with the leftmost
        pixel of the row. The blur is a Gaussian with a sigma of half a pixel, cut to 3
        x 3, with the image mirrored beyond its edges; it is applied even if both shifts
        are 0.

    Raises:
        ValueError: if a shift is not a whole number of at least 0.

    RankIQA's supplement gives TID2013's chromatic aberrations (#23) shifts of 2, 6, 10
    and 14 pixels in red and 1, 3, 5 and 7 in blue. Their released code also blurs, but
    shifts by one pixel less, and green instead of blue.
    """
    red, green, blue = tf.unstack(image, axis=-1)
    shifted = [_shift_right(red, red_shift), green, _shift_right(blue, blue_shift)]
    # One pixel beyond the edge, mirroring and repeating are the same.
    padded = tf.pad(tf.stack(shifted, axis=-1), [[1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    side = math.exp(-2) / (1 + 2 * math.exp(-2))  # exp(-d^2 / (2 sigma^2)) at d = 1
    middle = 1 - 2 * side
    rows = middle * padded[1:-1] + side * (padded[:-2] + padded[2:])
    blurred = middle * rows[:, 1:-1] + side * (rows[:, :-2] + rows[:, 2:])
    # The weights sum to 1 except for rounding, which may exceed [0, 1] by 1e-7.
    return tf.ensure_shape(tf.clip_by_value(blurred, 0.0, 1.0), image.shape)


def _shift_right(channel: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Shifts [height, width] by whole pixels; repeats the first pixel of each row."""
    width = tf.shape(channel)[1]
    uncovered = tf.minimum(shift, width)
    first = tf.repeat(channel[:, :1], uncovered, axis=1)
    return tf.concat([first, channel[:, : width - uncovered]], axis=1)
