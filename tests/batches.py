"""Shared checks for sources of batches, and sources to run them on."""

import numpy as np
import tensorflow as tf
from PIL import Image

import distortions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


def flat_photos(folder, count):
    """Photos of one colour each, which is 10 times their score: 1, 2 and so on."""
    photos = []
    for number in range(1, count + 1):
        path = folder / f"{number}.png"
        Image.new("RGB", (20 + number, 31), 3 * (10 * number,)).save(path)
        photos.append(ScoredPhoto(path, float(number), path.name))
    return photos


class Numbered:
    """Versions that say by their pixels what was asked for; nothing is distorted."""

    names, num_levels, num_photos = tuple("abcd"), 5, 4
    better = distortions.PRESETS["live"].better()
    graded, shares_seed = np.array([True] * 3 + [False]), np.zeros(4, bool)

    def photo(self, content):
        return content

    def crop(self, photo, kind, strength, size, place_seed, seed):
        level = tf.cast(tf.math.ceil(strength), tf.int32)
        pixel = tf.cast(tf.stack([photo, kind, level]), tf.uint8)
        return tf.broadcast_to(pixel, [size, size, 3])


def steps(batches, first, last):
    """The batches of the steps first to last - 1, as dictionaries of arrays."""
    return list(batches.dataset(first, last).as_numpy_iterator())


def assert_equal(found, expected):
    """Asserts that batches are the same, key by key and number by number."""
    assert len(found) == len(expected)
    for batch, other in zip(found, expected, strict=True):
        assert batch.keys() == other.keys()
        for name in batch:
            np.testing.assert_array_equal(batch[name], other[name], name)


def places(crop, image):
    """Where an image shows a crop, pixel for pixel: rows of (top, left)."""
    height, width = np.subtract(image.shape, crop.shape)[:2] + 1
    # By one pixel first: to compare every crop that there is takes long.
    corners = (crop[0, 0] == image[:height, :width]).all(-1)
    return [
        (int(top), int(left))
        for top, left in np.argwhere(corners)
        if np.array_equal(image[top : top + len(crop), left : left + len(crop)], crop)
    ]
