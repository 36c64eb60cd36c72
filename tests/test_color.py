"""Distortions of tone and colour, and Y'CbCr, each against something independent."""

import math

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from pictures import make_photo
from pictures import psnr
from pictures import run_everywhere
from PIL import Image

from distortions import _ycbcr
from distortions.color import chromatic_aberration
from distortions.color import contrast_change
from distortions.color import gain
from distortions.color import mean_shift
from distortions.color import quantization
from distortions.color import saturation_change

# As MATLAB's documentation of rgb2ycbcr has it, for R'G'B' of 0..1 and bytes.
MATLAB = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ]
)


# Y'CbCr.


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        # What rgb2ycbcr gives for bytes of 0 and 255: the codes of 100 % colour bars.
        ((0, 0, 0), (16, 128, 128)),
        ((1, 1, 1), (235, 128, 128)),
        ((1, 0, 0), (81, 90, 240)),
        ((0, 1, 0), (145, 54, 34)),
        ((0, 0, 1), (41, 240, 110)),
        ((1, 1, 0), (210, 16, 146)),
        ((0, 1, 1), (170, 166, 16)),
        ((1, 0, 1), (106, 202, 222)),
    ],
)
def test_ycbcr_has_the_bytes_of_matlab(color, expected):
    converted = _ycbcr.from_rgb(tf.constant([[color]], tf.float32)).numpy()
    assert converted.dtype == np.float32
    np.testing.assert_array_equal(np.rint(converted[0, 0] * 255), expected)


def test_ycbcr_is_that_of_matlab_for_doubles():
    image = make_photo(37, 53)
    expected = (image.astype(np.float64) @ MATLAB.T + [16, 128, 128]) / 255
    np.testing.assert_allclose(_ycbcr.from_rgb(image), expected, atol=5e-6)


def test_ycbcr_and_back_is_the_image():
    # Outside 0..1 too, as nothing is clipped.
    image = 4 * make_photo(37, 53) - 2
    there = _ycbcr.from_rgb(image)
    assert there.shape == image.shape
    np.testing.assert_allclose(_ycbcr.to_rgb(there), image, atol=2e-6)


def test_luma_is_that_of_pillow():
    image = make_photo(37, 53)
    pixels = np.rint(image * 255).astype(np.uint8)
    # "L" is BT.601's luma in full range, to the nearest of 256.
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    actual = _ycbcr.luma(pixels.astype(np.float32) / 255) * 255
    np.testing.assert_allclose(actual, expected, atol=0.51)


def test_ycbcr_works_everywhere():
    image = tf.constant(make_photo(37, 53))
    for function in (_ycbcr.from_rgb, _ycbcr.to_rgb, _ycbcr.luma):
        first, *others = run_everywhere(function, image)
        for other in others:
            np.testing.assert_allclose(other, first, atol=1e-6)


# Quantization.


@pytest.mark.parametrize(
    ("step", "values", "expected"),
    [
        (0.1, (0, 0.04, 0.06, 0.14, 0.16, 1), (0, 0, 0.1, 0.1, 0.2, 1)),
        (0.3, (0.1, 0.2, 0.44, 0.46, 0.8, 1), (0, 0.3, 0.3, 0.6, 0.9, 0.9)),
        (0.35, (0.1, 0.2, 0.5, 0.6, 0.8, 1), (0, 0.35, 0.35, 0.7, 0.7, 1)),
        (1.0, (0, 0.2, 0.4, 0.6, 0.8, 1), (0, 0, 0, 1, 1, 1)),
    ],
)
def test_quantization_rounds_to_multiples_of_the_step(step, values, expected):
    image = np.reshape(values, (1, 2, 3)).astype(np.float32)
    actual = quantization(image, step).numpy().ravel()
    np.testing.assert_allclose(actual, expected, atol=1e-6)


@pytest.mark.parametrize("step", [1 / 9, 1 / 5, 1 / 3])
def test_quantization_has_a_uniform_error(step):
    values = np.random.default_rng(0).uniform(size=(256, 384, 3)).astype(np.float32)
    error = quantization(values, step).numpy() - values
    shares = np.histogram(error, bins=8, range=(-step / 2, step / 2))[0] / error.size
    # Five standard errors of sqrt(7 / 64 / 294912) = 0.0006.
    np.testing.assert_allclose(shares, 1 / 8, atol=0.003)
    theory = 20 * math.log10(math.sqrt(12) / step)
    assert psnr(values + error, values) == pytest.approx(theory, abs=0.05)


@pytest.mark.parametrize("step", [27 / 255, 30 / 255, 39 / 255, 55 / 255, 76 / 255])
def test_quantization_of_bytes_is_the_same_everywhere(step):
    # With a step of 30, the bytes 15, 45, ... are halfway between two multiples.
    codes = tf.range(256, dtype=tf.float32) / 255
    first, *others = run_everywhere(
        lambda image: quantization(image, step),
        tf.tile(codes[:, None, None], [1, 2, 3]),
    )
    for other in others:
        np.testing.assert_array_equal(other, first)


# Mean shift.


def test_mean_shift_adds_and_clips():
    image = np.array([[[0, 0.2, 0.5], [0.7, 0.9, 1]]], np.float32)
    lighter, darker = (mean_shift(image, shift) for shift in (0.25, -0.25))
    np.testing.assert_allclose(lighter, [[[0.25, 0.45, 0.75], [0.95, 1, 1]]], atol=1e-6)
    np.testing.assert_allclose(darker, [[[0, 0, 0.25], [0.45, 0.65, 0.75]]], atol=1e-6)
    np.testing.assert_array_equal(mean_shift(image, 0), image)


# Contrast and gain.


def test_contrast_change_scales_about_the_mean_of_all_channels():
    # The mean is 0.4.
    image = np.array([[[0, 0.1, 0.3], [0.4, 0.6, 1]]], np.float32)
    np.testing.assert_allclose(
        contrast_change(image, 0.5), [[[0.2, 0.25, 0.35], [0.4, 0.5, 0.7]]], atol=1e-6
    )
    np.testing.assert_allclose(
        contrast_change(image, 1.5), [[[0, 0, 0.25], [0.4, 0.7, 1]]], atol=1e-6
    )
    np.testing.assert_allclose(contrast_change(image, 1), image, atol=1e-6)


def test_gain_scales_about_zero():
    image = np.array([[[0, 0.1, 0.3], [0.4, 0.6, 1]]], np.float32)
    np.testing.assert_allclose(
        gain(image, 0.5), [[[0, 0.05, 0.15], [0.2, 0.3, 0.5]]], atol=1e-6
    )
    np.testing.assert_allclose(
        gain(image, 1.8), [[[0, 0.18, 0.54], [0.72, 1, 1]]], atol=1e-6
    )
    np.testing.assert_array_equal(gain(image, 1), image)


# Saturation.


@pytest.mark.parametrize("factor", [0.4, 0, -0.4, -0.8, 1.5])
def test_saturation_change_scales_cb_and_cr_of_matlab(factor):
    image = 0.5 + 0.3 * (make_photo(37, 53).astype(np.float64) - 0.5)  # Never clipped.
    components = image @ MATLAB.T  # From 16, 128, 128, which is black.
    expected = components * [1, factor, factor] @ np.linalg.inv(MATLAB).T
    actual = saturation_change(tf.constant(image, tf.float32), factor)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_saturation_change_by_0_is_pillows_grey():
    pixels = np.rint(make_photo(37, 53) * 255).astype(np.uint8)
    grey = Image.fromarray(pixels).convert("L").convert("RGB")
    actual = saturation_change(pixels.astype(np.float32) / 255, 0) * 255
    np.testing.assert_allclose(actual, np.asarray(grey), atol=0.51)


def test_saturation_change_by_1_is_the_image():
    image = make_photo(37, 53)
    np.testing.assert_allclose(saturation_change(image, 1), image, atol=1e-6)


# Chromatic aberration.


@pytest.mark.parametrize("shifts", [(0, 0), (2, 1), (6, 3), (14, 7), (53, 60)])
def test_chromatic_aberration_shifts_and_blurs_as_scipy_does(shifts):
    image = make_photo(37, 53)
    expected = image.astype(np.float64)
    for channel, shift in ((0, shifts[0]), (2, shifts[1])):
        expected[..., channel] = scipy.ndimage.shift(
            image[..., channel], (0, shift), order=0, mode="nearest"
        )
    # At 2 sigma the Gaussian is cut to 3 x 3.
    expected = scipy.ndimage.gaussian_filter(
        expected, (0.5, 0.5, 0), mode="reflect", truncate=2
    )
    actual = chromatic_aberration(image, *shifts)
    np.testing.assert_allclose(actual, expected, atol=2e-6)


def test_chromatic_aberration_takes_red_right_of_blue_right_of_green():
    image = np.zeros((9, 33, 3), np.float32)
    image[4, 10] = 1
    shifted = chromatic_aberration(image, 6, 3).numpy()
    assert shifted[4].argmax(axis=0).tolist() == [16, 10, 13]
    # fspecial('gaussian', 3, 0.5) has 0.6193 in the middle, 0.0838 beside, 0.0113 off.
    kernel = [[0.0113, 0.0838, 0.0113], [0.0838, 0.6193, 0.0838]]
    np.testing.assert_allclose(shifted[3:5, 15:18, 0], kernel, atol=6e-5)
