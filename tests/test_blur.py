"""Gaussian blur, against SciPy and the formula."""

import math

import numpy as np
import pytest
import scipy.ndimage
from pictures import make_photo

from distortions.blur import gaussian_blur
from distortions.blur import windowed_gaussian_blur


@pytest.mark.parametrize("sigma", [0.3, 7 / 6, 6.5, 199 / 6])
@pytest.mark.parametrize("size", [(150, 201), (37, 53), (30, 20), (16, 16), (1, 3)])
def test_gaussian_blur_is_that_of_scipy(size, sigma):
    image = make_photo(*size)
    expected = scipy.ndimage.gaussian_filter(
        image.astype(np.float64), (sigma, sigma, 0), mode="reflect", truncate=4.0
    )
    np.testing.assert_allclose(gaussian_blur(image, sigma), expected, atol=2e-6)


@pytest.mark.parametrize("sigma", [0.5, 1.7, 4, 50])
@pytest.mark.parametrize("size", [(37, 53), (5, 7), (1, 3)])
def test_windowed_blur_is_a_cut_gaussian_of_scipy_over_a_black_surround(size, sigma):
    image = make_photo(*size)
    places = np.arange(-5, 6)
    gaussian = np.exp(-(places**2) / (2 * sigma**2))
    kernel = np.outer(gaussian, gaussian)
    expected = scipy.ndimage.convolve(
        image.astype(np.float64),
        (kernel / kernel.sum())[..., np.newaxis],
        mode="constant",
    )
    np.testing.assert_allclose(
        windowed_gaussian_blur(image, sigma), expected, atol=1e-6
    )


def test_gaussian_blur_of_a_point_is_the_gaussian():
    image = np.zeros((61, 61, 3), np.float32)
    image[30, 30] = 1
    blurred = gaussian_blur(image, 2.0).numpy()
    # exp(-d^2 / 8) / (8 pi) at d = 0 and d = 3; the sum over pixels is its integral.
    np.testing.assert_allclose(blurred[30, 30], 1 / (8 * math.pi), rtol=1e-3)
    np.testing.assert_allclose(blurred[30, 33], math.exp(-9 / 8) / (8 * math.pi), 1e-3)
    np.testing.assert_allclose(blurred.sum(axis=(0, 1)), 1, rtol=1e-5)
