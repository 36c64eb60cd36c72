"""The kinds that are KADID-10k's alone, against closed forms and scipy."""

import colorsys
import math

import numpy as np
import pytest
import scipy.interpolate
import scipy.ndimage
import tensorflow as tf
from pictures import make_photo

from distortions import PRESETS
from distortions import _lab
from distortions import kadid10k
from rankiqa_tf.datasets import kadid10k as data_set

SEED = (3, 14)


@pytest.fixture(scope="module")
def photo():
    return make_photo(37, 53)


# The preset.


def test_the_preset_has_the_kinds_of_the_data_set_in_its_order():
    names = tuple(row.name for row in PRESETS["kadid10k"].rows)
    assert names == data_set._KINDS


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("gaussian_blur", 1),
        ("motion_blur", 1),
        ("color_saturation_2", 1),
        ("mean_shift", 3),
    ],
)
def test_a_level_that_is_the_photo_ranks_with_it(photo, name, level):
    row = PRESETS["kadid10k"].row(name)
    np.testing.assert_array_equal(row.distort(photo, level, seed=SEED), photo)
    better = row.better()
    assert not better[0, level]
    np.testing.assert_array_equal(better[0], better[level])


def test_lighter_and_darker_are_not_compared():
    better = PRESETS["kadid10k"].row("mean_shift").better()
    for lighter in (1, 2):
        for darker in (4, 5):
            assert not better[lighter, darker]
            assert not better[darker, lighter]


# Convolution.


# CIELAB.


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        # As tables of sRGB's primaries have them (D65).
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0.5, 0.5, 0.5), (53.39, 0, 0)),
    ],
)
def test_lab_of_known_colours(rgb, lab):
    found = _lab.from_rgb(tf.constant([[rgb]], tf.float32))
    np.testing.assert_allclose(found[0, 0], lab, atol=0.03)


def test_lab_goes_back_to_where_it_came_from(photo):
    dark = photo * 0.03  # Where f is a line.
    for image in (photo, dark):
        back = _lab.to_rgb(_lab.from_rgb(tf.constant(image)))
        np.testing.assert_allclose(back, image, atol=5e-6)


# Blurs: what a point becomes.


def spread(function, *arguments, **seeds):
    """Where a white point in the middle of 41 x 41 goes."""
    image = np.zeros((41, 41, 3), np.float32)
    image[20, 20] = 1
    return function(image, *arguments, **seeds).numpy()[..., 0]


@pytest.mark.parametrize("radius", [0.3, 0.8, 1.0, 2.0, 4.4, 8.0])
def test_a_point_becomes_a_disk_of_its_share_of_each_pixel(radius):
    found = spread(kadid10k.lens_blur, radius)
    # Sampled 100 times along each axis of a pixel.
    places = (np.arange(41 * 100) + 0.5) / 100 - 20.5
    inside = places[:, None] ** 2 + places**2 < radius**2
    expected = inside.reshape(41, 100, 41, 100).mean(axis=(1, 3))
    expected /= expected.sum()
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_disk_of_one_pixel_is_matlabs():
    # fspecial('disk', 1), as its documentation has been printing it.
    expected = [[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453]]
    found = spread(kadid10k.lens_blur, 1)[19:21, 19:22]
    np.testing.assert_allclose(found, expected, atol=5e-5)


@pytest.mark.parametrize("length", [1.0, 2.0, 6.0, 10.0, 25.0])
def test_a_point_becomes_a_line(length):
    for number in range(4):
        found = spread(kadid10k.motion_blur, length, seed=(number, 2))
        assert found.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(found, found[::-1, ::-1], atol=1e-6)
        rows, columns = np.mgrid[-20:21, -20:21]
        distances = np.hypot(rows, columns)[found > 1e-6]
        assert (length - 1) / 2 <= distances.max() + 1
        assert distances.max() < (length - 1) / 2 + 1
        # Its second moments: none across, that of a line along.
        moments = np.array(
            [
                [(found * rows * rows).sum(), (found * rows * columns).sum()],
                [(found * rows * columns).sum(), (found * columns * columns).sum()],
            ]
        )
        across, along = np.linalg.eigvalsh(moments)
        assert across < 0.3
        assert along == pytest.approx(length**2 / 12, rel=0.25, abs=0.3)


def test_a_horizontal_line_is_matlabs(monkeypatch):
    monkeypatch.setattr(kadid10k.chance, "uniform", lambda shape, seed: tf.zeros(shape))
    # fspecial('motion', 4, 0): halves at both ends.
    found = spread(kadid10k.motion_blur, 4, seed=SEED)
    expected = np.array([0.5, 1, 1, 1, 0.5]) / 4
    np.testing.assert_allclose(found[20, 18:23], expected, rtol=1e-6)
    assert found.sum() == pytest.approx(1)


def test_directions_of_motion_are_spread_over_half_a_turn():
    angles = []
    for number in range(40):
        found = spread(kadid10k.motion_blur, 20, seed=(number, 5))
        rows, columns = np.mgrid[-20:21, -20:21]
        twice = math.atan2(
            -2 * (found * rows * columns).sum(),
            (found * columns**2).sum() - (found * rows**2).sum(),
        )
        angles.append(twice / 2 % math.pi)
    counts, _ = np.histogram(angles, bins=4, range=(0, math.pi))
    assert counts.min() >= 3


# Colours.


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.2])
def test_saturation_is_that_of_hsv(factor):
    image = make_photo(5, 7)
    expected = []
    for red, green, blue in image.reshape(-1, 3).tolist():
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        expected.append(colorsys.hsv_to_rgb(hue, saturation * factor, value))
    found = kadid10k.hsv_saturation(image, factor)
    np.testing.assert_allclose(
        found, np.clip(expected, 0, 1).reshape(5, 7, 3), atol=1e-6
    )


def test_less_than_no_saturation_is_the_opposite_hue():
    found = kadid10k.hsv_saturation(tf.constant([[[0.5, 0.4, 0.3]]]), -1)
    np.testing.assert_allclose(found[0, 0], [0.5, 0.6, 0.7], atol=1e-6)


def test_saturation_of_lab_scales_a_and_b():
    dull = 0.45 + 0.05 * make_photo(5, 7)
    before = _lab.from_rgb(tf.constant(dull)).numpy()
    after = _lab.from_rgb(kadid10k.lab_saturation(dull, 3)).numpy()
    np.testing.assert_allclose(after, before * [1, 3, 3], atol=5e-3)


# Tones.

GREYS = np.linspace(0, 1, 101)


def toned(function, amount):
    """What becomes of greys from black to white."""
    image = np.repeat(GREYS.astype(np.float32)[None, :, None], 3, axis=-1)
    return function(image, amount).numpy()[0, :, 1]


@pytest.mark.parametrize("amount", [0.05, 0.4, 0.8])
def test_darker_is_a_parabola_through_three_points(amount):
    curve = np.polynomial.Polynomial.fit([0, 0.5, 1], [0, 0.5 - amount / 2, 1], 2)
    expected = np.clip(curve(GREYS), 0, 1)
    np.testing.assert_allclose(toned(kadid10k.darken, amount), expected, atol=1e-6)


@pytest.mark.parametrize("amount", [0.1, 0.7, 1.1])
def test_lighter_is_two_parts_of_channels_and_one_of_lightness(amount):
    def curve(values):
        parabola = np.polynomial.Polynomial.fit(
            [0, 0.5, 1], [0, 0.5 + amount / 2, 1], 2
        )
        return np.clip(parabola(values), 0, 1)

    # Of greys, L* is a function of the value; it is turned back by a table.
    fine = np.linspace(0, 1, 20001)
    light = np.where(fine > 0.04045, ((fine + 0.055) / 1.055) ** 2.4, fine / 12.92)
    lightness = np.where(
        light > (6 / 29) ** 3,
        1.16 * np.cbrt(light) - 0.16,
        0.01 * (29 / 3) ** 3 * light,
    )
    of_greys = np.interp(GREYS, fine, lightness)
    by_lightness = np.interp(curve(of_greys), lightness, fine)
    np.testing.assert_allclose(
        toned(kadid10k.brighten, amount),
        (2 * curve(GREYS) + by_lightness) / 3,
        atol=1e-4,
    )


@pytest.mark.parametrize("amount", [0.3, 0.15, 0.0, -0.2, -0.4, -0.6])
def test_contrast_is_matlabs_spline_through_five_points(amount):
    places = [0, 0.3, 0.5, 0.7, 1]
    values = [0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1]
    spline = scipy.interpolate.CubicSpline(places, values, bc_type="not-a-knot")
    np.testing.assert_allclose(
        toned(kadid10k.contrast_curve, amount),
        np.clip(spline(GREYS), 0, 1),
        atol=1e-6,
    )


def test_the_contrast_that_changes_nothing(photo):
    np.testing.assert_allclose(kadid10k.contrast_curve(photo, -0.2), photo, atol=1e-6)


# Sharpness.


def test_sharpening_adds_what_a_blur_takes_from_the_lightness():
    grey = 0.4 + 0.1 * make_photo(37, 53)
    before = _lab.from_rgb(tf.constant(grey)).numpy()
    blurred = scipy.ndimage.gaussian_filter(
        before[..., 0].astype(np.float64), 3, truncate=2, mode="reflect"
    )
    expected = before[..., 0] + 2 * (before[..., 0] - blurred)
    after = _lab.from_rgb(kadid10k.high_sharpen(grey, 2)).numpy()
    np.testing.assert_allclose(after[..., 0], expected, atol=5e-3)
    np.testing.assert_allclose(after[..., 1:], before[..., 1:], atol=5e-3)
