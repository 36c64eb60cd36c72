"""The PSNR of every level of a preset's row, on parts of two embedded photos."""

import functools
from pathlib import Path

import numpy as np
from pictures import psnr
from PIL import Image

from distortions.registry import Row
from rankiqa_tf import assets

PHOTOS = ("budgie_branch.jpg", "roman_colosseum.jpg")
SIZE = (301, 403)  # Of the middle of each: odd, unequal sides.


@functools.cache
def photo_parts() -> np.ndarray:
    """The middles of the photos, float32 [photos, height, width, 3]."""
    folder = Path(assets.__file__).with_name("photos")
    parts = []
    for name in PHOTOS:
        with Image.open(folder / name) as photo:
            pixels = np.asarray(photo.convert("RGB"), np.float32) / 255
        top, left = ((np.array(pixels.shape[:2]) - SIZE) // 2).tolist()
        parts.append(pixels[top : top + SIZE[0], left : left + SIZE[1]])
    return np.stack(parts)


def seed_of(row: Row, number: int, level: int) -> tuple[int, int]:
    """The seed of a photo's level; levels share it where those of training do."""
    return number, 7 if row.shares_seed else 7 * level


@functools.cache
def levels_of(row: Row) -> tuple[float, ...]:
    """The PSNR of each level of a row, from level 1 on, over all pixels, in dB."""
    photos = photo_parts()
    return tuple(
        psnr(
            [
                row.distort(photo, level, seed=seed_of(row, number, level))
                for number, photo in enumerate(photos)
            ],
            photos,
        ).item()
        for level in range(1, len(row.parameters) + 1)
    )
