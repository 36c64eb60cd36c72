"""Noise of a sensor, and what a phone makes of it, in linear light.

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

# By how much a camera multiplies what its sensor counts, to have white of daylight: of
# the gains of T. Brooks et al. ("Unprocessing images for learned raw denoising", CVPR
# 2019), red 1.9 to 2.4 and blue 1.5 to 1.9, the middles.
_GAINS = np.array([2.15, 1.0, 1.7], np.float32)

# Of the channels, where in each 2 x 2 pixels the sensor has a site for it.
_BAYER = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1]]], np.float32)

# A noise of 0.1 % of white, which is not seen: none at all takes endless light.
_ELECTRONS = Parameter(none=1e6, above=0, unit="electrons", log=True)
_READ = Parameter(none=0, least=0, unit="electrons")

_IMAGE = tf.TensorSpec([None, None, 3])
_NUMBER = tf.TensorSpec([])


# A pixel's noise is interpolated from sites beside it, which have that of the photo.
@kind(reach=Reach(lambda *_: 1, grid=2), electrons=_ELECTRONS, read=_READ)
def sensor_noise(
    image: tf.Tensor, electrons: Scalar, read: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds the noise of a sensor: of few photons, and of reading them out.

    Each site of a Bayer mosaic has noise of its own, in linear light and before white
    balance. Interpolated to all pixels it becomes blotches of colour. Only the noise is
    taken through the mosaic, not the photo, which so keeps its sharpness.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        electrons: how many a site that sees green counts at white; more than 0. A
            stop more of ISO halves them.
        read: standard deviation of reading them out, in electrons; at least 0.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1]. In light, noise is strongest where it is
        bright; in values of sRGB, where it is dark.

    Raises:
        ValueError: if electrons is not more than 0, or read less than 0.

    The variance of a count is the count (Poisson's) and that of reading, taken as
    normal (A. Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for
    single-image raw-data", IEEE TIP 2008). The interpolation is bilinear.
    """
    noisy = _noisy(image, *_variances(electrons, read), seed)
    return tf.ensure_shape(noisy, image.shape)


# How far the two filters of `_smoothed` look, together with their windows.
_LUMA_RADIUS, _COLOR_RADIUS = 3, 8
# How many variances of the noise in luma detail has that is half smoothed away. There
# is more noise in colour, and the eye misses detail less there.
_LUMA_STRENGTH, _COLOR_STRENGTH = 5.0, 30.0


@kind(
    reach=Reach(lambda *_: 1 + 2 * _COLOR_RADIUS, grid=2),
    electrons=_ELECTRONS,
    read=_READ,
)
def phone_denoising(
    image: tf.Tensor, electrons: Scalar, read: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds the noise of a sensor and smooths it away, as phones do: a watercolour.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        electrons: as of `sensor_noise`.
        read: as of `sensor_noise`.
        seed: int32 [2].

    Returns:
        The image without most of its noise and fine texture, clipped to [0, 1]. Edges
        stay, with noise beside them, and colours run into one another.

    Raises:
        ValueError: if electrons is not more than 0, or read less than 0.

    Guided filters (K. He et al., "Guided image filtering", PAMI 2013), told how strong
    the noise is at each brightness, smooth luma (BT.601) in windows of 7 x 7. They
    smooth colour, which the eye sees less of, in windows of 17 x 17 and more. What
    phones do is not published; this is our choice.
    """
    variances = _variances(electrons, read)
    smooth = _smoothed(_noisy(image, *variances, seed), *variances)
    return tf.ensure_shape(tf.clip_by_value(smooth, 0.0, 1.0), image.shape)


def _variances(electrons: Scalar, read: Scalar) -> tuple[tf.Tensor, tf.Tensor]:
    """Of the noise of light at white and of that in black; white is 1."""
    fixed = tf.square(read / electrons)
    return tf.cast(1 / electrons, tf.float32), tf.cast(fixed, tf.float32)


def _noisy(
    image: tf.Tensor, shot: tf.Tensor, fixed: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """The image with a sensor's noise of these variances, clipped to [0, 1]."""
    white_noise = chance.normal(tf.shape(image)[:2] + 2, seed)
    noisy = _noisy_light(light.to_linear(image), white_noise, shot, fixed)
    return light.from_linear(noisy)


# Graphs, as what is many operations takes ten times as long one by one on small images.
@tf.function(
    input_signature=[_IMAGE, tf.TensorSpec([None, None]), _NUMBER, _NUMBER],
)
def _noisy_light(
    clean: tf.Tensor, white_noise: tf.Tensor, shot: tf.Tensor, fixed: tf.Tensor
) -> tf.Tensor:
    """Adds a sensor's noise.

    Args:
        clean: float32 [height, width, 3], light.
        white_noise: float32 [height + 2, width + 2], of variance 1: a site each, and a
            frame of them.
        shot: variance of the noise at white in a site that sees green.
        fixed: variance of it in black.

    Returns:
        float32 [height, width, 3], not clipped.
    """
    height, width = tf.unstack(tf.shape(clean)[:2])
    framed = _framed(clean, 1)
    # The frame begins at an odd row and column.
    sites = np.roll(_BAYER, (1, 1), (0, 1))
    sites = tf.tile(tf.constant(sites), [height // 2 + 2, width // 2 + 2, 1])
    sites = sites[: height + 2, : width + 2]
    # A site counts less by the gain, and it and its noise are multiplied by that.
    variances = (shot * framed * _GAINS + fixed * _GAINS**2) * sites
    deviation = tf.sqrt(tf.reduce_sum(variances, axis=-1))
    noise = (deviation * white_noise)[..., tf.newaxis] * sites
    # Half of what is beside, along both axes: of red and blue, which have one site in
    # four, the mean of the nearest sites. Green has one in two; its corners have none,
    # or are not the nearest.
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
    """About the variance of the noise in luma, where a photo is as bright as this."""
    bright = light.to_linear(_box_mean(luma, _LUMA_RADIUS))
    # Shares of the channels in luma, and what the interpolation leaves: of green's
    # variance 5/8 (the mean of 1 and 1/4), of red's and blue's (1 + 1/2 + 1/2 + 1/4)/4.
    shares = np.square([0.299, 0.587, 0.114]) * [9 / 16, 5 / 8, 9 / 16]
    variance = shot * bright * float(shares @ _GAINS)
    variance += fixed * float(shares @ _GAINS**2)
    return tf.square(light.slope(bright)) * variance


def _guided(planes: tf.Tensor, epsilon: tf.Tensor, radius: int) -> tf.Tensor:
    """He's guided filter of planes guided by themselves: edges stay.

    Args:
        planes: float32 [height, width, channels].
        epsilon: float32 [height, width, 1]: the variance in a window at which half of
            what differs from its mean is kept.
        radius: of the windows.

    Returns:
        float32 [height, width, channels].
    """
    mean = _box_mean(planes, radius)
    variance = tf.maximum(_box_mean(planes * planes, radius) - mean * mean, 0.0)
    kept = tf.math.divide_no_nan(variance, variance + epsilon)
    return _box_mean(kept, radius) * planes + _box_mean(mean - kept * mean, radius)


def _box_mean(planes: tf.Tensor, radius: int) -> tf.Tensor:
    """The mean of the windows about each pixel, the image mirrored at its edges."""
    framed, side = _framed(planes, radius), 2 * radius + 1
    return _window_sums(_window_sums(framed, side, 0), side, 1) / side**2


def _window_sums(planes: tf.Tensor, side: int, axis: int) -> tf.Tensor:
    """Sums so many neighbours along an axis, of which that leaves side - 1 fewer.

    It doubles a sum again and again, and adds up those of which the side is made.
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
    """The image with a frame of what is mirrored at its edges."""
    for axis, side in enumerate(tf.unstack(tf.shape(image)[:2])):
        places = mirror.mirrored(tf.range(-margin, side + margin), side)
        image = tf.gather(image, places, axis=axis)
    return image
