"""Draws overview.jpg: a photo at rising distortion with its scores, and a heat map.

    python docs/pictures/make_overview.py

The photo and the model are those of the package, so the same file is made anywhere, up
to what another processor rounds differently.
"""

from importlib import resources
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image

import distortions
import rankiqa_tf
from rankiqa_tf.scores import heat_map

_PHOTO = "kitten_on_lawn.jpg"
_PRESET = "tid2013"
_ROWS = {"gaussian_blur": "Gaussian blur", "jpeg": "JPEG"}
_LEVELS = (0, 1, 3, 5)
_OUTPUT = Path(__file__).with_name("overview.jpg")


def _pixels(image: tf.Tensor) -> np.ndarray:
    return tf.image.convert_image_dtype(image, tf.uint8, saturate=True).numpy()


def main() -> None:
    """Scores the versions, draws them and writes the picture."""
    model = rankiqa_tf.load()
    with resources.as_file(
        resources.files("rankiqa_tf.assets") / "photos" / _PHOTO
    ) as path:
        photo = np.asarray(Image.open(path).convert("RGB"))
    image = tf.image.convert_image_dtype(photo, tf.float32)

    figure, axes = plt.subplots(
        len(_ROWS), len(_LEVELS) + 1, figsize=(13.5, 4.2), layout="constrained"
    )
    for row, (name, title) in zip(axes, _ROWS.items(), strict=True):
        for axis, level in zip(row, _LEVELS, strict=False):
            version = _pixels(
                distortions.distort(image, name, level, preset=_PRESET, seed=(0, 0))
            )
            axis.imshow(version)
            what = f"{title}, level {level}" if level else "the photo"
            axis.set_title(f"{what}: {model.score(version):.2f}", fontsize=12)
    # The same photo, its left half blurred: where it is good, and where it is not.
    blurred = distortions.distort(image, "gaussian_blur", 5, preset=_PRESET)
    half = photo.shape[1] // 2
    mixed = np.concatenate([_pixels(blurred)[:, :half], photo[:, half:]], axis=1)
    found = model.score_map(mixed)
    colours = heat_map.colour_range(found, model.metadata)
    top, bottom = axes[:, -1]
    top.imshow(mixed)
    top.set_title(f"left half blurred: {model.score(mixed):.2f}", fontsize=12)
    bottom.imshow(heat_map.overlay(mixed, found, colours, longest=max(mixed.shape)))
    bottom.set_title("heat map (yellow is good)", fontsize=12)
    for axis in axes.flat:
        axis.set_axis_off()
    figure.savefig(_OUTPUT, dpi=120, pil_kwargs={"quality": 90})


if __name__ == "__main__":
    main()
