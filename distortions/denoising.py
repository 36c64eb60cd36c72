"""Denoising and its artefacts. The contract of images and seeds is the package's."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from distortions import mirror
from distortions import noise
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

_WINDOW = 8

# How many rows and columns away a pixel of `dct_threshold` looks, and one of
# `dct_denoise` and `denoising`, which have two such steps.
THRESHOLD_MARGIN = _WINDOW - 1
MARGIN = 2 * THRESHOLD_MARGIN
# A crop gets the same windows if it begins at a multiple of this many pixels.
GRID = _WINDOW

# Where windows begin, modulo 8: of the regular lattices with one window per eight
# pixels, the one whose windows are furthest apart (2.8 pixels). It denoises as well as
# a window for every second row and column, at half the cost.
_BEGINNINGS = tuple((row, 3 * row % _WINDOW) for row in range(_WINDOW))
# In standard deviations of the noise, as usual; 2.4 and 3.0 are no better on photos.
_THRESHOLD = 2.7

_PLANES = tf.TensorSpec([3, None, None])
_NUMBER = tf.TensorSpec([])

# Rows: brightness, red against blue, green against both; orthonormal, so that white
# noise has the same deviation in each.
_OPPONENT = np.array(
    [[1, 1, 1], [1, 0, -1], [1, -2, 1]] / np.sqrt([[3], [2], [6]]), np.float32
)


@kind(
    reach=Reach(lambda _: MARGIN, grid=GRID),
    variance=Parameter(none=0, least=0, log=True),
)
def denoising(image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Adds white noise and removes most of it again.

    The stronger the noise, the more texture is removed with it, and the more blotches
    and ripples remain.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0.
        seed: int32 [2].

    Returns:
        The denoised image: `dct_denoise` of `noise.white_noise`, given its deviation.
        As the noisy image is clipped, strong noise also reduces the contrast of white
        and black.

    Raises:
        ValueError: if the variance is less than 0.

    RankIQA's supplement names BM3D, whose licence forbids commercial use; its code
    denoises every level as if sigma were 25/255. Here sigma is that of the level.
    """
    noisy = noise.white_noise(image, variance, seed=seed)
    return dct_denoise(noisy, tf.sqrt(variance))


@kind(
    reach=Reach(lambda _: MARGIN, grid=GRID), sigma=Parameter(none=0, least=0, log=True)
)
def dct_denoise(image: tf.Tensor, sigma: Scalar) -> tf.Tensor:
    """Removes white noise by shrinking small coefficients of a cosine transform.

    Windows of 8 x 8 pixels slide over the image, in three colour channels that are
    nearly uncorrelated in photos. First, coefficients of a window below 2.7 sigma are
    set to 0. Then each coefficient of the noisy image is scaled by a Wiener filter that
    takes the first result as the true signal. Windows overlap; those with less
    remaining noise count more.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        sigma: standard deviation of the noise, on the scale of [0, 1]; at least 0.

    Returns:
        The denoised image. A pixel depends on those at most MARGIN away, and on where
        the image begins modulo GRID; beyond its edges the image is mirrored.

    Raises:
        ValueError: if sigma is less than 0.

    Windows, threshold and weights are those of published sliding DCT filters (Yu and
    Sapiro,
    "DCT image denoising", IPOL 2011); the second step is that of BM3D, without its
    search for similar windows. The mean of a window is always kept, which gains 0.2 dB
    at sigma 25/255 and 0.5 at 60. See `benchmarks/denoising.md` for a comparison.
    """
    planes = _planes(image)
    height, width = tf.unstack(tf.shape(image)[:2])
    noisy = _framed(planes, height, width)
    pilot = _threshold(noisy, tf.cast(_THRESHOLD * sigma, tf.float32))[
        :, :height, :width
    ]
    variance = tf.cast(sigma**2, tf.float32)
    denoised = _wiener(noisy, _framed(pilot, height, width), variance)
    return _image(denoised[:, :height, :width], image.shape)


@kind(
    reach=Reach(lambda _: THRESHOLD_MARGIN, grid=GRID),
    threshold=Parameter(none=0, least=0, log=True),
)
def dct_threshold(image: tf.Tensor, threshold: Scalar) -> tf.Tensor:
    """Sets small coefficients of sliding windows to 0, the first step of `dct_denoise`.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        threshold: coefficients of the orthonormal transform up to this value, on the
            scale of [0, 1], are set to 0; at least 0.

    Returns:
        The smoothed image. A pixel depends on those at most THRESHOLD_MARGIN away.

    Raises:
        ValueError: if the threshold is less than 0.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    framed = _framed(_planes(image), height, width)
    smooth = _threshold(framed, tf.cast(threshold, tf.float32))[:, :height, :width]
    return _image(smooth, image.shape)


def _planes(image: tf.Tensor) -> tf.Tensor:
    """Converts [height, width, 3] to opponent colours, [3, height, width]."""
    pixels = tf.reshape(image, [-1, 3])
    planes = tf.matmul(tf.constant(_OPPONENT), pixels, transpose_b=True)
    return tf.reshape(planes, tf.concat([[3], tf.shape(image)[:2]], axis=0))


def _image(planes: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """Converts opponent colours back to an image with this static shape, in [0, 1]."""
    pixels = tf.matmul(
        tf.reshape(planes, [3, -1]), tf.constant(_OPPONENT), transpose_a=True
    )
    image = tf.reshape(pixels, tf.concat([tf.shape(planes)[1:], [3]], axis=0))
    return tf.ensure_shape(tf.clip_by_value(image, 0.0, 1.0), shape)


def _framed(planes: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Crops planes, and adds a mirrored frame so that all windows fit.

    Returns:
        [3, 8 m + 16, 8 n + 16]: the planes begin at (8, 8), and 8 m and 8 n are their
        sides, rounded up.
    """
    rows = tf.gather(planes, _mirrored(height), axis=1)
    return tf.gather(rows, _mirrored(width), axis=2)


def _mirrored(side: tf.Tensor) -> tf.Tensor:
    """Returns which of a side's pixels stand in for those of the frame."""
    places = tf.range(-_WINDOW, -(-side // _WINDOW) * _WINDOW + _WINDOW)
    return mirror.mirrored(places, side)


# On small images a graph is five to ten times as fast as eager operations.
@tf.function(input_signature=[_PLANES, _NUMBER])
def _threshold(framed: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Sets coefficients up to the threshold to 0, except the mean of a window."""
    is_mean = tf.one_hot(0, _WINDOW**2, on_value=True, off_value=False)
    return _average_windows(
        lambda found: tf.cast((tf.abs(found) > threshold) | is_mean, tf.float32),
        framed,
    )


@tf.function(input_signature=[_PLANES, _PLANES, _NUMBER])
def _wiener(noisy: tf.Tensor, pilot: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """Scales coefficients by signal / (signal + noise), with the pilot as signal."""

    def gains(_: tf.Tensor, signal: tf.Tensor) -> tf.Tensor:
        power = tf.square(signal)
        return tf.math.divide_no_nan(power, power + variance)

    return _average_windows(gains, noisy, pilot)


def _average_windows(
    gains: Callable[..., tf.Tensor], framed: tf.Tensor, *guides: tf.Tensor
) -> tf.Tensor:
    """Scales the coefficients of all windows and averages where windows overlap.

    Args:
        gains: makes the factors for the coefficients of `framed` from these and those
            of each guide, all [3, m + 1, n + 1, 64].
        framed: [3, 8 m + 16, 8 n + 16].
        *guides: more such planes.

    Returns:
        The filtered planes without their frame, [3, 8 m, 8 n].
    """
    _, height, width = tf.unstack(tf.shape(framed))
    inner = (height - 2 * _WINDOW, width - 2 * _WINDOW)
    tiled = (height - _WINDOW, width - _WINDOW)
    num_rows, num_columns = (side // _WINDOW for side in tiled)
    beginnings = tf.constant(_BEGINNINGS)
    basis = tf.constant(_basis())  # [64 coefficients, 64 pixels]
    kernel = tf.reshape(tf.transpose(basis), [_WINDOW, _WINDOW, 1, _WINDOW**2])

    # One set of windows that tile the plane at a time, so that memory does not grow
    # with the number of sets.
    def add(
        index: tf.Tensor, total: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        row, column = tf.unstack(beginnings[index])

        def coefficients(planes: tf.Tensor) -> tf.Tensor:
            shifted = tf.slice(planes, (0, row, column), (3, *tiled))[..., tf.newaxis]
            # As the stride equals the window, this is a matrix product, the fastest
            # way.
            return tf.nn.conv2d(shifted, kernel, _WINDOW, "VALID")

        found = coefficients(framed)
        gain = gains(found, *map(coefficients, guides))
        # The noise left in a window is proportional to the sum of squared gains, and
        # its inverse is the best weight. Where almost nothing but the mean is kept, the
        # mean is certain and the rest is lost: so no window weighs more than one that
        # keeps only its mean.
        noise_left = tf.reduce_sum(tf.square(gain), axis=[0, 3])
        weight = 1.0 / tf.maximum(noise_left, 1.0)  # [m + 1, n + 1]
        scaled = tf.reshape(found * gain * weight[..., tf.newaxis], [-1, _WINDOW**2])
        pixels = tf.reshape(
            tf.matmul(scaled, basis),
            [3, num_rows, num_columns, _WINDOW, _WINDOW],
        )
        pixels = tf.reshape(tf.transpose(pixels, [0, 1, 3, 2, 4]), (3, *tiled))
        weight = tf.broadcast_to(
            weight[tf.newaxis, :, tf.newaxis, :, tf.newaxis],
            [1, num_rows, _WINDOW, num_columns, _WINDOW],
        )
        weight = tf.reshape(weight, (1, *tiled))
        start = (0, _WINDOW - row, _WINDOW - column)
        return (
            index + 1,
            total + tf.slice(pixels, start, (3, *inner)),
            weights + tf.slice(weight, start, (1, *inner)),
        )

    _, total, weights = tf.while_loop(
        lambda index, *_: index < len(_BEGINNINGS),
        add,
        (0, tf.zeros((3, *inner)), tf.zeros((1, *inner))),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([3, None, None]),
            tf.TensorShape([1, None, None]),
        ),
        parallel_iterations=1,
    )
    return total / weights


def _basis() -> np.ndarray:
    """The orthonormal cosine transform (DCT-II) of a window, [coefficients, pixels]."""
    places = np.arange(_WINDOW)
    waves = np.cos(np.pi * places[:, np.newaxis] * (2 * places + 1) / (2 * _WINDOW))
    waves *= np.sqrt(np.where(places == 0, 1, 2) / _WINDOW)[:, np.newaxis]
    return np.kron(waves, waves).astype(np.float32)
