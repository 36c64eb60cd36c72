"""Made photos for tests, and the ways there are to run a function of an image."""

import numpy as np
import scipy.ndimage
import tensorflow as tf


def make_photo(height, width):
    """Something like a photo: fields with most power at low frequencies, and edges."""
    generator = np.random.default_rng(height * 1000 + width)
    rows, columns = np.mgrid[:height, :width]
    texture = generator.normal(size=(height, width, 3))
    field = sum(
        sigma * scipy.ndimage.gaussian_filter(texture, (sigma, sigma, 0), mode="wrap")
        for sigma in (0.5, 1, 2, 4, 8, 16)
    )
    disc = np.hypot(rows - height / 2, columns - width / 3) < min(height, width) / 4
    photo = 0.45 + 0.1 * field + 0.3 * disc[..., np.newaxis] * (1, 0.5, -0.5)
    return np.clip(photo, 0, 1).astype(np.float32)


def run_everywhere(function, image):
    """Yields what function makes of the image, by each way there is to call it."""
    yield function(image)
    yield tf.function(function)(image)
    any_size = tf.TensorSpec([None, None, 3], tf.float32)
    yield tf.function(function, input_signature=[any_size])(image)
    yield from tf.data.Dataset.from_tensors(image).map(function)


def psnr(one, two):
    """Peak signal-to-noise ratio of two images in [0, 1], in dB."""
    return -10 * np.log10(np.mean((np.asarray(one) - np.asarray(two)) ** 2))


def assert_same_everywhere(function, image):
    """Asserts that each way gives the same image, like the one given in kind."""
    first, *others = run_everywhere(function, image)
    assert first.shape == image.shape
    assert first.dtype == tf.float32
    assert 0 <= tf.reduce_min(first) <= tf.reduce_max(first) <= 1
    assert len(others) == 3
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-6)
