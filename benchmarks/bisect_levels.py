"""Finds the levels of TID2013's kinds whose own parameters are not known.

    python -m benchmarks.bisect_levels [KIND ...]

It prints the parameters at which a kind has 33, 30, 27, 24 and 21 dB, which TID2013
was planned to have at its five levels: the mean PSNR of 8-bit images over the embedded
photos, reduced by Lanczos to a short side of 384 pixels, as sharp and as large as those
of TID2013. Levels of a photo share their seeds; what events do to it differs so much
from seed to seed that each photo is given five of them. All seven kinds take a quarter
of an hour.
"""

import sys

import numpy as np
import scipy.optimize
import tensorflow as tf
import tqdm

from benchmarks.preset_psnr import TARGETS
from benchmarks.preset_psnr import psnr
from benchmarks.preset_psnr import sharp_photos
from distortions.presets.tid2013 import TID2013

# The parameter that is looked for, and between what; others are those of the preset.
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
    """Finds the parameter of a level that has a PSNR.

    Args:
        row: one of those in SEARCHED.
        level: whose other parameters are taken.
        target: the mean PSNR over the photos, in dB.
        photos: float32 [height, width, 3] each, in [0, 1].

    Returns:
        The parameter, to a hundredth of itself.
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


def main():
    photos = sharp_photos()
    for name in sys.argv[1:] or SEARCHED:
        row = TID2013.row(name)
        found = [
            bisected(row, level, target, photos)
            for level, target in enumerate(tqdm.tqdm(TARGETS, desc=name), 1)
        ]
        print(name, SEARCHED[name][0], *(f"{value:.3g}" for value in found), flush=True)


if __name__ == "__main__":
    main()
