"""Misplaced colours. The contract of images and seeds is that of the package."""

import math

import tensorflow as tf

from distortions import _filters
from distortions import _lab
from distortions import _ycbcr
from distortions import chance
from distortions import mirror
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach


def _two_sigma(sigma: Scalar, *_: Scalar) -> tf.Tensor:
    """Where the blur of colours is cut, as in MATLAB's imgaussfilt."""
    return tf.cast(tf.math.ceil(2 * tf.cast(sigma, tf.float64)), tf.int32)


@kind(
    reach=Reach(_two_sigma),
    sigma=Parameter(none=0, above=0, unit="pixels", log=True),
    gain=Parameter(none=1, least=0, log=True),
)
def color_diffusion(image: tf.Tensor, sigma: Scalar, gain: Scalar) -> tf.Tensor:
    """Blurs the colours, but not the lightness, in CIELAB: they bleed over edges.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: standard deviation of the Gaussian that a* and b* are blurred by, in
            pixels; more than 0. It is cut at two sigma.
        gain: factor on a* and b* afterwards; at least 0.

    Returns:
        The image, clipped to [0, 1] in linear light. Beyond its edges it is taken as
        mirrored.

    Raises:
        ValueError: if sigma is not more than 0, or the gain less than 0.

    KADID-10k's colour diffusion (imcolordiffuse of its generator) of an amount n has a
    sigma of 1.5 n + 2 and a gain of n.
    """
    lab = _lab.from_rgb(image)
    kernel = _filters.gaussian(sigma, _two_sigma(sigma))
    # Blurs all three and uses two: that is faster than separating them.
    blurred = _filters.along_both_axes(lab, kernel)
    colors = blurred * tf.cast(gain, tf.float32) * [0.0, 1.0, 1.0]
    return _lab.to_rgb(lab * [1.0, 0.0, 0.0] + colors)


_SIGMA = 4.0
_CUT = 8
# Fractions of the pixels below the mask's 0 and above its 1.
_TAIL = 0.01
# Relative to the range of edge strength; anything weaker counts as no edge.
_FLOOR = 0.1


# What counts as an edge depends on the whole photo. The levels share a direction.
@kind(events=True, distance=Parameter(none=0, least=0, unit="pixels", log=True))
def color_shift(image: tf.Tensor, distance: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Moves green at the photo's edges, giving green and purple fringes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        distance: how far, in pixels, in a random direction; at least 0.
        seed: int32 [2]; the same one makes the same direction at any distance.

    Returns:
        The image with coloured edges. Flat areas are unchanged. Beyond its edges it is
        mirrored.

    Raises:
        ValueError: if the distance is less than 0.

    This is KADID-10k's colour shift (imcolorshift of its generator). A mask says how
    far green is replaced by its moved version: the strength of the luma gradient,
    blurred with a sigma of 4 pixels and stretched so that the flattest hundredth of the
    photo is 0 and the hundredth with the strongest edges 1. There the direction is
    between down and right, rounded to whole pixels; here it can be any, with linear
    interpolation between pixels.
    """
    angle = 2 * math.pi * chance.uniform([], seed)
    mask = _edges(_ycbcr.luma(image)[..., tf.newaxis])
    green = image[..., 1:2]
    moved = green
    for axis, share in enumerate((tf.sin(angle), tf.cos(angle))):
        moved = _moved(moved, tf.cast(distance, tf.float32) * share, axis)
    green += mask * (moved - green)
    shifted = tf.concat([image[..., :1], green, image[..., 2:]], axis=-1)
    return tf.clip_by_value(shifted, 0.0, 1.0)


def _moved(plane: tf.Tensor, distance: tf.Tensor, axis: int) -> tf.Tensor:
    """Moves a plane along an axis, interpolated linearly and mirrored at its edges."""
    whole = tf.floor(distance)
    side = tf.shape(plane)[axis]
    places = tf.range(side) - tf.cast(whole, tf.int32)
    near, far = (
        tf.gather(plane, mirror.mirrored(places - i, side), axis=axis) for i in (0, 1)
    )
    return near + (distance - whole) * (far - near)


def _edges(luma: tf.Tensor) -> tf.Tensor:
    """Returns the strength of edges in 0..1, float32 [height, width, 1], like luma."""
    slopes = []
    for axis in range(2):
        side = tf.shape(luma)[axis]
        places = tf.range(side)
        later, earlier = (
            tf.gather(luma, tf.clip_by_value(places + i, 0, side - 1), axis=axis)
            for i in (1, -1)
        )
        slopes.append((later - earlier) / 2)
    strength = tf.sqrt(tf.square(slopes[0]) + tf.square(slopes[1]))
    kernel = _filters.gaussian(_SIGMA, _CUT)
    strength = _filters.along_both_axes(strength, kernel)
    low, high = tf.reduce_min(strength), tf.reduce_max(strength)
    # Percentiles of some 16,000 pixels are as good as of all; sorting takes long.
    pixels = tf.reshape(strength, [-1])
    count = tf.size(pixels)
    ordered = tf.sort(pixels[:: tf.maximum(count // 2**14, 1)])
    last = tf.cast(tf.size(ordered) - 1, tf.float32)
    below, above = (
        ordered[tf.cast(tf.round(share * last), tf.int32)]
        for share in (_TAIL, 1 - _TAIL)
    )
    below = tf.maximum(below, low + _FLOOR * (high - low))
    # Rounding gives a flat photo edges of 1e-17.
    spread = tf.maximum(above - below, 1e-6)
    return tf.clip_by_value((strength - below) / spread, 0.0, 1.0)
