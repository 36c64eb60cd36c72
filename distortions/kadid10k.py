"""Kinds of KADID-10k that this package does not have in another form.

The contract of images, parameters and seeds is that of the package. What they do was
read from copies of the published MATLAB generator (imdist_generator; Lin, Hosu and
Saupe, "KADID-10k: a large-scale artificially distorted IQA database", QoMEX 2019) and
implemented independently here. All kinds work on sRGB values. Two things differ in
every kind: the generator stretches each photo, and its result, to the full range of
values (mapmm), so that some of its noise also changes the contrast; and it repeats edge
pixels ("replicate"), while these functions mirror them.
"""

import math

import tensorflow as tf

from distortions import _filters
from distortions import _lab
from distortions import chance
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE
from distortions.reach import Reach

# Blurs.


def _disk_radius(radius: Scalar) -> tf.Tensor:
    """How far away the outermost pixel is that a disk more than touches."""
    return tf.cast(tf.math.ceil(tf.cast(radius, tf.float64) - 0.5), tf.int32)


@kind(
    reach=Reach(_disk_radius),
    radius=Parameter(none=0, above=0, unit="pixels", log=True),
)
def lens_blur(image: tf.Tensor, radius: Scalar) -> tf.Tensor:
    """Averages over a disk, like fspecial('disk', radius).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        radius: of the disk, in pixels; more than 0. Up to half a pixel it has no
            effect.

    Returns:
        The blurred image.

    Raises:
        ValueError: if the radius is not more than 0.

    A pixel's weight is exactly the part of its area that lies within the disk.
    """
    whole = _disk_radius(radius)
    edges = tf.cast(tf.range(-whole, whole + 2), tf.float64) - 0.5
    # The part of the disk between two edges in both directions.
    within = _disk_from_axes(edges[:, tf.newaxis], edges, radius)
    kernel = within[1:, 1:] - within[1:, :-1] - within[:-1, 1:] + within[:-1, :-1]
    return _blurred(image, kernel)


def _disk_from_axes(down: tf.Tensor, right: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Area of a disk between both axes and these positions; odd in each of them."""
    rows = tf.minimum(tf.abs(down), radius)
    columns = tf.minimum(tf.abs(right), radius)

    def under_circle(place: tf.Tensor) -> tf.Tensor:
        # The integral of sqrt(radius^2 - x^2) from 0.
        share = tf.clip_by_value(place / radius, 0.0, 1.0)
        return radius**2 / 2 * (share * tf.sqrt(1 - share**2) + tf.asin(share))

    # Up to where the circle reaches this row, the area is a rectangle.
    flat = tf.minimum(columns, tf.sqrt(tf.maximum(radius**2 - rows**2, 0)))
    area = rows * flat + under_circle(columns) - under_circle(flat)
    return tf.sign(down) * tf.sign(right) * area


def _line_radius(length: Scalar) -> tf.Tensor:
    """How far away the outermost pixel is whose distance from a line is below one."""
    half = (tf.cast(length, tf.float64) - 1) / 2
    return tf.cast(tf.math.ceil(half), tf.int32)


# Levels of a photo share the direction: a long blur along its lines does no harm.
@kind(
    reach=Reach(_line_radius),
    events=True,
    length=Parameter(none=1, least=1, unit="pixels", log=True),
)
def motion_blur(image: tf.Tensor, length: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Averages along a line of random direction, like fspecial('motion', length, a).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        length: of the line, in pixels, including the first and the last; at least 1.
        seed: int32 [2]; the same seed gives the same direction for any length.

    Returns:
        The blurred image. At a length of 1 it is unchanged.

    Raises:
        ValueError: if the length is not at least 1 pixel.

    A pixel's weight is 1 minus its distance from the line, at least 0. MATLAB computes
    the distance differently for a few pixels at the ends, and the generator uses whole
    degrees.
    """
    half = (length - 1) / 2
    radius = _line_radius(length)
    angle = math.pi * tf.cast(chance.uniform([], seed), tf.float64)
    places = tf.cast(tf.range(-radius, radius + 1), tf.float64)
    rows, columns = tf.meshgrid(places, places, indexing="ij")
    along = columns * tf.cos(angle) - rows * tf.sin(angle)  # Rows count downwards.
    beside = columns * tf.sin(angle) + rows * tf.cos(angle)
    beyond = tf.maximum(tf.abs(along) - half, 0)
    kernel = tf.maximum(1 - tf.sqrt(tf.square(beside) + tf.square(beyond)), 0)
    # Avoids rounding errors.
    return tf.where(length == 1, image, _blurred(image, kernel))


def _blurred(image: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Filters with a kernel, normalised to a sum of 1."""
    blurred = _filters.convolved(image, kernel / tf.reduce_sum(kernel))
    return tf.clip_by_value(blurred, 0.0, 1.0)


# Colours.


@kind(reach=POINTWISE, factor=Parameter(none=1))
def hsv_saturation(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales the saturation in HSV (imcolorsaturate).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: 1 leaves the image unchanged, 0 makes it grey; negative factors give
            opposite hues, lighter than they were.

    Returns:
        The image more or less colourful, clipped to [0, 1].

    Raises:
        ValueError: if the factor is not finite.

    In HSV each channel is below the value, that of the largest channel, by saturation
    times value times a fraction given by the hue: all three move towards it in
    proportion.
    """
    value = tf.reduce_max(image, axis=-1, keepdims=True)
    changed = value + tf.cast(factor, tf.float32) * (image - value)
    return tf.clip_by_value(changed, 0.0, 1.0)


@kind(reach=POINTWISE, factor=Parameter(none=1, least=0, log=True))
def lab_saturation(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales a* and b* of CIELAB (imsaturate).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: 1 leaves the image unchanged, 0 makes it grey; at least 0.

    Returns:
        The image more or less colourful, clipped to [0, 1] in linear light.

    Raises:
        ValueError: if the factor is less than 0.
    """
    lab = _lab.from_rgb(image)
    colors = tf.cast(factor, tf.float32) * lab[..., 1:]
    changed = _lab.to_rgb(tf.concat([lab[..., :1], colors], axis=-1))
    return tf.where(factor == 1, image, changed)  # Avoids rounding errors.


# Tones.

_AMOUNT = Parameter(none=0, least=0)


def _bent(values: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """The parabola through (0, 0), (1/2, 1/2 + amount / 2), (1, 1), clipped to 0..1."""
    bent = values + tf.cast(2 * amount, tf.float32) * values * (1 - values)
    return tf.clip_by_value(bent, 0.0, 1.0)


@kind(reach=POINTWISE, amount=_AMOUNT)
def brighten(image: tf.Tensor, amount: Scalar) -> tf.Tensor:
    """Raises the middle tones (imbrighten).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: a tone of 1/2 becomes 1/2 + amount / 2; at least 0. Black and white
            stay; values that the curve raises above white are clipped.

    Returns:
        The lighter image: the curve applied to each channel, with a weight of two
        thirds, and to lightness in CIELAB, with a weight of one third.

    Raises:
        ValueError: if the amount is less than 0.

    The generator's curve is MATLAB's spline through three points, a parabola.
    """
    lab = _lab.from_rgb(image)
    lightness = 100 * _bent(lab[..., :1] / 100, amount)
    lighter = _lab.to_rgb(_lab.with_lightness(lab, lightness))
    return tf.clip_by_value((2 * _bent(image, amount) + lighter) / 3, 0.0, 1.0)


@kind(reach=POINTWISE, amount=_AMOUNT)
def darken(image: tf.Tensor, amount: Scalar) -> tf.Tensor:
    """Lowers the middle tones (imdarken).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: a tone of 1/2 becomes 1/2 - amount / 2; at least 0. Black and white
            stay; values that the curve lowers below black are clipped.

    Returns:
        The darker image, with the curve applied to each channel.

    Raises:
        ValueError: if the amount is less than 0.
    """
    return _bent(image, -amount)


@kind(reach=POINTWISE, amount=Parameter(none=-0.2, least=-1, most=1))
def contrast_curve(image: tf.Tensor, amount: Scalar) -> tf.Tensor:
    """Applies an S-shaped tone curve for more contrast, or its opposite (imcontrastc).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: tones of 0.3 and 0.7 become 0.25 - amount / 4 and 0.75 + amount / 4; in
            -1..1. The image is unchanged at -0.2, not at 0.

    Returns:
        The image with more contrast above -0.2 and less below, clipped to [0, 1].

    Raises:
        ValueError: if the amount is not in -1..1.

    The generator's curve is MATLAB's spline (not-a-knot) through five points, symmetric
    about (1/2, 1/2). Such a spline is a single cubic about that point.
    """
    # Through (1/2, 1/2) and (1, 1) with the third power's factor c the slope in the
    # middle is 1 - c / 4; 0.2 further it must be at 0.75 + amount / 4.
    cubic = (0.2 - (0.25 + amount / 4)) / (0.2 / 4 - 0.2**3)
    middle = image - 0.5
    slope = tf.cast(1 - cubic / 4, tf.float32)
    bent = 0.5 + middle * (slope + tf.cast(cubic, tf.float32) * tf.square(middle))
    return tf.clip_by_value(bent, 0.0, 1.0)


# Sharpness.

_SHARP_SIGMA = 3.0
_SHARP_CUT = 6


def _sharp_margin(_: Scalar) -> int:
    return _SHARP_CUT


@kind(reach=Reach(_sharp_margin), amount=Parameter(none=0, least=0, log=True))
def high_sharpen(image: tf.Tensor, amount: Scalar) -> tf.Tensor:
    """Oversharpens: imsharpen with a radius of 3 (imsharpenHi).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: how many times detail is added; at least 0.

    Returns:
        The image with halos, clipped to [0, 1].

    Raises:
        ValueError: if the amount is less than 0.

    Detail is the lightness in CIELAB minus its blur by a Gaussian with a sigma of 3
    pixels, cut at 6.
    """
    lab = _lab.from_rgb(image)
    lightness = lab[..., :1]
    kernel = _filters.gaussian(_SHARP_SIGMA, _SHARP_CUT)
    detail = lightness - _filters.along_both_axes(lightness, kernel)
    sharper = lightness + tf.cast(amount, tf.float32) * detail
    return _lab.to_rgb(_lab.with_lightness(lab, sharper))
