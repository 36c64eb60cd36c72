"""On how many photos each level of a distortion is measurably worse than a better one.

For nearly every kind, the order of levels agrees with PSNR and MS-SSIM on all photos.
The exceptions have reasons. Contrast in tid2013 is ranked as people rank it, more
before less. Mean shift alternates between lighter and darker. A photo with little
colour has no more to lose, nor one with few colours. Which tones fall on a quantization
step, and which edges coincide when green is moved, depends on the photo. The blocks of
released_code have a different colour at each level, as in its MATLAB file. Under haze,
JPEG of quality 12 is hardly further from the photo than of quality 21.

    python -m benchmarks.level_order [PRESET ...] > benchmarks/level_order.md

For each row, over the pairs of levels in which the policy says that one looks better,
and no third level lies between them: the share of photos on which PSNR falls from the
better to the worse level, and the share on which MS-SSIM does. The last column has the
lowest share, with its pair. Photos are every second embedded photo, reduced to a short
side of 384 pixels. Seeds are drawn as in training: levels share them if a distortion
consists of a few random events. MS-SSIM is Wang's, of luma: it hardly sees changes in
colour and mean.
"""

import sys

import numpy as np
import tensorflow as tf
import tqdm

import distortions
from benchmarks.sharp_photos import psnr
from benchmarks.sharp_photos import sharp_photos
from distortions.sets.version import version_seed


def neighbours(better):
    """Returns the pairs of an order that do not follow from others: [pairs, 2]."""
    follows = (better.astype(int) @ better.astype(int)) > 0
    return np.argwhere(better & ~follows)


def measures(row, photos):
    """Returns PSNR and MS-SSIM of each photo and level, [measures, photos, levels]."""
    found = np.zeros((2, len(photos), len(row.parameters) + 1))
    for number, photo in enumerate(photos):
        levels = [
            row.distort(photo, level, seed=version_seed(0, str(number), row, level))
            for level in range(len(row.parameters) + 1)
        ]
        found[0, number] = [psnr(image.numpy(), photo) for image in levels]
        found[0, number, 0] = np.inf
        luma = tf.image.rgb_to_grayscale(tf.stack(levels))
        found[1, number] = tf.image.ssim_multiscale(luma, luma[:1], 1.0)
    return found


def line(row, photos):
    """Returns a row of the table."""
    pairs = neighbours(row.better())
    if not len(pairs):
        return f"| {row.name} | | | not ranked |"
    better, worse = pairs.T
    falls = [of[:, better] > of[:, worse] for of in measures(row, photos)]
    lowest = []
    for name, of in zip(("PSNR", "MS-SSIM"), falls, strict=True):
        share = of.mean(axis=0)
        if share.min() < 1:
            first, second = pairs[share.argmin()]
            lowest.append(f"{name} {share.min():.0%} of {first} to {second}")
    shares = " | ".join(f"{of.mean():.0%}" for of in falls)
    return f"| {row.name} | {shares} | {'; '.join(lowest)} |"


def main(names):
    photos = sharp_photos()[::2]
    print(f"# Whether levels fall\n\n{__doc__.split(chr(10) * 2, 1)[1]}")
    print(f"Of {len(photos)} photos.\n")
    for name in names or distortions.PRESETS:
        print(f"## {name}\n\n| kind | PSNR falls | MS-SSIM falls | at least |")
        print("| --- | --- | --- | --- |", flush=True)
        for row in tqdm.tqdm(distortions.find_preset(name).rows, desc=name):
            print(line(row, photos), flush=True)
        print()


if __name__ == "__main__":
    tf.config.threading.set_inter_op_parallelism_threads(1)
    main(sys.argv[1:])
