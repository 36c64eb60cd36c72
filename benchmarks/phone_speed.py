"""Times a TFLite file and PyPI's brisque in one process, alternating photo by photo.

Both packages are needed, best in a separate environment:

    python3 -m venv speed
    speed/bin/pip install brisque opencv-python-headless "numpy<2.3" ai-edge-litert
    OMP_NUM_THREADS=1 speed/bin/python -m benchmarks.phone_speed model.tflite PHOTO...

Both use one thread, and the decoded middle of each photo, 512x512 pixels.
"""

import sys
import time
from collections.abc import Sequence

import cv2
import numpy as np
from brisque import BRISQUE
from PIL import Image

from rankiqa_tf.data import crop_grid
from rankiqa_tf.tflite_model import TFLiteModel

_SIDE = 512
_ROUNDS = 5


def middle(path: str) -> np.ndarray:
    """Reads the middle of a photo, uint8 [512, 512, 3]."""
    with Image.open(path) as image:
        photo = crop_grid.pad_to(np.asarray(image.convert("RGB")), _SIDE)
    top, left = ((side - _SIDE) // 2 for side in photo.shape[:2])
    return np.ascontiguousarray(photo[top : top + _SIDE, left : left + _SIDE])


def main(file: str, paths: Sequence[str]) -> None:
    """Prints the median times and their ratio."""
    cv2.setNumThreads(1)
    photos = [middle(path) for path in paths]
    scorers = {
        "brisque": BRISQUE(url=False).score,
        file: TFLiteModel.load(file, threads=1).score,
    }
    times: dict[str, list[float]] = {name: [] for name in scorers}
    for score in scorers.values():
        score(photos[0])
    for _ in range(_ROUNDS):
        for photo in photos:
            for name, score in scorers.items():
                started = time.perf_counter()
                score(photo)
                times[name].append(time.perf_counter() - started)
    for name, found in times.items():
        median, least = 1e3 * float(np.median(found)), 1e3 * min(found)
        print(f"{name}: median {median:.0f} ms a photo, least {least:.0f}")
    for what, of in (("median", np.median), ("least", min)):
        brisque, ours = map(of, times.values())
        print(f"{what}: {ours / brisque:.0%} of brisque's time")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
