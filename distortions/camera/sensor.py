"""Sensor noise, and phones' denoising of it, in linear light.

The contract of images, parameters and seeds is that of the package.
"""

import numpy as np
import tensorflow as tf

from distortions import _ycbcr
from distortions import chance
from distortions import mirror
from distortions.camera import light
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

# White balance gains for daylight: the middles of the ranges in T. Brooks et al.
# ("Unprocessing images for learned raw denoising", CVPR 2019), red 1.9 to 2.4 and blue
# 1.5 to 1.9.
_GAINS = np.array([2.15, 1.0, 1.7], np.float32)

# For each channel, where in 2 x 2 pixels the sensor has a site for it.
_BAYER = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1]]], np.float32)

# Noise of 0.1 % of white, which is invisible; no noise at all takes infinite light.
_ELECTRONS = Parameter(none=1e6, above=0, unit="electrons", log=True)
_READ = Parameter(none=0, least=0, unit="electrons")

_IMAGE = tf.TensorSpec([None, None, 3])
_NUMBER = tf.TensorSpec([])


# A pixel's noise is interpolated from neighbouring sites, whose noise the photo
# decides.
@kind(reach=Reach(lambda *_: 1, grid=2), electrons=_ELECTRONS, read=_READ)
def sensor_noise(
    image: tf.Tensor, electrons: Scalar, read: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds sensor noise: photon noise and read noise.

    Each site of a Bayer mosaic has its own noise, in linear light and before white
    balance. Interpolated to all pixels it becomes blotches of colour. Only the noise
    goes through the mosaic, not the photo, which therefore stays sharp.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        electrons: what a green site counts at white; more than 0. One stop more of ISO
            halves it.
        read: standard deviation of the read noise, in electrons; at least 0.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1]. In linear light, noise is strongest in
        bright areas; in sRGB values, in dark ones.

    Raises:
        ValueError: if electrons is not more than 0, or read less than 0.

    The variance of a count is the count itself (Poisson) plus that of the read noise,
    which is taken as normal (A. Foi et al., "Practical Poissonian-Gaussian noise
    modeling and fitting for single-image raw-data", IEEE TIP 2008). The interpolation
    is bilinear.
    """
    noisy = _noisy(image, *_variances(electrons, read), seed)
    return tf.ensure_shape(noisy, image.shape)


# How far the two filters of `_smoothed` look, including their windows.
_LUMA_RADIUS, _COLOR_RADIUS = 3, 8
# Detail with this many times the variance of the noise in luma is half smoothed away.
# In colour there is more noise, and missing detail is less visible.
_LUMA_STRENGTH, _COLOR_STRENGTH = 5.0, 30.0


@kind(
    reach=Reach(lambda *_: 1 + 2 * _COLOR_RADIUS, grid=2),
    electrons=_ELECTRONS,
    read=_READ,
)
def phone_denoising(
    image: tf.Tensor, electrons: Scalar, read: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds sensor noise and smooths it away as phones do, with a watercolour effect.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        electrons: as for `sensor_noise`.
        read: as for `sensor_noise`.
        seed: int32 [2].

    Returns:
        The image without most of its noise and fine texture, clipped to [0, 1]. Edges
        remain, with noise beside them, and colours bleed into each other.

    Raises:
        ValueError: if electrons is not more than 0, or read less than 0.

    Guided filters (K. He et al., "Guided image filtering", PAMI 2013), given the
    strength of the noise at each brightness, smooth luma (BT.601) in windows of 7 x 7,
    and colour, where the eye sees less, in windows of 17 x 17 and more. What phones do
    is not published; this is our choice.
    """
    variances = _variances(electrons, read)
    smooth = _smoothed(_noisy(image, *variances, seed), *variances)
    return tf.ensure_shape(tf.clip_by_value(smooth, 0.0, 1.0), image.shape)


def _variances(electrons: Scalar, read: Scalar) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the variances of the noise at white and in black; white is 1."""
    fixed = tf.square(read / electrons)
    return tf.cast(1 / electrons, tf.float32), tf.cast(fixed, tf.float32)


def _noisy(
    image: tf.Tensor, shot: tf.Tensor, fixed: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Adds a sensor's noise of these variances; the result is clipped to [0, 1]."""
    white_noise = chance.normal(tf.shape(image)[:2] + 2, seed)
    noisy = _noisy_light(light.to_linear(image), white_noise, shot, fixed)
    return light.from_linear(noisy)


# Graphs, because many eager operations take ten times as long on small images.
@tf.function(
    input_signature=[_IMAGE, tf.TensorSpec([None, None]), _NUMBER, _NUMBER],
)
def _noisy_light(
    clean: tf.Tensor, white_noise: tf.Tensor, shot: tf.Tensor, fixed: tf.Tensor
) -> tf.Tensor:
    """Adds a sensor's noise.

    Args:
        clean: float32 [height, width, 3], light.
        white_noise: float32 [height + 2, width + 2], with variance 1: one per site,
            with a frame around them.
        shot: variance of the noise at white in a green site.
        fixed: variance of the noise in black.

    Returns:
        float32 [height, width, 3], not clipped.
    """
    height, width = tf.unstack(tf.shape(clean)[:2])
    framed = _framed(clean, 1)
    # The frame begins at an odd row and column.
    sites = np.roll(_BAYER, (1, 1), (0, 1))
    sites = tf.tile(tf.constant(sites), [height // 2 + 2, width // 2 + 2, 1])
    sites = sites[: height + 2, : width + 2]
    # A site counts less by the gain; its count and noise are multiplied by the gain.
    variances = (shot * framed * _GAINS + fixed * _GAINS**2) * sites
    deviation = tf.sqrt(tf.reduce_sum(variances, axis=-1))
    noise = (deviation * white_noise)[..., tf.newaxis] * sites
    # Half of the neighbours along both axes: for red and blue, with one site in four,
    # this is the mean of the nearest sites. Green has one in two; its corners have
    # none, or not the nearest.
    middle, beside = noise[1:-1], noise[:-2] + noise[2:]
    rows = middle + beside / 2
    red_and_blue = rows[:, 1:-1] + (rows[:, :-2] + rows[:, 2:]) / 2
    cross = beside[:, 1:-1] + middle[:, :-2] + middle[:, 2:]
    green = middle[:, 1:-1] + cross / 4
    is_green = tf.constant([False, True, False])
    return clean + tf.where(is_green, green, red_and_blue)


@tf.function(input_signature=[_IMAGE, _NUMBER, _NUMBER])
def _smoothed(noisy: tf.Tensor, shot: tf.Tensor, fixed: tf.Tensor) -> tf.Tensor:
    """Filters luma, and how red and blue differ from it, each guided by itself."""
    luma = _ycbcr.luma(noisy)[..., tf.newaxis]
    noise = _luma_variance(luma, shot, fixed)
    color = tf.gather(noisy, [0, 2], axis=-1) - luma
    luma = _guided(luma, _LUMA_STRENGTH * noise, _LUMA_RADIUS)
    color = _guided(color, _COLOR_STRENGTH * noise, _COLOR_RADIUS)
    red, blue = tf.split(color, 2, axis=-1)
    green = (0.299 * red + 0.114 * blue) / -0.587  # Luma differs from itself by 0.
    return luma + tf.concat([red, green, blue], axis=-1)


def _luma_variance(luma: tf.Tensor, shot: tf.Tensor, fixed: tf.Tensor) -> tf.Tensor:
    """Approximates the variance of the noise in luma, given the local brightness."""
    bright = light.to_linear(_box_mean(luma, _LUMA_RADIUS))
    # Weights of the channels in luma, and what interpolation leaves of the variance:
    # 5/8 for green (the mean of 1 and 1/4), (1 + 1/2 + 1/2 + 1/4)/4 for red and blue.
    shares = np.square([0.299, 0.587, 0.114]) * [9 / 16, 5 / 8, 9 / 16]
    variance = shot * bright * float(shares @ _GAINS)
    variance += fixed * float(shares @ _GAINS**2)
    return tf.square(light.slope(bright)) * variance


def _guided(planes: tf.Tensor, epsilon: tf.Tensor, radius: int) -> tf.Tensor:
    """He's guided filter of planes guided by themselves, which preserves edges.

    Args:
        planes: float32 [height, width, channels].
        epsilon: float32 [height, width, 1]: the variance in a window at which half of
            the differences from its mean are kept.
        radius: of the windows.

    Returns:
        float32 [height, width, channels].
    """
    mean = _box_mean(planes, radius)
    variance = tf.maximum(_box_mean(planes * planes, radius) - mean * mean, 0.0)
    kept = tf.math.divide_no_nan(variance, variance + epsilon)
    return _box_mean(kept, radius) * planes + _box_mean(mean - kept * mean, radius)


def _box_mean(planes: tf.Tensor, radius: int) -> tf.Tensor:
    """Returns the mean of the window around each pixel, mirrored at the edges."""
    framed, side = _framed(planes, radius), 2 * radius + 1
    return _window_sums(_window_sums(framed, side, 0), side, 1) / side**2


def _window_sums(planes: tf.Tensor, side: int, axis: int) -> tf.Tensor:
    """Sums `side` neighbours along an axis, leaving side - 1 fewer of them.

    Doubles a sum repeatedly, and adds up those that make up `side`.
    """
    count = tf.shape(planes)[axis] - (side - 1)

    def part(sums: tf.Tensor, start: int, length: tf.Tensor) -> tf.Tensor:
        return sums[(slice(None),) * axis + (slice(start, start + length),)]

    total, done, size = 0, 0, 1
    while True:
        if side & size:
            total += part(planes, done, count)
            done += size
        if done == side:
            return total
        length = tf.shape(planes)[axis] - size
        planes = part(planes, 0, length) + part(planes, size, length)
        size *= 2


def _framed(image: tf.Tensor, margin: int) -> tf.Tensor:
    """Adds a frame to an image by mirroring it at its edges."""
    for axis, side in enumerate(tf.unstack(tf.shape(image)[:2])):
        places = mirror.mirrored(tf.range(-margin, side + margin), side)
        image = tf.gather(image, places, axis=axis)
    return image
