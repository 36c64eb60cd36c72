"""Light of sRGB, exposure, haze and white balance, each against its closed form."""

import numpy as np
import pytest
import tensorflow as tf
from pictures import make_photo
from pictures import run_everywhere

from distortions import PRESETS
from distortions.camera import exposure
from distortions.camera import haze
from distortions.camera import light
from distortions.camera import white_balance

PHOTO = make_photo(37, 53)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def to_light(values):
    """IEC 61966-2-1, in float64."""
    values = np.asarray(values, np.float64)
    return np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)


def from_light(amounts):
    amounts = np.clip(amounts, 0, 1)
    return np.where(
        amounts > 0.0031308, 1.055 * amounts ** (1 / 2.4) - 0.055, 12.92 * amounts
    )


# sRGB.


def test_light_is_that_of_the_standard():
    values = np.linspace(0, 1, 4097, dtype=np.float32)
    np.testing.assert_allclose(light.to_linear(values), to_light(values), atol=1e-6)
    np.testing.assert_allclose(light.from_linear(values), from_light(values), atol=1e-6)
    # Half of white is 21 % of its light, and 18 % grey is 118 of 255.
    assert light.to_linear(tf.constant([0.5])).numpy() == pytest.approx(
        0.2140, abs=1e-4
    )
    assert light.from_linear(tf.constant([0.18])).numpy() * 255 == pytest.approx(
        117.6, abs=0.1
    )


def test_light_and_back_is_the_image():
    values = np.linspace(0, 1, 4097, dtype=np.float32)
    there = light.to_linear(values)
    np.testing.assert_allclose(light.from_linear(there), values, atol=1e-6)


def test_light_beyond_white_and_black_is_clipped():
    values = light.from_linear(tf.constant([-1.0, 2.0])).numpy()
    np.testing.assert_allclose(values, [0, 1], atol=1e-6)
    assert 0 <= values.min() <= values.max() <= 1


def test_slope_is_that_of_the_curve():
    amounts = np.array([0.001, 0.01, 0.1, 0.5, 0.99])
    expected = (from_light(amounts + 1e-6) - from_light(amounts - 1e-6)) / 2e-6
    actual = light.slope(tf.constant(amounts, tf.float32))
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


# Exposure.


@pytest.mark.parametrize("ev", [-3.5, -1.0, 0.0, 1.0, 2.5])
def test_exposure_doubles_light_for_each_stop(ev):
    expected = from_light(to_light(PHOTO) * 2**ev)
    for exposed in run_everywhere(lambda image: exposure(image, ev), PHOTO):
        np.testing.assert_allclose(exposed, expected, atol=2e-6)


def test_overexposure_clips_channels_one_by_one():
    # Of 0.9, 0.5 and 0.2 of white's light, one more stop leaves 1, 1 and 0.4.
    color = from_light(np.array([[[0.9, 0.5, 0.2]]])).astype(np.float32)
    expected = from_light(np.array([1, 1, 0.4]))
    np.testing.assert_allclose(exposure(color, 1)[0, 0], expected, atol=1e-6)


# Haze.


def test_haze_lays_airlight_over_what_comes_through():
    share = np.exp(-0.7)
    expected = from_light(to_light(PHOTO) * share + 0.8 * (1 - share))
    for hazy in run_everywhere(lambda image: haze(image, 0.7, 0.8), PHOTO):
        np.testing.assert_allclose(hazy, expected, atol=2e-6)


def test_without_depth_there_is_no_haze_and_in_the_deepest_nothing_else():
    np.testing.assert_allclose(haze(PHOTO, 0, 0.5), PHOTO, atol=1e-6)
    np.testing.assert_allclose(haze(PHOTO, 50, 0.5), from_light(0.5), atol=1e-6)


# White balance.

GREY = np.full((1, 1, 3), 0.3, np.float32)


def gains(mired):
    """What the channels of light are multiplied by."""
    tinted = white_balance(GREY, mired).numpy().astype(np.float64)
    return (to_light(tinted) / to_light(GREY))[0, 0]


def test_white_balance_keeps_the_luminance_of_grey():
    for mired in (-200, -50, 50, 200):
        assert gains(mired) @ LUMINANCE == pytest.approx(1, abs=1e-5)


def test_no_cast_is_the_image():
    np.testing.assert_allclose(white_balance(PHOTO, 0), PHOTO, atol=1e-6)


def test_warm_is_red_and_cool_is_blue_the_more_so_the_further():
    for mired in (50, 100, 200):
        red, _, blue = gains(mired)
        assert red > gains(mired - 50)[0]
        assert blue < gains(mired - 50)[2]
        # Cool undoes warm, but for the luminance.
        undone = gains(mired) * gains(-mired)
        np.testing.assert_allclose(undone / undone[0], 1, atol=1e-5)


def test_a_lamp_has_the_colour_of_planck():
    # x and y of black bodies, from the CIE's tables (Wyszecki and Stiles): 2856 K is
    # illuminant A, and 6500 K lies beside D65.
    lamp, day = (0.4476, 0.4074), (0.3135, 0.3237)
    to_rgb = np.linalg.inv(
        [
            [0.4124, 0.3576, 0.1805],
            [0.2126, 0.7152, 0.0722],
            [0.0193, 0.1192, 0.9505],
        ]
    )
    lamp, day = (to_rgb @ np.array([x / y, 1, (1 - x - y) / y]) for x, y in (lamp, day))
    expected = lamp / day
    expected /= expected @ LUMINANCE
    np.testing.assert_allclose(gains(1e6 / 2856 - 1e6 / 6504), expected, atol=0.02)


def test_nothing_is_said_of_less_than_level_1_where_that_may_please():
    rows = PRESETS["camera"].rows
    not_graded = {row.name for row in rows if not row.graded}
    assert not_graded >= {"overexposure", "underexposure", "warm_cast", "sharpening"}
    assert all(row.better()[0, 1:].all() for row in rows)
