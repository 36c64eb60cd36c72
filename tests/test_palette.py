"""Colour quantization with dither."""

import math

import numpy as np
import pytest
from pictures import make_photo
from pictures import psnr

from distortions.palette import color_quantization
from distortions.palette import color_quantization_to_psnr


def colors_of(image):
    return np.unique(np.asarray(image).reshape(-1, 3), axis=0)


@pytest.mark.parametrize("colors", [2, 3, 16, 64, 256])
@pytest.mark.parametrize("size", [(237, 353), (37, 53), (16, 16)])
def test_leaves_as_many_colors_as_were_asked_for(size, colors):
    count = len(colors_of(color_quantization(make_photo(*size), colors)))
    # Pillow's median cut does not always find a use for the last few.
    assert 0.8 * min(colors, math.prod(size)) <= count <= colors


def test_an_image_of_few_colors_is_as_it_was():
    image = np.zeros((37, 53, 3), np.float32)
    image[10:, 20:] = 1
    image[:, 40:] = (1, 0, 0.6)
    np.testing.assert_array_equal(color_quantization(image, 4), image)


def test_a_slope_is_dithered():
    # Nearest of two colours: a half of each; dithered: their mix has the slope's mean.
    slope = np.linspace(0.2, 0.8, 200, dtype=np.float32)
    image = np.broadcast_to(slope[:, None, None], (200, 160, 3))
    dithered = color_quantization(image, 2).numpy()
    low, high = (color.mean() for color in colors_of(dithered))
    inside = (slope > low + 0.02) & (slope < high - 0.02)
    assert inside.sum() > 60
    # Floyd and Steinberg's errors average out over a stretch of a few rows.
    means = dithered.mean(axis=(1, 2))[inside].reshape(-1)
    smooth = np.convolve(means, np.ones(8) / 8, "valid")
    wanted = np.convolve(slope[inside], np.ones(8) / 8, "valid")
    np.testing.assert_allclose(smooth, wanted, atol=0.02)


def test_takes_images_of_a_large_camera():
    image = np.tile(make_photo(300, 400), (10, 10, 1))
    quantized = color_quantization(image, 16)
    assert quantized.shape == (3000, 4000, 3)
    assert psnr(quantized, image) > 20


def test_takes_about_the_number_of_colors_whose_psnr_is_nearest():
    image = np.rint(make_photo(101, 131) * 255) / np.float32(255)
    of_all = np.array(
        [psnr(color_quantization(image, colors), image) for colors in range(2, 257)]
    )
    for target in (33, 30, 27, 24, 21):
        found = psnr(color_quantization_to_psnr(image, target), image)
        nearest = np.abs(of_all - target).min()
        assert abs(found - target) < max(nearest, 0.1) + 0.15, target


def test_takes_as_many_colors_as_there_are_where_the_psnr_is_too_high():
    image = make_photo(101, 131)
    np.testing.assert_array_equal(
        color_quantization_to_psnr(image, 60), color_quantization(image, 256)
    )


def test_takes_two_colors_where_the_psnr_is_too_low():
    image = make_photo(101, 131)
    np.testing.assert_array_equal(
        color_quantization_to_psnr(image, 3), color_quantization(image, 2)
    )
