"""Kinds of KADID-10k that this package has not in another form.

The contract of images, parameters and seeds is that of the package. What they do was
read from copies of the published MATLAB generator (imdist_generator; Lin, Hosu and
Saupe, "KADID-10k: a large-scale artificially distorted IQA database", QoMEX 2019) and
is derived anew here. It all happens in values of sRGB. Two things differ in every kind:
the generator stretches each photo, and what it makes of it, to the full range of values
(mapmm), so that some of its noise changes the contrast too; and it repeats the pixels
at the edges ("replicate") where these mirror them.
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
    """How far the outermost pixel is that a disk touches more than the edge of."""
    return tf.cast(tf.math.ceil(tf.cast(radius, tf.float64) - 0.5), tf.int32)


@kind(
    reach=Reach(_disk_radius),
    radius=Parameter(none=0, above=0, unit="pixels", log=True),
)
def lens_blur(image: tf.Tensor, radius: Scalar) -> tf.Tensor:
    """Takes the mean over a disk: fspecial('disk', radius).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        radius: of the disk, in pixels; more than 0. Up to half a pixel it does nothing.

    Returns:
        The blurred image.

    Raises:
        ValueError: if the radius is not more than 0.

    A pixel weighs as much as of it lies within the disk, exactly.
    """
    whole = _disk_radius(radius)
    edges = tf.cast(tf.range(-whole, whole + 2), tf.float64) - 0.5
    # Of the disk, what lies between two edges both ways.
    within = _disk_from_axes(edges[:, tf.newaxis], edges, radius)
    kernel = within[1:, 1:] - within[1:, :-1] - within[:-1, 1:] + within[:-1, :-1]
    return _blurred(image, kernel)


def _disk_from_axes(down: tf.Tensor, right: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """The area of a disk from both axes to these places; odd in each of them."""
    rows = tf.minimum(tf.abs(down), radius)
    columns = tf.minimum(tf.abs(right), radius)

    def under_circle(place: tf.Tensor) -> tf.Tensor:
        # The integral of sqrt(radius^2 - x^2) from 0.
        share = tf.clip_by_value(place / radius, 0.0, 1.0)
        return radius**2 / 2 * (share * tf.sqrt(1 - share**2) + tf.asin(share))

    # Up to where the circle is as far down as this, the area is a rectangle.
    flat = tf.minimum(columns, tf.sqrt(tf.maximum(radius**2 - rows**2, 0)))
    area = rows * flat + under_circle(columns) - under_circle(flat)
    return tf.sign(down) * tf.sign(right) * area


def _line_radius(length: Scalar) -> tf.Tensor:
    """How far the outermost pixel is that is less than one from a line."""
    half = (tf.cast(length, tf.float64) - 1) / 2
    return tf.cast(tf.math.ceil(half), tf.int32)


# Levels of a photo share the direction: along its lines a long blur does no harm.
@kind(
    reach=Reach(_line_radius),
    events=True,
    length=Parameter(none=1, least=1, unit="pixels", log=True),
)
def motion_blur(image: tf.Tensor, length: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Takes the mean along a line of random direction: fspecial('motion', length, a).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        length: of the line, in pixels, the first and the last counted; at least 1.
        seed: int32 [2]; the same one makes the same direction at any length.

    Returns:
        The blurred image. At a length of 1 it is the image.

    Raises:
        ValueError: if the length is not at least 1 pixel.

    A pixel weighs as much as it is nearer to the line than 1. MATLAB takes the distance
    otherwise in a few pixels at the ends, and the generator whole degrees.
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
    # Without what rounding makes of it.
    return tf.where(length == 1, image, _blurred(image, kernel))


def _blurred(image: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Filters with a kernel, its sum made 1."""
    blurred = _filters.convolved(image, kernel / tf.reduce_sum(kernel))
    return tf.clip_by_value(blurred, 0.0, 1.0)


# Colours.


@kind(reach=POINTWISE, factor=Parameter(none=1))
def hsv_saturation(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales the saturation of HSV (imcolorsaturate).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: 1 leaves the image as it is, and 0 makes it grey; less than 0 turns
            hues to their opposite, lighter than they were.

    Returns:
        The image more or less colourful, clipped to [0, 1].

    Raises:
        ValueError: if the factor is not finite.

    In HSV each channel is below the value, that of the greatest channel, by saturation
    times value times a share that hue decides: all three come nearer to it alike.
    """
    value = tf.reduce_max(image, axis=-1, keepdims=True)
    changed = value + tf.cast(factor, tf.float32) * (image - value)
    return tf.clip_by_value(changed, 0.0, 1.0)


@kind(reach=POINTWISE, factor=Parameter(none=1, least=0, log=True))
def lab_saturation(image: tf.Tensor, factor: Scalar) -> tf.Tensor:
    """Scales a* and b* of CIELAB (imsaturate).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        factor: 1 leaves the image as it is, and 0 makes it grey; at least 0.

    Returns:
        The image more or less colourful, clipped to [0, 1] in linear light.

    Raises:
        ValueError: if the factor is less than 0.
    """
    lab = _lab.from_rgb(image)
    colors = tf.cast(factor, tf.float32) * lab[..., 1:]
    changed = _lab.to_rgb(tf.concat([lab[..., :1], colors], axis=-1))
    return tf.where(factor == 1, image, changed)  # Without what rounding makes of it.


# Tones.

_AMOUNT = Parameter(none=0, least=0)


def _bent(values: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """The parabola through (0, 0), (1/2, 1/2 + amount / 2) and (1, 1), cut to 0..1."""
    bent = values + tf.cast(2 * amount, tf.float32) * values * (1 - values)
    return tf.clip_by_value(bent, 0.0, 1.0)


@kind(reach=POINTWISE, amount=_AMOUNT)
def brighten(image: tf.Tensor, amount: Scalar) -> tf.Tensor:
    """Raises the middle tones (imbrighten).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: a tone of 1/2 becomes 1/2 + amount / 2; at least 0. Black and white
            stay; what the curve raises above white is white.

    Returns:
        The lighter image: two parts of it are the curve of each channel, and one is
        that of lightness in CIELAB.

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
            stay; what the curve lowers below black is black.

    Returns:
        The darker image, by the curve of each channel.

    Raises:
        ValueError: if the amount is less than 0.
    """
    return _bent(image, -amount)


@kind(reach=POINTWISE, amount=Parameter(none=-0.2, least=-1, most=1))
def contrast_curve(image: tf.Tensor, amount: Scalar) -> tf.Tensor:
    """Bends the tones to an S for more contrast, or the other way (imcontrastc).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: tones of 0.3 and 0.7 become 0.25 - amount / 4 and 0.75 + amount / 4; of
            -1..1. It is -0.2, not 0, that leaves the image as it is.

    Returns:
        The image with more contrast above -0.2 and with less below, clipped to [0, 1].

    Raises:
        ValueError: if the amount is not of -1..1.

    The generator's curve is MATLAB's spline (not-a-knot) through five points, which are
    symmetric about (1/2, 1/2). Such a spline is one cubic about it.
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
    """Sharpens far too much: imsharpen with a radius of 3 (imsharpenHi).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: how often detail is added once more; at least 0.

    Returns:
        The image with halos, clipped to [0, 1].

    Raises:
        ValueError: if the amount is less than 0.

    Detail is what lightness in CIELAB is more than its blur by a Gaussian with a sigma
    of 3 pixels, cut at 6.
    """
    lab = _lab.from_rgb(image)
    lightness = lab[..., :1]
    kernel = _filters.gaussian(_SHARP_SIGMA, _SHARP_CUT)
    detail = lightness - _filters.along_both_axes(lightness, kernel)
    sharper = lightness + tf.cast(amount, tf.float32) * detail
    return _lab.to_rgb(_lab.with_lightness(lab, sharper))
