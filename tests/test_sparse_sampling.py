"""Sparse sampling: what is kept, and how well the rest is restored."""

import math

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from pictures import make_photo
from pictures import psnr

from distortions import chance
from distortions import denoising
from distortions import sparse_sampling as module
from distortions.sparse_sampling import sparse_sampling

SEED = (3, 14)


def restored_by_hand(image, known, share):
    """The same from SciPy's Gaussian and the smoothing that is tested elsewhere."""
    sigma = 0.5 / math.sqrt(share)
    density, samples = (
        scipy.ndimage.gaussian_filter(values, (sigma, sigma, 0), mode="reflect")
        for values in (known.astype(np.float64), (known * image).astype(np.float64))
    )
    restored = samples / density
    for threshold in (0.1, 0.05, 0.025):
        restored = np.where(known, image, restored).astype(np.float32)
        restored = denoising.dct_threshold(restored, threshold).numpy()
    return np.where(known, image, restored)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_restores_from_the_known_pixels_alone(share):
    image = make_photo(137, 153)
    restored = sparse_sampling(image, share, seed=SEED).numpy()
    # Which pixels were known shows by their being as they were.
    known = np.all(restored == image, axis=-1, keepdims=True)
    # Five standard errors of a share of 137 x 153 pixels.
    error = 5 * math.sqrt(share / (137 * 153))
    assert known.mean() == pytest.approx(share, abs=error)
    expected = restored_by_hand(image, known, share)
    assert np.mean(np.abs(restored - expected) > 1e-4) < 1e-3
    others = np.where(known, image, 0.5).astype(np.float32)
    np.testing.assert_allclose(
        sparse_sampling(others, share, seed=SEED), restored, atol=1e-6
    )


def test_keeps_the_image_at_a_share_of_1():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(sparse_sampling(image, 1, seed=SEED), image)


def test_restores_one_colour():
    image = np.full((37, 53, 3), (0.2, 0.5, 0.9), np.float32)
    np.testing.assert_allclose(
        sparse_sampling(image, 0.05, seed=SEED), image, atol=1e-4
    )


def test_restores_from_one_pixel_where_the_share_is_less_than_that():
    image = make_photo(5, 7)
    restored = sparse_sampling(image, 1e-3, seed=SEED).numpy()
    known = np.argwhere(np.all(restored == image, axis=-1))
    assert len(known) == 1
    np.testing.assert_allclose(
        restored, np.broadcast_to(image[tuple(known[0])], image.shape), atol=1e-3
    )


def test_takes_the_mean_of_the_known_pixels_where_none_is_in_reach(monkeypatch):
    image = np.zeros((1, 200, 3), np.float32)
    image[0, 100] = 0.8
    drawn = np.ones((1, 200), np.float32)
    drawn[0, [0, 100]] = 0
    monkeypatch.setattr(chance, "uniform", lambda *_: tf.constant(drawn))
    # A sigma of 5 is cut at 20 pixels; 150 is out of reach of both 0 and 0.8.
    restored = sparse_sampling(image, 0.01, seed=SEED).numpy()
    np.testing.assert_allclose(restored[0, 150], 0.4, atol=1e-3)
    np.testing.assert_allclose(restored[0, 100], 0.8)


def test_is_nearer_to_the_photo_than_the_means_of_known_pixels_are():
    image = make_photo(137, 153)
    restored = sparse_sampling(image, 0.3, seed=SEED).numpy()
    known = np.all(restored == image, axis=-1, keepdims=True)
    density, samples = (
        scipy.ndimage.gaussian_filter(values, (0.9, 0.9, 0))
        for values in (known.astype(np.float64), (known * image).astype(np.float64))
    )
    assert psnr(restored, image) > psnr(samples / density, image)


@pytest.mark.parametrize("share", [0.03, 0.3])
def test_looks_no_further_than_its_margin(share):
    image = make_photo(140, 140)
    touched = image.copy()
    # Only known pixels have any effect; among 121 there are some.
    touched[65:76, 65:76] = 1 - touched[65:76, 65:76]
    one, two = (
        sparse_sampling(photo, share, seed=SEED).numpy() for photo in (image, touched)
    )
    changed = np.argwhere(np.any(np.abs(one - two) > 1e-5, axis=-1))
    reach = np.abs(changed - 70).max() - 5
    assert module.margin(share) // 3 < reach <= module.margin(share)
