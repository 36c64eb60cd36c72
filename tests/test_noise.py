"""The noises, each against something independent."""

import itertools
import math

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import tensorflow as tf
from pictures import make_photo

from distortions import chance
from distortions.noise import color_component_noise
from distortions.noise import comfort_noise
from distortions.noise import correlated_noise
from distortions.noise import high_frequency_noise
from distortions.noise import impulse_noise
from distortions.noise import laplacian_noise
from distortions.noise import masked_noise
from distortions.noise import multiplicative_noise
from distortions.noise import pink_noise
from distortions.noise import random_valued_impulse_noise
from distortions.noise import white_noise

SEED = (3, 14)
# Those whose variance is the same in every pixel.
EVERY_UNIFORM = pytest.mark.parametrize(
    "function",
    [correlated_noise, high_frequency_noise, laplacian_noise],
    ids=lambda f: f.__name__,
)


def luma(image):
    """Luma of BT.601 in full range, from the standard's own three numbers."""
    return np.asarray(image) @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize(
    ("function", "nothing"),
    [
        (color_component_noise, (0, 0)),
        (comfort_noise, (0,)),
        (correlated_noise, (0,)),
        (high_frequency_noise, (0,)),
        (impulse_noise, (0,)),
        (laplacian_noise, (0,)),
        (masked_noise, (0,)),
        (multiplicative_noise, (0,)),
        (pink_noise, (0,)),
        (random_valued_impulse_noise, (0,)),
        (white_noise, (0,)),
    ],
)
def test_no_noise_is_the_image(function, nothing):
    image = make_photo(37, 53)
    np.testing.assert_allclose(function(image, *nothing, seed=SEED), image, atol=1e-5)


# White noise.


@pytest.mark.parametrize("variance", [0.000977, 0.005524])  # No clipping at mid-grey.
def test_white_noise_has_its_mean_and_variance_in_each_channel(variance):
    grey = tf.fill([256, 384, 3], 0.5)
    noise = white_noise(grey, variance, seed=SEED).numpy() - 0.5
    count = 256 * 384
    # Five standard errors: of a mean sqrt(v / n), of a variance v sqrt(2 / n).
    means, variances = noise.mean(axis=(0, 1)), noise.var(axis=(0, 1))
    np.testing.assert_allclose(means, 0, atol=5 * math.sqrt(variance / count))
    np.testing.assert_allclose(variances, variance, rtol=5 * math.sqrt(2 / count))


def test_white_noise_is_independent_from_channel_to_channel_and_pixel_to_pixel():
    grey = tf.fill([256, 384, 3], 0.5)
    red, green, blue = np.moveaxis(white_noise(grey, 0.005, seed=SEED).numpy(), -1, 0)
    pairs = [(red, green), (red, blue), (green, blue)]
    pairs += [(red[1:], red[:-1]), (red[:, 1:], red[:, :-1])]
    for one, two in pairs:
        correlation = np.corrcoef(one.ravel(), two.ravel())[0, 1]
        assert abs(correlation) < 5 / math.sqrt(one.size)


def test_white_noise_is_clipped():
    noisy = white_noise(tf.fill([256, 384, 3], 0.5), 1.0, seed=SEED).numpy()
    # A normal variable is more than half a standard deviation below its mean, or above
    # it, with a probability of 0.3085 each; the standard error is 0.00085.
    assert np.mean(noisy == 0) == pytest.approx(0.3085, abs=0.005)
    assert np.mean(noisy == 1) == pytest.approx(0.3085, abs=0.005)


def test_white_noise_of_no_variance_is_the_image():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(white_noise(image, 0, seed=SEED), image)


# Noise in colour components.


def test_color_component_noise_has_its_variances_in_ycbcr():
    grey = tf.fill([256, 384, 3], 0.5)
    noise = color_component_noise(grey, 0.0002, 0.0008, seed=SEED).numpy() - 0.5
    # The matrix that MATLAB's documentation of rgb2ycbcr cites, for values of 0..1.
    from_rgb = np.array(
        [
            [65.481, 128.553, 24.966],
            [-37.797, -74.203, 112.0],
            [112.0, -93.786, -18.214],
        ]
    )
    components = noise.reshape(-1, 3) @ (from_rgb / 255).T
    covariance = np.cov(components, rowvar=False)
    tolerance = 5 * math.sqrt(2 / (256 * 384))  # Of a variance; of a covariance, less.
    np.testing.assert_allclose(
        np.diag(covariance), [0.0002, 0.0008, 0.0008], rtol=tolerance
    )
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    np.testing.assert_allclose(correlation, np.eye(3), atol=tolerance)


def test_color_component_noise_of_luma_alone_is_grey():
    grey = tf.fill([37, 53, 3], 0.5)
    noise = color_component_noise(grey, 0.001, 0, seed=SEED).numpy() - 0.5
    assert noise.std() > 0.01
    np.testing.assert_allclose(noise, noise[..., :1].repeat(3, axis=-1), atol=1e-6)


# Correlated and high-frequency noise.

POINT = np.outer([0, 0, 1, 0, 0], [0, 0, 1, 0, 0])
KERNELS = {
    correlated_noise: np.outer([0, 1, 1, 1, 0], [0, 1, 1, 1, 0]),
    high_frequency_noise: 16 * POINT - np.outer([0, 1, 2, 1, 0], [0, 1, 2, 1, 0]),
    # The four neighbours are what 2 x 2 corners and the point leave of 3 x 3.
    laplacian_noise: 5 * POINT
    - np.outer([0, 1, 1, 1, 0], [0, 1, 1, 1, 0])
    + np.outer([0, 1, 0, 1, 0], [0, 1, 0, 1, 0]),
}


@EVERY_UNIFORM
def test_filtered_noise_has_its_mean_and_variance(function):
    grey = tf.fill([256, 384, 3], 0.5)
    noise = function(grey, 0.004, seed=SEED).numpy() - 0.5
    kernel = np.zeros((256, 384))
    kernel[:5, :5] = KERNELS[function]
    spectrum = np.abs(np.fft.fft2(kernel)) ** 2
    # Five standard errors: those of white noise, of a mean sqrt(v / n), of a variance
    # v sqrt(2 / n), times what the spectrum's shape makes of them.
    spectrum /= spectrum.mean()
    # Where the spectrum is 0, what is cut off at the edges remains: far less than 1.
    mean_error = math.sqrt(0.004 / noise.size * max(spectrum[0, 0], 1))
    assert noise.mean() == pytest.approx(0, abs=5 * mean_error)
    variance_error = math.sqrt(2 / noise.size * np.mean(spectrum**2))
    assert noise.var() == pytest.approx(0.004, rel=5 * variance_error)


@EVERY_UNIFORM
def test_filtered_noise_is_as_strong_at_the_edges_as_elsewhere(function):
    grey = tf.fill([5, 4000, 3], 0.5)
    noise = function(grey, 0.004, seed=SEED).numpy() - 0.5
    # A row has 12,000 values, of which the coarse grain correlates.
    error = math.sqrt(2 * 2.63 / 12000)
    np.testing.assert_allclose(noise.var(axis=(1, 2)), 0.004, rtol=5 * error)


@EVERY_UNIFORM
def test_filtered_noise_is_independent_from_channel_to_channel(function):
    grey = tf.fill([256, 384, 3], 0.5)
    channels = function(grey, 0.004, seed=SEED).numpy().reshape(-1, 3)
    correlation = np.corrcoef(channels, rowvar=False)
    error = 2.63 / math.sqrt(256 * 384)
    np.testing.assert_allclose(correlation, np.eye(3), atol=5 * error)


@pytest.mark.parametrize("axis", [0, 1])
def test_correlated_noise_correlates_as_its_filter_does_with_itself(axis):
    grey = tf.fill([512, 512, 3], 0.5)
    noise = correlated_noise(grey, 0.004, seed=SEED).numpy() - 0.5
    # 1 1 1, laid over itself with a lag: 3 at lag 0, 2 at 1, 1 at 2, 0 beyond.
    rows = np.moveaxis(noise, axis, 0)
    for lag, expected in enumerate([2, 1, 0, 0], start=1):
        correlation = np.corrcoef(rows[lag:].ravel(), rows[:-lag].ravel())[0, 1]
        assert correlation == pytest.approx(expected / 3, abs=0.015)


def power_spectrum(noise):
    """Mean power of the channels, and the radial frequency as a share of Nyquist."""
    power = (np.abs(np.fft.fft2(noise, axes=(0, 1))) ** 2).mean(axis=-1)
    frequencies = [2 * np.fft.fftfreq(side) for side in power.shape]
    return power, np.hypot(*np.meshgrid(*frequencies, indexing="ij"))


def test_high_frequency_noise_has_little_power_at_low_frequencies():
    grey = tf.fill([256, 384, 3], 0.5)
    # Without it, the jump from each edge to the other has power at all frequencies.
    window = np.outer(np.hanning(256), np.hanning(384))[..., np.newaxis]
    shares = []
    for function in (high_frequency_noise, white_noise):
        noise = function(grey, 0.004, seed=SEED).numpy() - 0.5
        power, frequency = power_spectrum(noise * window)
        shares.append(power[frequency < 0.25].sum() / power.sum())
    # A disc of a radius of a quarter, of a square of a side of two: pi / 64.
    assert shares[1] == pytest.approx(math.pi / 64, rel=0.05)
    kernel = np.zeros((256, 384, 1))
    kernel[:5, :5, 0] = KERNELS[high_frequency_noise]
    power, frequency = power_spectrum(kernel)
    expected = power[frequency < 0.25].sum() / power.sum()
    assert shares[0] == pytest.approx(expected, rel=0.1)
    assert shares[0] < shares[1] / 80


def test_high_frequency_noise_keeps_half_its_power_at_two_thirds_of_nyquist():
    grey = tf.fill([512, 512, 3], 0.5)
    noise = high_frequency_noise(grey, 0.004, seed=SEED).numpy() - 0.5
    power, _ = power_spectrum(noise)
    # Sums of columns hold what varies from row to row alone; Nyquist is number 256.
    along = power[:, :9].mean(axis=1)
    assert along[155:172].mean() / along[240:257].mean() == pytest.approx(0.5, abs=0.12)


# Masked noise.


def flat_left_textured_right(height=128, width=256):
    image = np.full((height, width, 3), 0.5, np.float32)
    texture = np.random.default_rng(1).normal(size=(height, width // 2, 1))
    image[:, width // 2 :] += 0.04 * texture
    return image


def test_masked_noise_keeps_to_texture():
    image = flat_left_textured_right()
    noise = masked_noise(image, 0.001, seed=SEED).numpy() - image
    flat, textured = noise[:, :125], noise[:, 128:]  # Three pixels from the border.
    assert np.mean(flat**2) < 1e-4 * np.mean(textured**2)


def test_masked_noise_keeps_out_of_flat_areas_beside_an_edge():
    image = flat_left_textured_right()
    image[:, :64] = 0.2
    noise = masked_noise(image, 0.001, seed=SEED).numpy() - image
    columns = np.mean(noise**2, axis=(0, 2))
    at_edge, beside = columns[62:66], np.append(columns[:61], columns[67:125])
    assert beside.max() < 1e-4 * at_edge.max()


def test_masked_noise_has_its_variance_on_the_mean_over_the_photo():
    image = flat_left_textured_right()
    noise = masked_noise(image, 0.001, seed=SEED).numpy() - image
    # Half of 128 x 256 x 3 values bear the noise, not all the same: a standard error
    # of sqrt(2 / 49152) = 0.6 %, and a little more.
    assert np.mean(noise**2) == pytest.approx(0.001, rel=0.04)


def test_masked_noise_is_white_noise_times_the_activity():
    image = 0.5 + 0.3 * (make_photo(37, 53) - 0.5)
    flat = np.full_like(image, 0.5)
    white = (masked_noise(flat, 1e-4, seed=SEED).numpy() - 0.5) / 0.01

    def mean(plane):
        return scipy.ndimage.uniform_filter(plane, 5, mode="nearest")

    variance = mean((luma(image) - mean(luma(image))) ** 2)
    activity = scipy.ndimage.minimum_filter(variance, 5, mode="nearest")
    deviation = np.sqrt(1e-4 * activity / activity.mean())
    noise = masked_noise(image, 1e-4, seed=SEED).numpy() - image
    np.testing.assert_allclose(noise, white * deviation[..., np.newaxis], atol=5e-5)


def test_masked_noise_in_a_flat_photo_is_the_same_everywhere():
    noise = masked_noise(tf.fill([256, 384, 3], 0.3), 0.001, seed=SEED).numpy() - 0.3
    for quarter in (noise[:128, :192], noise[:128, 192:], noise[128:]):
        error = math.sqrt(2 / quarter.size)
        assert quarter.var() == pytest.approx(0.001, rel=5 * error)


# Impulse noise.


def test_impulse_noise_sets_half_its_density_to_0_and_half_to_1():
    noisy = impulse_noise(tf.fill([256, 384, 3], 0.5), 0.1, seed=SEED).numpy()
    # The standard error of a share p is sqrt(p (1 - p) / 98304) = 0.0007 at 0.05.
    np.testing.assert_allclose(np.mean(noisy == 0, axis=(0, 1)), 0.05, atol=0.0035)
    np.testing.assert_allclose(np.mean(noisy == 1, axis=(0, 1)), 0.05, atol=0.0035)


def test_impulse_noise_leaves_other_values_alone_and_channels_independent():
    image = 0.25 + make_photo(256, 384) / 2
    noisy = impulse_noise(image, 0.1, seed=SEED).numpy()
    is_hit = (noisy == 0) | (noisy == 1)
    np.testing.assert_array_equal(noisy[~is_hit], image[~is_hit])
    hits = np.bincount(is_hit.sum(axis=-1).ravel(), minlength=4) / is_hit[..., 0].size
    # Of three channels hit with a probability of 0.1 each.
    np.testing.assert_allclose(hits, [0.729, 0.243, 0.027, 0.001], atol=0.007)


def test_impulse_noise_of_density_1_leaves_nothing():
    noisy = impulse_noise(make_photo(37, 53), 1, seed=SEED).numpy()
    assert set(np.unique(noisy)) == {0, 1}


def test_random_valued_impulses_are_even_over_all_bytes():
    image = np.full((256, 384, 3), 0.3001, np.float32)  # No byte has it.
    noisy = random_valued_impulse_noise(image, 0.2, seed=SEED).numpy()
    is_hit = noisy != image
    # Five standard errors: of a share p sqrt(p (1 - p) / 98304) = 0.0013.
    np.testing.assert_allclose(is_hit.mean(axis=(0, 1)), 0.2, atol=5 * 0.0013)
    bytes_hit = np.rint(noisy[is_hit] * 255).astype(int)
    np.testing.assert_allclose(noisy[is_hit], bytes_hit / 255, atol=1e-7)
    counts = np.bincount(bytes_hit, minlength=256)
    assert len(counts) == 256
    assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_random_valued_impulses_of_channels_are_independent():
    image = np.full((256, 384, 3), 0.3001, np.float32)
    is_hit = random_valued_impulse_noise(image, 0.1, seed=SEED).numpy() != image
    hits = np.bincount(is_hit.sum(axis=-1).ravel(), minlength=4) / is_hit[..., 0].size
    np.testing.assert_allclose(hits, [0.729, 0.243, 0.027, 0.001], atol=0.007)


# Multiplicative noise.


def test_multiplicative_noise_is_the_stronger_the_lighter_the_channel():
    image = tf.tile([[[0.0, 0.2, 0.5]]], [256, 384, 1])
    noise = multiplicative_noise(image, 0.13, seed=SEED).numpy() - image.numpy()
    error = math.sqrt(1 / (2 * 256 * 384))  # Of a standard deviation.
    np.testing.assert_array_equal(noise[..., 0], 0)
    deviations = noise.std(axis=(0, 1))[1:]
    np.testing.assert_allclose(deviations, [0.026, 0.065], rtol=5 * error)
    np.testing.assert_allclose(noise.mean(axis=(0, 1)), 0, atol=5 * 0.065 / 313)
    assert abs(np.corrcoef(noise[..., 1].ravel(), noise[..., 2].ravel())[0, 1]) < 0.016


# Comfort noise.

# The analysis filters of the 9/7 wavelet of Antonini, Barlaud, Mathieu and Daubechies,
# from their middle outwards, with gains of sqrt(2).
LOW_PASS = (0.852699, 0.377403, -0.110624, -0.023849, 0.037829)
HIGH_PASS = (0.788486, -0.418092, -0.040690, 0.064539)


def bands(plane):
    """One level of the wavelet transform: low-low, and the three bands of detail."""
    halves = [plane]
    for axis in (0, 1):
        filtered = []
        for half in halves:
            for taps, first in ((LOW_PASS, 0), (HIGH_PASS, 1)):
                kernel = np.array([*taps[:0:-1], *taps])
                band = scipy.ndimage.correlate1d(half, kernel, axis, mode="mirror")
                filtered.append(np.moveaxis(band, axis, 0)[first::2])
                filtered[-1] = np.moveaxis(filtered[-1], 0, axis)
        halves = filtered
    return halves


def gentle_photo(height, width):
    """A photo that no comfort noise takes out of [0, 1]."""
    return 0.5 + 0.3 * (make_photo(height, width) - 0.5)


def test_comfort_noise_changes_the_signs_of_small_coefficients_only():
    image, step = gentle_photo(128, 192), 0.06
    noisy = comfort_noise(image, step, seed=SEED).numpy()
    before, after = luma(image), luma(noisy)
    for _ in range(4):
        before, *details = bands(before)
        after, *noisy_details = bands(after)
        for one, two in zip(details, noisy_details, strict=True):
            np.testing.assert_allclose(np.abs(two), np.abs(one), atol=5e-5)
            is_large = np.abs(one) > step + 1e-4
            np.testing.assert_allclose(two[is_large], one[is_large], atol=5e-5)
            is_small = (np.abs(one) < step - 1e-4) & (np.abs(one) > 1e-4)
            turned = np.sign(two[is_small]) != np.sign(one[is_small])
            error = math.sqrt(0.25 / turned.size)
            assert turned.mean() == pytest.approx(0.5, abs=5 * error)
    np.testing.assert_allclose(after, before, atol=5e-5)


def test_comfort_noise_turns_each_scale_by_a_seed_of_its_own():
    image = gentle_photo(256, 384)
    before, after = luma(image), luma(comfort_noise(image, 9, seed=SEED).numpy())
    scales = []
    for _ in range(4):
        before, *details = bands(before)
        after, *noisy_details = bands(after)
        one, two = (np.stack(of, -1).ravel() for of in (details, noisy_details))
        scales.append(np.where(np.abs(one) > 1e-4, np.sign(one * two), np.nan))
    # With one seed, the signs of a coarse scale were the first of a fine one.
    for fine, coarse in itertools.combinations(scales, 2):
        agrees = fine[: len(coarse)] * coarse
        agrees = agrees[~np.isnan(agrees)]
        assert len(agrees) > 500
        assert abs(agrees.mean()) < 5 / math.sqrt(len(agrees))


def test_comfort_noise_keeps_the_power_of_the_detail_and_nothing_else_of_it():
    image = gentle_photo(256, 384)
    noisy = comfort_noise(image, 9, seed=SEED).numpy()

    def detail(photo):
        return luma(photo) - scipy.ndimage.gaussian_filter(luma(photo), 2)

    one, two = detail(image), detail(noisy)
    assert two.var() == pytest.approx(one.var(), rel=0.1)
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.05


def test_comfort_noise_leaves_chroma_alone():
    image = gentle_photo(37, 53)
    change = comfort_noise(image, 0.2, seed=SEED).numpy() - image
    assert change.std() > 0.003
    np.testing.assert_allclose(change, change[..., :1].repeat(3, axis=-1), atol=1e-6)


def test_comfort_noise_leaves_what_has_no_detail_alone():
    flat = np.full((37, 53, 3), 0.3, np.float32)
    np.testing.assert_allclose(comfort_noise(flat, 9, seed=SEED), flat, atol=1e-5)
    # A slope has none but at its ends, where it is mirrored.
    slope = np.tile(np.linspace(0, 1, 512, dtype=np.float32)[:, None, None], (1, 64, 3))
    noisy = comfort_noise(slope, 9, seed=SEED).numpy()
    np.testing.assert_allclose(noisy[128:-128], slope[128:-128], atol=1e-5)


# Pink noise.


@pytest.mark.parametrize("size", [(256, 384), (61, 83)])
def test_pink_noise_has_its_variance_in_each_channel(size):
    grey = tf.fill([*size, 3], 0.5)
    noises = pink_noise(grey, 0.002, seed=SEED).numpy() - 0.5
    # Its long waves are few, so that a photo's noise is not quite as strong as meant.
    np.testing.assert_allclose(noises.var((0, 1)), 0.002, rtol=0.15)
    np.testing.assert_allclose(noises.mean((0, 1)), 0, atol=1e-6)


@pytest.mark.parametrize("size", [(9, 2), (2, 9)])
def test_pink_noise_has_its_variance_on_the_mean_over_narrow_photos(size):
    grey = tf.fill([*size, 3], 0.5)
    function = tf.function(lambda seed: pink_noise(grey, 0.002, seed=seed))
    noises = [function(tf.constant([3, n])).numpy() - 0.5 for n in range(400)]
    # The greatest waves are most of it: three standard errors of 1,200 channels.
    assert np.mean(np.square(noises)) == pytest.approx(0.002, rel=3 / math.sqrt(1200))


def test_the_power_of_pink_noise_falls_as_1_over_frequency():
    grey = tf.fill([256, 384, 3], 0.5)
    noises = pink_noise(grey, 0.002, seed=SEED).numpy() - 0.5
    power = np.mean(np.abs(np.fft.fft2(noises, axes=(0, 1))) ** 2, axis=-1)
    down, across = np.fft.fftfreq(256)[:, np.newaxis], np.fft.fftfreq(384)
    frequency = np.hypot(down, across)
    levels = [
        np.mean((power * frequency)[(frequency >= low) & (frequency < 2 * low)])
        for low in (0.01, 0.02, 0.05, 0.1, 0.25)
    ]
    np.testing.assert_allclose(levels, np.mean(levels), rtol=0.15)


# The normal numbers that the noises are made of.


@pytest.mark.parametrize("shape", [(256, 384, 3), (7, 11, 3)])
def test_normal_numbers_are_normal(shape):
    numbers = chance.normal(shape, SEED).numpy()
    assert numbers.shape == shape
    assert scipy.stats.kstest(numbers.ravel(), "norm").pvalue > 0.01
