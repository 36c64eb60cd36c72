"""Blurs of lens and motion, against kernels worked out in another way."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from pictures import make_photo
from pictures import run_everywhere
from test_camera_light import from_light
from test_camera_light import to_light

from distortions.camera import camera_shake
from distortions.camera import defocus
from distortions.camera import motion_blur

PHOTO = make_photo(37, 53)
SEED = (3, 14)


def blurred(image, kernel):
    """The image convolved in linear light, mirrored beyond its edges."""
    amounts = to_light(image)
    planes = [
        scipy.ndimage.convolve(amounts[..., channel], kernel, mode="reflect")
        for channel in range(3)
    ]
    return from_light(np.stack(planes, axis=-1))


def spread_of_a_point(blur):
    """Where the light of one white pixel, amid 41 x 41 black ones, comes to."""
    image = np.zeros((41, 41, 3), np.float32)
    image[20, 20] = 1
    return to_light(blur(image).numpy())[..., 1]


def disk(radius, fine=41):
    """A disk on a fine grid, shared out among the pixels beside each of its points."""
    side = fine * (2 * int(np.ceil(radius)) + 3)
    places = (np.arange(side) - side // 2) / fine
    inside = np.hypot(places[:, np.newaxis], places) <= radius
    tent = np.maximum(1 - abs(np.arange(-fine, fine + 1)) / fine, 0)
    shared = scipy.signal.fftconvolve(inside, np.outer(tent, tent), "same")
    middle = side // 2 % fine
    kernel = shared[middle::fine, middle::fine]
    return kernel / kernel.sum()


@pytest.mark.parametrize("radius", [0.4, 1.0, 2.6, 7.3])
def test_defocus_is_a_disk_in_linear_light(radius):
    expected = blurred(PHOTO, disk(radius))
    for actual in run_everywhere(lambda image: defocus(image, radius), PHOTO):
        np.testing.assert_allclose(actual, expected, atol=3e-3)


def test_a_point_out_of_focus_is_a_flat_disk():
    spread = spread_of_a_point(lambda image: defocus(image, 9))
    distances = np.hypot(*(np.mgrid[:41, :41] - 20))
    inside, outside = spread[distances < 8], spread[distances > 10.5]
    np.testing.assert_allclose(inside, 1 / (np.pi * 81), rtol=0.1)
    np.testing.assert_allclose(outside, 0, atol=1e-6)


@pytest.mark.parametrize("radius", [0.0, 60.0])
def test_light_is_neither_lost_nor_made(radius):
    grey = np.full((5, 7, 3), 0.3, np.float32)
    np.testing.assert_allclose(defocus(grey, radius), grey, atol=1e-6)


def test_in_focus_and_at_rest_is_the_image():
    np.testing.assert_allclose(defocus(PHOTO, 0), PHOTO, atol=3e-6)
    np.testing.assert_allclose(motion_blur(PHOTO, 0, 30), PHOTO, atol=3e-6)
    np.testing.assert_allclose(camera_shake(PHOTO, 0, seed=SEED), PHOTO, atol=3e-6)


def test_a_line_of_three_pixels_by_hand():
    # Of each pixel's tent, the part that lies within 1.5 pixels of the middle.
    line = np.array([[1 / 8, 7 / 8, 1, 7 / 8, 1 / 8]]) / 3
    for angle, kernel in ((0, line), (90, line.T), (180, line)):
        expected = blurred(PHOTO, kernel)
        actual = motion_blur(PHOTO, 3, angle)
        np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_a_line_has_its_length_and_rises_with_the_angle():
    spread = spread_of_a_point(lambda image: motion_blur(image, 20, 30))
    rows, columns = (np.mgrid[:41, :41] - 20) * spread / spread.sum()
    assert rows.sum() == pytest.approx(0, abs=1e-4)
    assert columns.sum() == pytest.approx(0, abs=1e-4)
    up, right = -(np.mgrid[:41, :41] - 20) * [[[1]], [[-1]]]
    moments = [np.average(m, weights=spread) for m in (up * up, up * right)]
    # A line's variance is its length squared, over 12; sharing out adds some.
    assert moments[0] == pytest.approx(20**2 / 12 / 4, rel=0.05)
    assert moments[1] == pytest.approx(20**2 / 12 * np.sqrt(3) / 4, rel=0.05)


def test_a_shaken_path_stays_in_its_circle_and_its_place():
    for seed in range(5):
        spread = spread_of_a_point(
            lambda image, s=seed: camera_shake(image, 24, seed=(s, 0))
        )
        rows, columns = np.mgrid[:41, :41] - 20
        distances = np.hypot(rows, columns)[spread > 1e-5]
        assert 11 < distances.max() < 12 + np.sqrt(2)
        assert np.average(rows, weights=spread) == pytest.approx(0, abs=0.01)
        assert np.average(columns, weights=spread) == pytest.approx(0, abs=0.01)


def test_a_shaken_path_is_one_smooth_stroke():
    spread = spread_of_a_point(lambda image: camera_shake(image, 24, seed=SEED))
    _, pieces = scipy.ndimage.label(spread > 1e-4, np.ones((3, 3)))
    assert pieces == 1
    # It covers little of its circle of 452 pixels.
    assert np.count_nonzero(spread > 1e-4) < 150


def test_a_seed_makes_the_same_path_of_any_length():
    def moments(length):
        spread = spread_of_a_point(lambda image: camera_shake(image, length, seed=SEED))
        rows, columns = np.mgrid[:41, :41] - 20
        products = (rows * rows, rows * columns, columns * columns)
        return np.array([np.average(p, weights=spread) for p in products])

    np.testing.assert_allclose(moments(34) / 34**2, moments(17) / 17**2, atol=2e-3)


def test_shaken_photos_are_the_same_in_every_way_to_call():
    images = list(run_everywhere(lambda i: camera_shake(i, 7, seed=SEED), PHOTO))
    for image in images[1:]:
        np.testing.assert_allclose(image, images[0], atol=3e-6)
