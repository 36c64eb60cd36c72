"""Noise. The contract of images, parameters and seeds is that of the package."""

import functools
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from distortions import _ycbcr
from distortions import chance
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE

# Functions with many operations on a plane are graphs: on small images, running them
# eagerly takes ten times as long.
_PLANE = tf.TensorSpec([None, None])

_VARIANCE = Parameter(none=0, least=0, log=True)
_DEVIATION = Parameter(none=0, least=0, log=True)
_SHARE = Parameter(none=0, least=0, most=1, log=True)


@kind(reach=POINTWISE, variance=_VARIANCE)
def white_noise(image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Adds normal noise, independent from pixel to pixel and channel to channel.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1] as MATLAB's imnoise does, which makes the
        variance smaller in shadows and highlights.

    Raises:
        ValueError: if the variance is less than 0.
    """
    noise = _float32(tf.sqrt(variance)) * chance.normal(tf.shape(image), seed)
    return tf.clip_by_value(image + noise, 0.0, 1.0)


@kind(reach=POINTWISE, luma_variance=_VARIANCE, chroma_variance=_VARIANCE)
def color_component_noise(
    image: tf.Tensor,
    luma_variance: Scalar,
    chroma_variance: Scalar,
    *,
    seed: tf.Tensor,
) -> tf.Tensor:
    """Adds normal noise to Y', Cb and Cr of BT.601, independent of one another.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        luma_variance: of the noise in Y', on the scale where 0..1 is 0..255 of studio
            range (see `ycbcr`); at least 0.
        chroma_variance: the same of Cb and of Cr.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1].

    Raises:
        ValueError: if a variance is less than 0.

    In TID2013 (#02) the chroma is noisier than the luma. RankIQA's supplement gives
    variances of 0.0140, 0.0198, 0.0343 and 0.0524, and their released code adds the
    same noise to all three components. Read as standard deviations, those numbers give
    same noise to all three components. Read as standard deviations, those numbers give
    """
    variances = tf.stack([luma_variance, chroma_variance, chroma_variance])
    noise = chance.normal(tf.shape(image), seed) * _float32(tf.sqrt(variances))
    noisy = _ycbcr.to_rgb(_ycbcr.from_rgb(image) + noise)
    return tf.clip_by_value(noisy, 0.0, 1.0)


# A crop needs no margin: the noise is correlated, not the photo.
@kind(reach=POINTWISE, variance=_VARIANCE)
def correlated_noise(
    image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds normal noise that is correlated between neighbouring pixels: coarse grain.

    This is white noise averaged over 3 x 3 pixels, scaled to the variance. Pixels 1
    apart along an axis have a correlation of 2/3, pixels 2 apart 1/3, pixels further
    apart 0.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0. It is the same in
            all pixels, those at the edges too, and independent in each channel.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1].

    Raises:
        ValueError: if the variance is less than 0.

    RankIQA's authors left out TID2013's #03, because the correlation of its noise is
    not published. This filter's noise has the PSNR and SSIM that TID2013 publishes for
    its images; the next best of those tried is three times further off. People notice
    such noise sooner than white noise of the same variance.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    white = chance.normal([height + 2, width + 2, 3], seed)
    rows = white[:-2] + white[1:-1] + white[2:]
    low = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    noise = low * _float32(tf.sqrt(variance) / 3)  # A sum of nine.
    return tf.clip_by_value(tf.ensure_shape(image + noise, image.shape), 0.0, 1.0)


@kind(reach=POINTWISE, variance=_VARIANCE)
def high_frequency_noise(
    image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds normal noise without low frequencies: fine grain.

    This is white noise minus its low-pass by [1 2 1] / 4 along both axes, scaled to the
    variance. Its power reaches half the maximum at 0.64 of the Nyquist frequency (along
    an axis); 1/1800 of it lies below a quarter of Nyquist.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0. It is the same in
            all pixels, those at the edges too, and independent in each channel.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1].

    Raises:
        ValueError: if the variance is less than 0.

    RankIQA's supplement gives TID2013's high-frequency noise (#05) variances of 0.001,
    0.005, 0.01 and 0.05, and a high-pass in the Fourier domain. Their released code
    filters the photo, to no effect, and then adds white noise. Here the noise is
    filtered, with a cut-off relative to the pixels, not to the size of the photo.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    white = chance.normal([height + 2, width + 2, 3], seed)
    high = white[1:-1, 1:-1] - _binomial_sum(white, 2) / 16
    # The filter's middle is 1 - 4/16, its neighbours -2/16, its corners -1/16.
    power = (12**2 + 4 * 2**2 + 4 * 1**2) / 16**2
    noise = high * _float32(tf.sqrt(variance / power))
    return tf.clip_by_value(tf.ensure_shape(image + noise, image.shape), 0.0, 1.0)


@kind(reach=POINTWISE, variance=_VARIANCE)
def laplacian_noise(
    image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Adds normal noise shaped by a Laplacian: the finest grain there is.

    This is four times white noise minus its four neighbours, scaled to the variance.
    Its amplitude is proportional to 2 - cos u - cos v at frequencies u and v: three
    quarters of its power lie beyond half the Nyquist frequency in both directions
    together (u + v of more than Nyquist).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0. It is the same in
            all pixels, those at the edges too, and independent in each channel.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1].

    Raises:
        ValueError: if the variance is less than 0.

    Of 13 spectra tried, this one comes nearest to the PSNR and SSIM that TID2013
    publishes for its high-frequency noise (#05). `high_frequency_noise` is a reading of
    RankIQA's supplement, made before that was known.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    white = chance.normal([height + 2, width + 2, 3], seed)
    beside = white[1:-1, :-2] + white[1:-1, 2:]
    above = white[:-2, 1:-1] + white[2:, 1:-1]
    high = 4.0 * white[1:-1, 1:-1] - beside - above
    noise = high * _float32(tf.sqrt(variance / (4**2 + 4 * 1**2)))
    return tf.clip_by_value(tf.ensure_shape(image + noise, image.shape), 0.0, 1.0)


# Noise removed in one place is added in another, anywhere in the photo.
@kind(variance=_VARIANCE)
def masked_noise(image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Adds normal noise that hides in texture.

    Its standard deviation follows the photo's local activity: the standard deviation of
    luma about its mean over 5 x 5 pixels, taken in whichever 5 x 5 window containing
    the pixel it is smallest. So flat areas stay clean even next to an edge.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, averaged over the photo, on the scale of [0, 1]; at
            least 0. Because of the average the whole photo is needed: a crop by itself
            would get more or less noise. The noise is independent from pixel to pixel
            and channel to channel.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1]. A completely flat photo gets uniform noise.

    Raises:
        ValueError: if the variance is less than 0.

    RankIQA's authors left out TID2013's #04, because too little is published about its
    masks. This mask is our choice: the noise that a texture hides grows roughly with
    its contrast, so the noise is about equally visible, or hidden, in all textures.
    """
    # The floor is 1/40 of an 8-bit step: it only matters in photos without any texture.
    power = _activity(_ycbcr.luma(image)) + 1e-8
    deviation = tf.sqrt(power * (_float32(variance) / tf.reduce_mean(power)))
    noise = chance.normal(tf.shape(image), seed)
    return tf.clip_by_value(image + noise * deviation[..., tf.newaxis], 0.0, 1.0)


@kind(reach=POINTWISE, density=_SHARE)
def impulse_noise(image: tf.Tensor, density: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Sets random values to 0 or 1 (salt and pepper), each channel on its own.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: the fraction of values to set, half of them to 0 and half to 1; at
            least 0, at most 1.
        seed: int32 [2].

    Returns:
        The image with coloured dots.

    Raises:
        ValueError: if the density is not at least 0 and at most 1.

    RankIQA's supplement gives TID2013's impulse noise (#06) densities of 0.005, 0.01,
    0.05 and 0.1 for MATLAB's imnoise 'salt & pepper', which this reproduces.
    """
    drawn = chance.uniform(tf.shape(image), seed)
    salt = tf.cast(drawn >= _float32(1 - density / 2), tf.float32)
    pepper = tf.cast(drawn < _float32(density / 2), tf.float32)
    # Clipping is three times as fast as selecting pixel by pixel.
    return tf.clip_by_value(image + salt - pepper, 0.0, 1.0)


@kind(reach=POINTWISE, density=_SHARE)
def random_valued_impulse_noise(
    image: tf.Tensor, density: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Replaces random values with random 8-bit values, each channel on its own.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: the fraction of values to replace; at least 0, at most 1.
        seed: int32 [2].

    Returns:
        The image with coloured dots, on average fainter than salt and pepper.

    Raises:
        ValueError: if the density is not at least 0 and at most 1.

    This is TID2013's impulse noise (#06): values uniform over 0..255 give the PSNR and
    SSIM that it publishes. From level 2 on, half of its photos have their dots in all
    three channels at the same places; here each channel has its own.
    """
    drawn = chance.uniform(tf.shape(image), seed)
    density = _float32(density)
    # A number that is less than the density is uniform over 0..density.
    values = tf.floor(256.0 * tf.math.divide_no_nan(drawn, density)) / 255.0
    return tf.where(drawn < density, tf.minimum(values, 1.0), image)


@kind(reach=POINTWISE, deviation=_DEVIATION)
def multiplicative_noise(
    image: tf.Tensor, deviation: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Multiplies each value by a normal factor with mean 1, each channel on its own.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        deviation: the standard deviation of the factors; at least 0.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1]; noise is stronger the brighter the channel.

    Raises:
        ValueError: if the deviation is less than 0.

    RankIQA's supplement gives TID2013's multiplicative noise (#19) "variances" of
    0.05, 0.09, 0.13 and 0.2; in their released code they are standard deviations.
    """
    factors = 1.0 + _float32(deviation) * chance.normal(tf.shape(image), seed)
    return tf.clip_by_value(image * factors, 0.0, 1.0)


# Its longest waves are as long as the photo.
@kind(variance=_VARIANCE)
def pink_noise(image: tf.Tensor, variance: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Adds normal noise with power proportional to 1 / frequency: clouds and grain.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        variance: of the noise, on the scale of [0, 1]; at least 0. It is the same in
            all pixels, and independent in each channel.
        seed: int32 [2].

    Returns:
        The noisy image, clipped to [0, 1].

    Raises:
        ValueError: if the variance is less than 0.

    CSIQ has "additive pink Gaussian noise", whose strength is not published. The noise
    is made in the Fourier domain over the whole photo, without its mean.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    white = chance.normal([3, height, width], seed)
    down = _frequencies(height)
    across = _frequencies(width)[: width // 2 + 1]
    # In the smallest images there may be nothing but the mean.
    squared = tf.maximum(down[:, tf.newaxis] ** 2 + across**2, 1e-12)
    gain = squared**-0.25  # The root of the power, 1 / frequency.
    gain = tf.where(squared > 1e-12, gain, 0.0)
    # In a real spectrum each column stands for two, except the first and, with an even
    # width, the last.
    columns = tf.range(width // 2 + 1)
    alone = (columns == 0) | (2 * columns == width)
    power = tf.reduce_sum(tf.where(alone, 1.0, 2.0) * gain**2)
    pixels = tf.cast(height * width, tf.float32)
    gain *= tf.sqrt(tf.math.divide_no_nan(_float32(variance) * pixels, power))
    spectrum = tf.signal.rfft2d(white) * tf.cast(gain, tf.complex64)
    noise = tf.signal.irfft2d(spectrum, fft_length=tf.stack([height, width]))
    noisy = image + tf.transpose(noise, [1, 2, 0])
    return tf.clip_by_value(tf.ensure_shape(noisy, image.shape), 0.0, 1.0)


def _frequencies(count: tf.Tensor) -> tf.Tensor:
    """Returns the frequencies of a DFT in cycles per pixel, float32 [count]."""
    places = tf.range(count)
    signed = tf.where(2 * places > count, places - count, places)
    return tf.cast(signed, tf.float32) / tf.cast(count, tf.float32)


# Its coarsest waves are as wide as a crop.
@kind(step=Parameter(none=0, least=0, log=True))
def comfort_noise(image: tf.Tensor, step: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Replaces the detail that a coarse compression would lose with random detail.

    Decomposes the luma with four levels of JPEG 2000's 9/7 wavelet. Coefficients whose
    magnitude is below the step, which JPEG 2000 would round to 0, get a random sign:
    the detail keeps its place, scale and strength but changes; strong detail, such as
    edges, stays.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        step: quantization step, for coefficients scaled so that the transform
            approximately preserves the power of the luma in [0, 1]; at least 0. Beyond
            about 3 nearly all detail is random, and a larger step makes little
            difference.
        seed: int32 [2].

    Returns:
        The image with different fine detail, clipped to [0, 1]. Chroma is unchanged.

    Raises:
        ValueError: if the step is less than 0.

    For TID2013's comfort noise (#20) an image is compressed, and noise resembling what
    was lost is added. RankIQA's authors left it out because they did not have the
    encoder. This imitation is our choice: without blocks, and without effect where the
    photo is smooth. It only changes luma, as the eye hardly sees fine detail in colour.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    # Sides are extended to multiples of 16, to be halved four times, by repeating the
    # last pixels; to at least 48, as the filters reach 4 pixels beyond a side of 6.
    rows = tf.range(16 * tf.maximum(-(-height // 16), 3))
    columns = tf.range(16 * tf.maximum(-(-width // 16), 3))
    luma = _ycbcr.luma(image)
    padded = tf.gather(luma, tf.minimum(rows, height - 1))
    padded = tf.gather(padded, tf.minimum(columns, width - 1), axis=1)
    seeds = chance.split(seed, 4)
    detail = _detail_with_random_signs(padded, _float32(step), seeds)
    change = detail[:height, :width] - luma
    noisy = image + change[..., tf.newaxis]
    return tf.clip_by_value(tf.ensure_shape(noisy, image.shape), 0.0, 1.0)


def _float32(number: tf.Tensor) -> tf.Tensor:
    """Converts a value computed from parameters to the pixels' type."""
    return tf.cast(number, tf.float32)


def _binomial_sum(planes: tf.Tensor, order: int) -> tf.Tensor:
    """Sums neighbours with binomial weights, such as 1 2 1 for order 2, on both axes.

    Args:
        planes: float32 [height + order, width + order, ...].
        order: how often neighbours are added; their weights sum to 4**order. On a CPU
            that is five times faster than tf.nn.depthwise_conv2d.

    Returns:
        float32 [height, width, ...].
    """
    for _ in range(order):
        planes = planes[1:] + planes[:-1]
    for _ in range(order):
        planes = planes[:, 1:] + planes[:, :-1]
    return planes


@tf.function(input_signature=[_PLANE])
def _activity(luma: tf.Tensor) -> tf.Tensor:
    """Returns the variance of the flattest 5 x 5 window that contains each pixel.

    Computed about a separate mean for each pixel, so that it is never negative, as the
    mean square minus the squared mean may be through rounding. Edge pixels are
    repeated.
    """
    detail = luma - _over_windows(tf.add, luma) / 25
    variance = _over_windows(tf.add, detail * detail) / 25
    return _over_windows(tf.minimum, variance)


def _over_windows(
    combine: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], plane: tf.Tensor
) -> tf.Tensor:
    """Combines the 5 x 5 pixels around each pixel of a plane [height, width]."""
    for _ in range(2):  # One pixel at a time, so that any size works; edges repeat.
        plane = tf.pad(plane, [[1, 1], [1, 1]], "SYMMETRIC")
    height, width = tf.unstack(tf.shape(plane) - 4)
    plane = functools.reduce(combine, [plane[i : i + height] for i in range(5)])
    return functools.reduce(combine, [plane[:, i : i + width] for i in range(5)])


# The 9/7 wavelet of Cohen, Daubechies and Feauveau: the filters of JPEG 2000 (ISO/IEC
# 15444-1) from the middle outwards, scaled to approximately preserve the power.
_LOW_PASS = math.sqrt(2) * np.array(
    [
        0.602949018236358,
        0.266864118442872,
        -0.078223266528988,
        -0.016864118442875,
        0.026748757410810,
    ]
)
_HIGH_PASS = math.sqrt(0.5) * np.array(
    [1.115087052456994, -0.591271763114247, -0.057543526228500, 0.091271763114250, 0]
)


def _with_random_signs(
    plane: tf.Tensor, step: tf.Tensor, seeds: tf.Tensor
) -> tf.Tensor:
    """Gives wavelet coefficients below a step random signs.

    Args:
        plane: float32 [height, width]; each side can be halved once per seed, and is
            still at least 6 before the last time.
        step: coefficients with a smaller magnitude are changed.
        seeds: int32 [levels, 2].

    Returns:
        float32 [height, width], reconstructed from the coefficients.
    """
    if seeds.shape[0] == 0:
        return plane
    # A filter's values depend on whether it is centred on an even or an odd pixel.
    pixels = np.arange(-4, 6)
    distances = abs(pixels - [[0], [1]])  # [2, 10]
    taps = np.minimum(distances, 4)
    is_near = distances <= 4
    analysis = is_near * np.stack([_LOW_PASS[taps[0]], _HIGH_PASS[taps[1]]])
    # The inverse has the filters swapped, and every other sign changed.
    swapped = np.where(pixels % 2, _LOW_PASS[taps], _HIGH_PASS[taps])
    synthesis = is_near * swapped * (-1.0) ** distances

    coefficients = _filter(plane, analysis)[tf.newaxis, ..., tf.newaxis]
    bands = tf.nn.space_to_depth(coefficients, 2)  # [1, height / 2, width / 2, 4]
    low, details = bands[0, ..., 0], bands[..., 1:]
    turned = chance.bits(tf.shape(details), seeds[0]) < 0
    is_turned = turned & (tf.abs(details) < step)
    details = tf.where(is_turned, -details, details)
    low = _with_random_signs(low, step, seeds[1:])[tf.newaxis, ..., tf.newaxis]
    coefficients = tf.nn.depth_to_space(tf.concat([low, details], axis=-1), 2)
    return _filter(coefficients[0, ..., 0], synthesis)


_detail_with_random_signs = tf.function(
    _with_random_signs,
    input_signature=[_PLANE, tf.TensorSpec([]), tf.TensorSpec([4, 2], tf.int32)],
)


def _filter(plane: tf.Tensor, filters: np.ndarray) -> tf.Tensor:
    """Filters even and odd pixels with different filters, along both axes.

    As for a blur, it multiplies overlapping stretches by a band matrix, which on a CPU
    is faster than tf.nn.conv2d of one channel.

    Args:
        plane: float32 [height, width], even; mirrored beyond its edges about the middle
            of the last pixel, as the wavelet requires.
        filters: [2, 10], for an even and an odd pixel, starting 4 before the even one.

    Returns:
        float32 [height, width].
    """
    block = 32
    matrix = np.zeros([block, 4 + block + 4])
    for row in range(0, block, 2):
        matrix[row : row + 2, row : row + 10] = filters
    band = tf.constant(matrix, tf.float32)
    for _ in range(2):
        height, width = tf.unstack(tf.shape(plane))
        padded = tf.pad(plane, [[4, 4], [0, 0]], "REFLECT")
        rows = tf.range(4 + block + 4) + tf.range(0, height, block)[:, tf.newaxis]
        # The last block may have arbitrary surplus rows; they are cut off.
        stretches = tf.gather(padded, tf.minimum(rows, height + 7))
        filtered = tf.reshape(tf.matmul(band, stretches), [-1, width])
        plane = tf.transpose(filtered[:height])
    return plane
