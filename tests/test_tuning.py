"""Distortions that are tuned to a PSNR, against the kinds and the PSNR themselves."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.optimize
import tensorflow as tf
from pictures import make_photo
from pictures import psnr

from distortions import color
from distortions import noise
from distortions import tuning
from distortions.tuning import chromatic_aberration_to_psnr
from distortions.tuning import multiplicative_noise_to_psnr
from distortions.tuning import saturation_to_psnr

SEED = (3, 14)
PHOTO = make_photo(237, 353)

EVERY = pytest.mark.parametrize(
    "function",
    [
        saturation_to_psnr,
        chromatic_aberration_to_psnr,
        lambda image, psnr: multiplicative_noise_to_psnr(image, psnr, seed=SEED),
    ],
    ids=["saturation", "chromatic_aberration", "multiplicative_noise"],
)


@EVERY
@pytest.mark.parametrize("target", [45, 33, 30, 27, 24])
def test_a_photo_gets_the_psnr_that_is_asked_for(function, target):
    assert psnr(function(PHOTO, target), PHOTO) == pytest.approx(target, abs=0.02)


@EVERY
def test_the_psnr_may_be_a_tensor_of_a_graph(function):
    graph = tf.function(function)
    for target in (33, 24):
        value = tf.constant(target, tf.float64)
        np.testing.assert_allclose(
            graph(PHOTO, value), function(PHOTO, target), atol=1e-5
        )


@EVERY
@pytest.mark.parametrize("size", [(1, 1), (5, 7)])
def test_a_photo_that_nothing_changes_stays_as_it_is(function, size):
    black = tf.zeros([*size, 3])
    np.testing.assert_array_equal(function(black, 21), black)


@pytest.mark.parametrize("target", [33, 24])
def test_saturation_is_that_of_the_factor_that_scipy_finds(target):
    def missed(factor):
        return psnr(color.saturation_change(PHOTO, factor), PHOTO) - target

    factor = scipy.optimize.brentq(missed, -1, 0.99)
    expected = color.saturation_change(PHOTO, factor)
    np.testing.assert_allclose(saturation_to_psnr(PHOTO, target), expected, atol=1e-3)


def test_a_photo_of_little_colour_has_its_hues_turned_to_their_opposites():
    pale = 0.5 + 0.05 * (PHOTO - 0.5)
    expected = color.saturation_change(pale, -1)
    assert psnr(expected, pale) > 27
    np.testing.assert_allclose(saturation_to_psnr(pale, 21), expected, atol=1e-6)


@pytest.mark.parametrize("target", [33, 24])
def test_multiplicative_noise_is_that_of_the_deviation_that_scipy_finds(target):
    def missed(deviation):
        noisy = noise.multiplicative_noise(PHOTO, deviation, seed=SEED)
        return psnr(noisy, PHOTO) - target

    deviation = scipy.optimize.brentq(missed, 0.001, 1)
    np.testing.assert_allclose(
        multiplicative_noise_to_psnr(PHOTO, target, seed=SEED),
        noise.multiplicative_noise(PHOTO, deviation, seed=SEED),
        atol=3e-3,
    )


def aberrated(image, shift):
    """Red moved to the right and blue to the left, by linear splines of scipy."""
    red, green, blue = np.moveaxis(image.astype(np.float64), -1, 0)
    move = {"order": 1, "mode": "nearest"}
    red = scipy.ndimage.shift(red, (0, shift), **move)
    blue = scipy.ndimage.shift(blue, (0, -shift), **move)
    return np.stack([red, green, blue], axis=-1)


@pytest.mark.parametrize("target", [33, 24])
def test_chromatic_aberration_is_that_of_the_shift_that_scipy_finds(target):
    shift = scipy.optimize.brentq(
        lambda shift: psnr(aberrated(PHOTO, shift), PHOTO) - target, 0.01, 32
    )
    np.testing.assert_allclose(
        chromatic_aberration_to_psnr(PHOTO, target), aberrated(PHOTO, shift), atol=3e-3
    )


def test_a_photo_without_edges_is_moved_as_far_as_it_goes():
    slope = np.linspace(0.4, 0.5, 353, dtype=np.float32)
    smooth = np.broadcast_to(slope[:, np.newaxis], (237, 353, 3))
    np.testing.assert_allclose(
        chromatic_aberration_to_psnr(smooth, 21), aberrated(smooth, 32), atol=1e-6
    )


def test_an_amount_is_found_where_the_error_grows_in_a_bend():
    image = tf.fill([4, 4, 3], 0.2)
    for power in (0.3, 1, 3):
        found = tuning.tuned(
            lambda amount, power=power: image + 0.5 * amount**power,
            image,
            tf.constant(30, tf.float64),
            most=1.0,
        )
        assert psnr(found, image) == pytest.approx(30, abs=0.02)
