"""Draws a photo under some distortions at rising level, with its scores.

    python -m benchmarks.levels_picture rankiqa_tf/assets/photos/dog.jpg docs/images/levels.jpg

A tile is the middle of the photo; the score under it is that of the whole photo.
"""  # noqa: E501 - a command is not cut in two.

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

import distortions
import rankiqa_tf
from distortions import photo_decoding

_KINDS = ("gaussian_blur", "white_noise", "jpeg", "jpeg2000")
_LEVELS = (0, 1, 2, 3, 4, 5)
_TILE = 200  # Pixels.
_LINE = 24


def main(photo: str, output: str) -> None:
    """Draws the picture."""
    model = rankiqa_tf.load()
    image = photo_decoding.decode(Path(photo).read_bytes())
    size = (len(_LEVELS) * _TILE, len(_KINDS) * (_TILE + _LINE))
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for row, kind in enumerate(_KINDS):
        for column, level in enumerate(_LEVELS):
            version = distortions.distort(
                tf.constant(image / 255, tf.float32), kind, level, seed=(1, 2)
            )
            pixels = np.round(version.numpy() * 255).astype(np.uint8)
            left, top = column * _TILE, row * (_TILE + _LINE)
            picture.paste(_middle(pixels), (left, top))
            name = kind.replace("_", " ") if level else "photo"
            text = f"{name} {level or ''}  {model.score(pixels):.2f}"
            draw.text((left + 6, top + _TILE + 3), text, fill="black", font=font)
    picture.save(output, quality=75)


def _middle(pixels: np.ndarray) -> Image.Image:
    top, left = ((side - _TILE) // 2 for side in pixels.shape[:2])
    return Image.fromarray(pixels[top : top + _TILE, left : left + _TILE])


if __name__ == "__main__":
    main(*sys.argv[1:])
