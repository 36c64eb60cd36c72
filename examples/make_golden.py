"""Program: make_golden.py writes golden.json, by which a port can be checked.

It holds what this library makes of pictures that need no decoder, and of one photo: the
places of crops, checksums of their pixels, and scores by a model of one line:

    PYTHONPATH=. python examples/make_golden.py

A port is right if it gives the same places and checksums, and the scores but for
rounding. examples/node/check_golden.mjs is such a check.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from distortions import photo_decoding
from rankiqa_tf import metadata
from rankiqa_tf.data import crops

HOME = Path(__file__).resolve().parents[1]
GOLDEN = HOME / "examples" / "golden.json"
PHOTO = "rankiqa_tf/assets/photos/waves.jpg"

_FORMULA = "(7 row + 13 column + row column + 101 channel) mod 256"
_MODEL = "the mean over a crop's pixels of (red + 2 green + 4 blue) / (7 * 255)"
# Smaller than a crop, odd, as large as one, one pixel more, more than four crops long.
_SIZES = (
    (1, 1),
    (3, 5),
    (7, 24),
    (23, 25),
    (24, 24),
    (25, 49),
    (37, 53),
    (61, 2),
    (72, 97),
    (131, 240),
)
_CROP_SIZE = 24
_LARGE_SIZES = ((100, 224), (224, 225), (449, 640), (1080, 1920), (3000, 4001))
_LARGE_CROP_SIZE = 224


def make() -> dict[str, Any]:
    """Returns what golden.json is to hold."""
    photo = photo_decoding.decode((HOME / PHOTO).read_bytes())
    return {
        "about": "made by examples/make_golden.py",
        "recipe_version": metadata.RECIPE_VERSION,
        "recipe": metadata.RECIPE,
        "model": _MODEL,
        "places": [
            {"height": height, "width": width, "crop_size": _LARGE_CROP_SIZE}
            | {"places": _places(height, width, _LARGE_CROP_SIZE)}
            for height, width in _LARGE_SIZES
        ],
        "formula": _FORMULA,
        "pictures": [
            _described(_picture(height, width), _CROP_SIZE) for height, width in _SIZES
        ],
        "photo": {"file": PHOTO, "sha256": _sha256(photo)}
        | _described(photo, _LARGE_CROP_SIZE),
    }


def _picture(height: int, width: int) -> np.ndarray:
    row, column, channel = np.ogrid[:height, :width, :3]
    values = 7 * row + 13 * column + row * column + 101 * channel
    return (values % 256).astype(np.uint8)


def _places(height: int, width: int, size: int) -> list[list[int]]:
    """Of each crop its top and left, in the padded photo."""
    tops, lefts = (
        crops.grid_offsets(max(side, size), size).numpy().tolist()
        for side in (height, width)
    )
    return [[top, left] for top in tops for left in lefts]


def _described(image: np.ndarray, size: int) -> dict[str, Any]:
    height, width, _ = image.shape
    cut = crops.grid_crops(tf.constant(image), size).numpy()
    scores = (cut @ np.array([1.0, 2.0, 4.0])).mean((1, 2)) / (7 * 255)
    return {
        "height": height,
        "width": width,
        "crop_size": size,
        "crops": [
            {"place": place, "sha256": _sha256(crop), "score": float(score)}
            for place, crop, score in zip(
                _places(height, width, size), cut, scores, strict=True
            )
        ],
        "score": float(scores.mean()),
    }


def _sha256(pixels: np.ndarray) -> str:
    """Of its bytes: row by row, of each pixel red, green, blue."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _to_json(golden: dict[str, Any]) -> str:
    """As JSON, each picture on a line of its own."""
    entries = []
    for name, value in golden.items():
        text = json.dumps(value)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(json.dumps(each) for each in value) + "\n]"
        entries.append(f"{json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


if __name__ == "__main__":
    GOLDEN.write_text(_to_json(make()), encoding="utf-8")
