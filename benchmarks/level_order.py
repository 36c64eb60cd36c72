"""On how many photos each level of a distortion is further from the photo than better.

    python -m benchmarks.level_order [PRESET ...] > benchmarks/level_order.md

Of each row, over the pairs of levels of which its policy says that one looks better and
no third lies between: the share of photos on which the PSNR falls, and on which MS-SSIM
does, from the better level to the worse. Photos are every second one of the embedded,
reduced to a short side of 384 pixels. Seeds are drawn as in training: levels share them
where chance is in a few events. Last comes the lowest share, and of what pair it is.
MS-SSIM is Wang's, of luma: it hardly sees what is done to colours and to the mean.

Where it is not all of them there is a reason. Contrast under tid2013 is ranked as
people rank, more of it before less. A mean shift goes up and down by turns. A photo
with little colour has no more of it to lose, nor one with few colours more of those;
which tones fall on a step, and which edges on themselves when green is moved, is a
photo's own. The blocks of released_code have another colour at each level, as its
MATLAB file says. Under haze, JPEG of quality 12 is hardly further from the photo than
that of 21.
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
    """The pairs of an order that do not follow from others: [pairs, 2]."""
    follows = (better.astype(int) @ better.astype(int)) > 0
    return np.argwhere(better & ~follows)


def measures(row, photos):
    """PSNR and MS-SSIM of each photo and level, [measures, photos, levels]."""
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
    """A row of the table."""
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
