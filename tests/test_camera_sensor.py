"""Noise of a sensor and of a phone, by the variances that follow from counting."""

import numpy as np
import pytest
import scipy.ndimage
from pictures import make_photo
from pictures import psnr
from test_camera_light import from_light
from test_camera_light import to_light

from distortions.camera import phone_denoising
from distortions.camera import sensor_noise
from distortions.camera import sharpening

SEED = (3, 14)
GAINS = np.array([2.15, 1, 1.7])  # Of red, green and blue.


def flat(amount, height=201, width=301):
    return np.full((height, width, 3), from_light(amount), np.float32)


def noise_of(amount, electrons, read):
    """The noise of flat grey, in light."""
    return to_light(sensor_noise(flat(amount), electrons, read, seed=SEED)) - amount


@pytest.mark.parametrize(("electrons", "read"), [(10_000, 0), (1e6, 2e4), (5000, 50)])
def test_noise_has_the_variance_of_counting_and_of_reading(electrons, read):
    noise = noise_of(0.3, electrons, read)
    # Each site's, in white-balanced light.
    sites = GAINS * 0.3 / electrons + GAINS**2 * (read / electrons) ** 2
    # Where the sensor has a site of the channel it is that, else a mean of two or four.
    red, green, blue = noise[::2, ::2, 0], noise[::2, 1::2, 1], noise[1::2, 1::2, 2]
    for own, expected in zip((red, green, blue), sites, strict=True):
        assert own.var() == pytest.approx(expected, rel=0.04)
    assert noise[1::2, ::2, 0].var() == pytest.approx(sites[0] / 2, rel=0.04)
    assert noise[1::2, 1::2, 0].var() == pytest.approx(sites[0] / 4, rel=0.04)
    assert noise[::2, ::2, 1].var() == pytest.approx(sites[1] / 4, rel=0.04)
    assert noise[::2, ::2, 2].var() == pytest.approx(sites[2] / 4, rel=0.04)


def test_light_between_sites_is_interpolated():
    noise = noise_of(0.3, 10_000, 0)
    for channel, (row, column) in ((0, (0, 0)), (2, (1, 1))):
        sites = noise[row::2, column::2, channel]
        between = noise[row::2, column + 1 :: 2, channel]
        count = min(sites.shape[1] - 1, between.shape[1])
        expected = (sites[:, :-1] + sites[:, 1:])[:, :count] / 2
        np.testing.assert_allclose(between[:, :count], expected, atol=2e-5)
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4
    green = noise[..., 1]
    expected = scipy.ndimage.convolve(green, cross)[2:-2:2, 2:-2:2]
    np.testing.assert_allclose(green[2:-2:2, 2:-2:2], expected, atol=2e-5)


def test_noise_leaves_the_light_as_bright():
    assert noise_of(0.3, 2000, 2).mean(axis=(0, 1)) == pytest.approx(0, abs=5e-4)


def test_a_stop_doubles_the_variance_of_counting():
    one, other = (noise_of(0.3, electrons, 0).var() for electrons in (8000, 4000))
    assert other / one == pytest.approx(2, rel=0.02)


def test_noise_is_stronger_in_the_shadows_of_srgb():
    dark, light = (
        sensor_noise(flat(amount), 4000, 2, seed=SEED).numpy().std()
        for amount in (0.02, 0.6)
    )
    assert dark > 1.3 * light


def test_with_light_enough_there_is_the_photo():
    photo = make_photo(37, 53)
    assert psnr(sensor_noise(photo, 1e6, 0, seed=SEED), photo) > 55
    assert psnr(phone_denoising(photo, 1e9, 0, seed=SEED), photo) > 55


# Phones.


@pytest.mark.parametrize("amount", [0.1, 0.4])
def test_a_phone_takes_most_noise_away_where_nothing_is(amount):
    grey = flat(amount, 101, 151)
    noisy = sensor_noise(grey, 400, 2, seed=SEED).numpy()
    smooth = phone_denoising(grey, 400, 2, seed=SEED).numpy()
    assert smooth.std() < noisy.std() / 3


def test_a_phone_keeps_edges_and_takes_texture():
    image = flat(0.2, 61, 91)
    image[:, 45:] = from_light(0.6)
    stripes = 0.02 * (-1.0) ** np.arange(61)[:, np.newaxis, np.newaxis]
    smooth = phone_denoising(
        (image + stripes).astype(np.float32), 400, 2, seed=SEED
    ).numpy()
    across = smooth.mean(axis=(0, 2))
    assert across[46] - across[43] > 0.8 * (image[0, 46, 0] - image[0, 43, 0])
    left = smooth[8:-8, 10:35].mean(axis=(1, 2))
    assert abs(np.diff(left)).mean() < 0.04 / 2


# Sharpening.


def luma(image):
    return image @ [0.299, 0.587, 0.114]


def test_sharpening_adds_what_a_blur_takes_from_luma():
    photo = make_photo(37, 53)
    # As scipy's own, a Gaussian cut at 4 sigma and mirrored.
    detail = luma(photo) - scipy.ndimage.gaussian_filter(
        luma(photo.astype(np.float64)), 1.5, mode="reflect"
    )
    expected = np.clip(photo + 2 * detail[..., np.newaxis], 0, 1)
    np.testing.assert_allclose(sharpening(photo, 2, 1.5), expected, atol=5e-6)


def test_sharpening_by_nothing_is_the_image():
    photo = make_photo(37, 53)
    np.testing.assert_array_equal(sharpening(photo, 0, 1.5), photo)


def test_halos_are_on_both_sides_of_an_edge_and_not_beyond():
    image = np.full((21, 61, 3), 0.3, np.float32)
    image[:, 30:] = 0.6
    row = sharpening(image, 1, 2).numpy()[10, :, 0]
    # The blur has half the step at its end, where 0.3 (1 / 2 - 0.1) is left to add.
    assert row[29] == pytest.approx(0.18, abs=0.01)
    assert row[30] == pytest.approx(0.72, abs=0.01)
    np.testing.assert_allclose(row[[10, 50]], [0.3, 0.6], atol=1e-6)
