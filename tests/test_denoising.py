"""Denoising: against SciPy's cosine transform, and what it must do to noise."""

import math

import numpy as np
import pytest
import scipy.fft
import tensorflow as tf
from pictures import make_photo
from pictures import psnr

from distortions import denoising
from distortions.denoising import dct_denoise
from distortions.denoising import dct_threshold
from distortions.noise import white_noise

SEED = (3, 14)
# Orthonormal: grey, red - blue, and red - 2 green + blue.
OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


def windows_of(image, frame=8):
    """Yields a window at a time, as the rows and columns of the mirrored image."""
    height, width = image.shape[:2]
    for top in range(-frame, height + frame):
        for left in range(-frame, width + frame):
            # A window begins in each row, three columns on from that above it.
            if (left - 3 * top) % 8 == 0:
                yield (
                    slice(top + frame, top + frame + 8),
                    slice(left + frame, left + frame + 8),
                )


def filtered_by_scipy(image, gains, guide=None):
    """The mean over windows, each weighted by the noise left, one after the other."""
    pad = [(8, 16), (8, 16), (0, 0)]
    planes = np.pad(image @ OPPONENT.T, pad, mode="symmetric")
    guide = planes if guide is None else np.pad(guide @ OPPONENT.T, pad, "symmetric")
    total, weights = np.zeros_like(planes), np.zeros_like(planes)
    for window in windows_of(image):
        if planes[window].shape != (8, 8, 3):
            continue
        found, signal = (
            scipy.fft.dctn(source[window], axes=(0, 1), norm="ortho")
            for source in (planes, guide)
        )
        gain = gains(signal)
        weight = 1 / max(np.sum(gain**2), 1)
        total[window] += weight * scipy.fft.idctn(
            gain * found, axes=(0, 1), norm="ortho"
        )
        weights[window] += weight
    height, width = image.shape[:2]
    inner = (slice(8, height + 8), slice(8, width + 8))
    return (total[inner] / weights[inner]) @ OPPONENT


def thresholded_by_scipy(image, threshold):
    def gains(found):
        kept = np.abs(found) > threshold
        kept[0, 0] = True
        return kept.astype(float)

    return filtered_by_scipy(image, gains)


@pytest.mark.parametrize("size", [(37, 53), (16, 16), (9, 20)])
@pytest.mark.parametrize("threshold", [0.05, 0.3])
def test_dct_threshold_is_that_of_scipy_window_by_window(size, threshold):
    image = white_noise(make_photo(*size), 0.01, seed=SEED).numpy()
    expected = thresholded_by_scipy(image.astype(np.float64), threshold)
    np.testing.assert_allclose(
        dct_threshold(image, threshold), np.clip(expected, 0, 1), atol=1e-5
    )


def test_dct_denoise_is_a_threshold_and_then_wieners_filter():
    image = white_noise(make_photo(37, 53), 0.01, seed=SEED).numpy().astype(np.float64)
    pilot = thresholded_by_scipy(image, 2.7 * 0.1)
    expected = filtered_by_scipy(
        image, lambda signal: signal**2 / (signal**2 + 0.01), guide=pilot
    )
    np.testing.assert_allclose(
        dct_denoise(image.astype(np.float32), 0.1), np.clip(expected, 0, 1), atol=1e-5
    )


def test_dct_denoise_leaves_one_grey_of_noise_on_grey():
    noisy = white_noise(tf.fill([128, 160, 3], 0.5), 0.01, seed=SEED).numpy()
    denoised = dct_denoise(noisy, 0.1).numpy()
    # The mean of 64 pixels has 1/8 of their deviation; overlapping windows average it
    # further, and few other coefficients pass 2.7 sigma.
    assert denoised.std() < 0.1 / 8
    # Windows weigh pixels at the edges less: up to the noisy mean's own standard error.
    assert denoised.mean() == pytest.approx(noisy.mean(), abs=0.1 / noisy.size**0.5)


@pytest.mark.parametrize("sigma", [10 / 255, 25 / 255, 60 / 255])
def test_dct_denoise_brings_a_noisy_photo_nearer_to_the_photo(sigma):
    photo = make_photo(150, 201)
    noisy = white_noise(photo, sigma**2, seed=SEED)
    assert psnr(dct_denoise(noisy, sigma), photo) > psnr(noisy, photo) + 1


def test_dct_denoise_told_the_true_sigma_is_better_than_told_half_or_twice():
    photo = make_photo(150, 201)
    noisy = white_noise(photo, 0.01, seed=SEED)
    half, true, twice = (
        psnr(dct_denoise(noisy, sigma), photo) for sigma in (0.05, 0.1, 0.2)
    )
    assert true > half
    assert true > twice


@pytest.mark.parametrize("size", [(37, 53), (5, 7), (16, 16), (1, 1)])
@pytest.mark.parametrize("function", [dct_denoise, dct_threshold])
def test_nothing_is_taken_at_0(function, size):
    image = make_photo(*size)
    np.testing.assert_allclose(function(image, 0), image, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("size", [(37, 53), (5, 7)])
def test_dct_denoise_keeps_one_colour(value, size):
    image = np.full((*size, 3), value, np.float32)
    np.testing.assert_allclose(dct_denoise(image, 0.2), image, atol=1e-2 * value)


@pytest.mark.parametrize(
    ("function", "reach"),
    [
        (lambda image: dct_denoise(image, 0.1), denoising.MARGIN),
        (lambda image: dct_threshold(image, 0.2), denoising.THRESHOLD_MARGIN),
    ],
    ids=["dct_denoise", "dct_threshold"],
)
def test_a_crop_on_the_grid_is_denoised_as_the_photo_up_to_the_margin(function, reach):
    photo = make_photo(96, 120)
    top, left, height, width = 3 * denoising.GRID, 2 * denoising.GRID, 53, 61
    whole = function(photo).numpy()[top : top + height, left : left + width]
    crop = function(photo[top : top + height, left : left + width]).numpy()
    inner = (slice(reach, -reach), slice(reach, -reach))
    np.testing.assert_allclose(crop[inner], whole[inner], atol=1e-5)
    one_more = (slice(reach - 1, 1 - reach), slice(reach - 1, 1 - reach))
    assert np.max(np.abs(crop[one_more] - whole[one_more])) > 1e-5


def test_denoising_tells_the_denoiser_the_noise_it_added():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(
        denoising.denoising(image, 0.01, seed=SEED),
        dct_denoise(white_noise(image, 0.01, seed=SEED), 0.1),
    )


def test_denoising_takes_texture_and_leaves_edges():
    edge = np.where(np.arange(96) < 48, 0.3, 0.7)[:, np.newaxis]
    texture = np.random.default_rng(0).normal(size=(96, 96, 3), scale=0.03)
    image = (edge + texture).astype(np.float32)
    denoised = denoising.denoising(image, 0.01, seed=SEED).numpy()
    assert denoised[:, 8:40].std(axis=(0, 1)).max() < 0.03 / 2
    step = denoised[:, 50:].mean() - denoised[:, :46].mean()
    assert step == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("parameter", [-1, math.nan, math.inf])
@pytest.mark.parametrize(
    ("function", "name"),
    [(dct_denoise, "sigma"), (dct_threshold, "threshold")],
)
def test_refuses_parameters_out_of_range(function, name, parameter):
    with pytest.raises(ValueError, match=f"{name} must be at least 0, not {parameter}"):
        function(tf.constant(make_photo(5, 7)), parameter)
