"""Mean PSNR of every kind and level of every preset, over the embedded photos.

    python -m benchmarks.preset_psnr > benchmarks/preset_psnr.md

PSNR is of 8-bit images, in dB; a photo that a level leaves as it is counts as 60 dB.
For tid2013 the levels that are more than 1.5 dB from TID2013's plan would be in bold;
the furthest is JPEG's fifth, 1 dB above, as libjpeg has no lower quality.
"""

import numpy as np
import tensorflow as tf
import tqdm
from PIL import Image

import distortions
from rankiqa_tf.data.references import embedded_photos

TARGETS = (33, 30, 27, 24, 21)
TOLERANCE = 1.5


def psnr(distorted, photo):
    """Peak signal-to-noise ratio of two 8-bit images, at most 60 dB."""
    error = np.mean((np.rint(distorted * 255) - np.rint(photo * 255)) ** 2)
    return min(60.0, 10 * np.log10(255**2 / error)) if error else 60.0


def embedded(short_side=None):
    """The embedded photos, float32 [height, width, 3]; reduced to a short side."""
    photos = []
    for path in embedded_photos():
        with Image.open(path) as photo:
            photo = photo.convert("RGB")
            if short_side:
                scale = short_side / min(photo.size)
                sides = [round(side * scale) for side in photo.size]
                photo = photo.resize(sides, Image.Resampling.LANCZOS)
            photos.append(np.asarray(photo, np.float32) / 255)
    return photos


def sharp_photos():
    """The embedded photos as sharp as those of TID2013, and as large."""
    return embedded(short_side=384)


def levels_of(row, photos):
    """The mean PSNR of each level of a row, with seeds as in training."""
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


def main():
    photos = []
    for path in embedded_photos():
        with Image.open(path) as photo:
            photos.append(np.asarray(photo.convert("RGB"), np.float32) / 255)
    print(f"# PSNR of the presets\n\n{__doc__.split(chr(10) * 2, 1)[1]}")
    for preset in distortions.PRESETS.values():
        aimed = preset.name == "tid2013"
        levels = range(1, preset.num_levels + 1)
        print(f"## {preset.name}\n\n{preset.source}\n")
        print("| # | kind | policy |", *(f"{n} |" for n in levels))
        print("| --- | --- | --- |", *("--- |" for _ in levels), flush=True)
        for row in tqdm.tqdm(preset.rows, desc=preset.name):
            policy = row.policy if isinstance(row.policy, str) else "partial order"
            cells = []
            for level, found in enumerate(levels_of(row, photos)):
                missed = aimed and abs(found - TARGETS[level]) > TOLERANCE
                cells.append(f"**{found:.1f}**" if missed else f"{found:.1f}")
            print(f"| {row.number or ''} | {row.name} | {policy} |", end=" ")
            print(*(f"{cell} |" for cell in cells), flush=True)
        print()


if __name__ == "__main__":
    tf.config.threading.set_inter_op_parallelism_threads(1)
    main()
