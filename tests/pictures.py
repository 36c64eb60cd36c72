"""Synthetic photos for tests, and all ways to run a function of an image."""

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
    with np.errstate(divide="ignore"):  # Of equal images it is infinite.
        return -10 * np.log10(np.mean((np.asarray(one) - np.asarray(two)) ** 2))


def assert_same_everywhere(function, images):
    """Asserts that each way gives the same images, like those given in kind.

    A graph that knows the sizes is made for the first alone, as graphs take long.
    """
    any_size = tf.TensorSpec([None, None, 3], tf.float32)
    graph = tf.function(function, input_signature=[any_size])
    dataset = tf.data.Dataset.from_generator(lambda: images, output_signature=any_size)
    expected = [function(image) for image in images]
    for image, first, mapped in zip(
        images, expected, dataset.map(function), strict=True
    ):
        assert first.shape == image.shape
        assert first.dtype == tf.float32
        np.testing.assert_allclose(graph(image), first, atol=1e-6)
        np.testing.assert_allclose(mapped, first, atol=1e-6)
    np.testing.assert_allclose(tf.function(function)(images[0]), expected[0], atol=1e-6)
