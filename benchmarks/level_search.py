"""Searching for parameters of levels with a given PSNR (see bisect_levels.py)."""

import numpy as np
import scipy.optimize
import tensorflow as tf

from benchmarks.sharp_photos import psnr

TARGETS = (33, 30, 27, 24, 21)
# The parameter to search for, and its range; other parameters are those of the preset.
SEARCHED = {
    "masked_noise": ("variance", 1e-5, 0.3),
    "denoising": ("variance", 1e-5, 1.0),
    "jpeg_transmission_errors": ("error_rate", 1e-6, 1e-3),
    "jpeg2000_transmission_errors": ("error_rate", 2e-5, 5e-3),
    "comfort_noise": ("step", 1e-3, 9.0),
    "noisy_compression": ("variance", 1e-5, 0.5),
    "sparse_sampling": ("share", 1e-3, 1.0),
}
SEEDS_OF_EVENTS = 5


def bisected(row, level, target, photos):
    """Finds the parameter of a level that gives a PSNR.

    Args:
        row: one of those in SEARCHED.
        level: the level whose other parameters to use.
        target: the mean PSNR over the photos, in dB.
        photos: float32 [height, width, 3] each, in [0, 1].

    Returns:
        The parameter, to within a hundredth of its value.
    """
    name, low, high = SEARCHED[row.name]
    arguments = row.arguments(level)
    num_seeds = SEEDS_OF_EVENTS if row.shares_seed else 1
    distorted = tf.function(
        lambda photo, value, seed: row.function(
            photo, **(arguments | {name: value}), seed=seed
        ),
        input_signature=[
            tf.TensorSpec([None, None, 3]),
            tf.TensorSpec([], tf.float64),
            tf.TensorSpec([2], tf.int32),
        ],
    )

    def missed(log_value):
        value = tf.constant(np.exp(log_value), tf.float64)
        found = [
            psnr(distorted(photo, value, tf.constant([number, seed])).numpy(), photo)
            for number, photo in enumerate(photos)
            for seed in range(num_seeds)
        ]
        return np.mean(found) - target

    ends = np.log([low, high])
    return float(np.exp(scipy.optimize.brentq(missed, *ends, xtol=0.01, rtol=1e-3)))
