"""What the released MATLAB files do, each against NumPy, SciPy or a calculation."""

import itertools

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from pictures import make_photo
from pictures import psnr

from distortions import released_code

SEED = (3, 14)


@pytest.fixture(scope="module")
def photo():
    return make_photo(61, 83)


@pytest.mark.parametrize("size", [3, 7, 15, 39, 91])
def test_the_blur_is_cut_at_three_sigma(photo, size):
    sigma = size / 6
    expected = scipy.ndimage.gaussian_filter(
        photo, (sigma, sigma, 0), mode="reflect", radius=((size - 1) // 2,) * 2 + (0,)
    )
    found = released_code.gaussian_blur(photo, size)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def variance_within(values, thresholds):
    """The sum of squared differences from the means of the classes."""
    classes = np.split(values, np.searchsorted(values, thresholds, side="right"))
    return sum(np.sum((c - c.mean()) ** 2) for c in classes if len(c))


@pytest.mark.parametrize("number", [1, 2])
def test_thresholds_are_otsus_by_trying_all(number):
    photo = make_photo(23, 31)
    pixels = np.rint(photo * 255).astype(int)
    values = np.sort(pixels.ravel())
    found = np.rint(released_code.histogram_quantization(photo, number) * 255)
    inner = np.unique(found)[1:-1]  # All thresholds but the first are values.
    assert len(inner) == number - 1
    first = pixels[found == 0].max()
    least = min(
        variance_within(values, choice)
        for choice in itertools.combinations(range(0, 255), number)
    )
    np.testing.assert_allclose(
        variance_within(values, [first, *inner]), least, rtol=1e-9
    )


def test_bins_go_to_their_upper_edges(photo):
    found = released_code.histogram_quantization(photo, 5).numpy()
    pixels, quantized = np.rint(photo * 255), np.rint(found * 255)
    values = np.unique(quantized)
    assert len(values) == 6
    assert (values[0], values[-1]) == (0, 255)
    lowest = quantized == 0
    assert pixels[~lowest].min() > pixels[lowest].max()
    assert (quantized[~lowest] >= pixels[~lowest]).all()
    for below, value in itertools.pairwise(values[1:]):
        assert pixels[quantized == value].min() > below


def test_a_flat_photo_can_be_quantized():
    grey = tf.fill([5, 7, 3], 0.5)
    found = released_code.histogram_quantization(grey, 9)
    assert len(np.unique(found)) == 1


def test_the_second_noise_is_the_same_in_every_image():
    first, second = (
        released_code.denoising_twice_noisy(tf.fill([61, 83, 3], 0.5), 0.0, seed=seed)
        for seed in (SEED, (1, 2))
    )
    np.testing.assert_array_equal(first, second)
    assert 30 < psnr(first, 0.5 * np.ones((61, 83, 3))) < 60  # There is something left.


def test_patches_come_from_five_pixels_below_and_right(photo):
    found = released_code.moved_patches(photo, 4, seed=SEED).numpy()
    moved = photo.copy()
    moved[:-5, :-5] = photo[5:, 5:]
    changed = (found != photo).any(-1)
    np.testing.assert_array_equal(found[changed], moved[changed])
    # At least one patch, at most four, and none near the end.
    assert 0.8 * 15 * 15 < np.count_nonzero(changed) <= 4 * 15 * 15
    assert not changed[-16:].any()
    assert not changed[:, -16:].any()


def test_no_patches_and_no_blocks_leave_the_photo(photo):
    np.testing.assert_array_equal(
        released_code.moved_patches(photo, 0, seed=SEED), photo
    )
    found = released_code.mean_colour_blocks(photo, 0, 1, 0, seed=SEED)
    np.testing.assert_array_equal(found, photo)


@pytest.mark.parametrize(("factor", "shift"), [(0, 0), (1, 0.2), (1, 0)])
def test_blocks_are_of_the_mean_colour(photo, factor, shift):
    found = released_code.mean_colour_blocks(photo, 1, factor, shift, seed=SEED).numpy()
    changed = (found != photo).any(-1)
    rows, columns = np.nonzero(changed)
    assert np.ptp(rows) == np.ptp(columns) == 31
    red, green, blue = photo.mean((0, 1))
    expected = [red * factor + shift, green, blue]
    np.testing.assert_allclose(np.unique(found[changed], axis=0), [expected], rtol=1e-5)


def test_a_grey_photo_gets_half_a_step_of_tint():
    # Cb = Cr = 128; .5 + (128 / 255 - .5) * 0 is 127.5, so half a step too low in both.
    grey = tf.fill([5, 7, 3], 0.5)
    found = released_code.tinted_saturation_change(grey, 0.0).numpy()[0, 0] * 255
    # BT.601: 255 / 224 times 1.402, -.344 - .714 and 1.772 of half a step.
    expected = 127.5 - 0.5 * 255 / 224 * np.array([1.402, -1.0583, 1.772])
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_red_and_green_move_and_the_left_stays():
    image = np.zeros((9, 11, 3), np.float32)
    image[:, 4] = 1
    found = released_code.red_and_green_shift(image, 3, 1).numpy()[4]
    # The Gaussian of sigma .5 at 1, exp(-2), against 1 at 0, along the row.
    side = np.exp(-2) / (1 + 2 * np.exp(-2))
    for channel, place in enumerate((7, 5, 4)):
        expected = np.zeros(11)
        expected[place - 1 : place + 2] = side, 1 - 2 * side, side
        np.testing.assert_allclose(found[:, channel], expected, atol=1e-6)
    image = np.zeros((9, 11, 3), np.float32)
    image[:, :3, 0] = [0.2, 0.4, 0.6]
    found = released_code.red_and_green_shift(image, 3, 0).numpy()[4, :, 0]
    expected = scipy.ndimage.correlate1d(
        np.array([0.2, 0.4, 0.6, 0.2, 0.4, 0.6, 0, 0, 0, 0, 0]),
        [side, 1 - 2 * side, side],
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)
