"""Mean PSNR of every kind and level of every preset, over the embedded photos.

    python -m benchmarks.preset_psnr [PRESET ...] > benchmarks/preset_psnr.md

PSNR is of 8-bit images, in dB; a level that leaves a photo unchanged counts as 60 dB.
Levels share a photo's seed where they do in training. For tid2013 there are also
figures for the photos reduced to a short side of 384 pixels, as sharp as TID2013's own,
and the levels that were used before TID2013's parameters were recovered
(tid2013_before.csv): bisected for 33, 30, 27, 24 and 21 dB over the embedded photos.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import tqdm

import distortions
from benchmarks.sharp_photos import embedded
from benchmarks.sharp_photos import psnr
from benchmarks.sharp_photos import sharp_photos

BEFORE = Path(__file__).with_name("tid2013_before.csv")


def levels_of(row, photos):
    """Returns the mean PSNR of each level of a row, with seeds as in training."""
    return [
        np.mean(
            [
                psnr(
                    row.distort(
                        photo, level, seed=(number, 0 if row.shares_seed else level)
                    ).numpy(),
                    photo,
                )
                for number, photo in enumerate(photos)
            ]
        )
        for level in range(1, len(row.parameters) + 1)
    ]


def print_levels(preset, photos):
    """Prints a table of a preset and returns the PSNR of each row's levels."""
    levels = range(1, preset.num_levels + 1)
    print("| # | kind | policy |", *(f"{n} |" for n in levels))
    print("| --- | --- | --- |", *("--- |" for _ in levels), flush=True)
    found = {}
    for row in tqdm.tqdm(preset.rows, desc=preset.name):
        found[row.name] = levels_of(row, photos)
        policy = row.policy if isinstance(row.policy, str) else "partial order"
        print(f"| {row.number or ''} | {row.name} | {policy} |", end=" ")
        print(*(f"{psnr:.1f} |" for psnr in found[row.name]), flush=True)
    print()
    return found


def print_changes(found):
    """Prints the former levels of tid2013 and their PSNR, beside the present ones."""
    print("| kind | now | before | after |")
    print("| --- | --- | --- | --- |")
    with BEFORE.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            after = " ".join(f"{psnr:.1f}" for psnr in found[line["kind"]])
            print(f"| {line['kind']} | {line['change']} | {line['psnr']} | {after} |")
    print()


def main():
    photos = embedded()
    print(f"# PSNR of the presets\n\n{__doc__.split(chr(10) * 2, 1)[1]}")
    for name in sys.argv[1:] or distortions.PRESETS:
        preset = distortions.PRESETS[name]
        print(f"## {preset.name}\n\n{preset.source}\n")
        found = print_levels(preset, photos)
        if preset.name == "tid2013":
            print("The same over the photos reduced to a short side of 384:\n")
            print_levels(preset, sharp_photos())
            print("What changed when the parameters of TID2013 were recovered:\n")
            print_changes(found)


if __name__ == "__main__":
    main()
