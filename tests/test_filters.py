"""Filters beneath the kinds: against scipy, whatever the channels and the values."""

import math

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from distortions import _filters


def planes(count):
    """Numbers of any sign, [37, 53, count]."""
    return np.random.default_rng(0).normal(size=(37, 53, count)).astype(np.float32)


@pytest.mark.parametrize("taps", [(1, 1), (3, 5), (31, 9), (5, 121)])
@pytest.mark.parametrize("count", [1, 3])
def test_convolution_is_scipys(taps, count):
    kernel = np.random.default_rng(1).normal(size=taps)
    image = planes(count)
    expected = scipy.ndimage.convolve(image, kernel[..., np.newaxis], mode="reflect")
    found = _filters.convolved(tf.constant(image), tf.constant(kernel))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("taps", [1, 3, 71])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_filter_along_both_axes_is_scipys(taps, count):
    kernel = np.random.default_rng(1).normal(size=taps).astype(np.float32)
    expected = planes(count)
    for axis in range(2):
        expected = scipy.ndimage.correlate1d(expected, kernel, axis, mode="reflect")
    found = _filters.along_both_axes(tf.constant(planes(count)), tf.constant(kernel))
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_gaussian_sums_to_1_and_falls_as_it_should():
    kernel = _filters.gaussian(1.5, 4).numpy()
    assert kernel.shape == (9,)
    assert kernel.sum() == pytest.approx(1)
    assert kernel[5] / kernel[4] == pytest.approx(math.exp(-1 / 4.5))
    assert kernel[0] / kernel[4] == pytest.approx(math.exp(-16 / 4.5))
