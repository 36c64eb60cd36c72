"""Finds levels for the kinds of TID2013 whose own parameters are unknown.

    python -m benchmarks.bisect_levels [KIND ...]

Prints the parameters at which a kind has 33, 30, 27, 24 and 21 dB, TID2013's targets
for its five levels: the mean PSNR of 8-bit images over the embedded photos, reduced
with Lanczos to a short side of 384 pixels, as sharp and as large as those of TID2013.
Levels of a photo share their seeds; random events affect a photo so differently from
seed to seed that each photo gets five. All seven kinds take a quarter of an hour.
"""

import sys

import tqdm

from benchmarks.level_search import SEARCHED
from benchmarks.level_search import TARGETS
from benchmarks.level_search import bisected
from benchmarks.sharp_photos import sharp_photos
from distortions.presets.tid2013 import TID2013


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
