"""Program: _measure.py FORM PHOTOS STARTED times a form. See benchmark.py.

Each form gets its own process, so that its memory does not include what another has
loaded. TFLite files run without TensorFlow where LiteRT is installed, as on a phone.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rankiqa_tf import tflite_model

Score = Callable[[np.ndarray], object]
_SECONDS = 2.0  # How long to measure each figure.
_FEWEST = 5  # Minimum number of runs, however long each takes.


def main(form: str, photos: str, started: str) -> None:
    """Prints the figures as a JSON object.

    Args:
        form: as forms.load takes it.
        photos: a .npy file, uint8 [n, height, width, 3].
        started: when this process was started, in seconds on the system-wide monotonic
            clock.
    """
    images = np.load(photos)
    open_form = _tflite if form.endswith(".tflite") else _by_tensorflow
    score_crop, score_photo, shape = open_form(form)
    crop = np.resize(images[0], shape)
    score_crop(crop)
    loaded = time.monotonic() - float(started)
    score_photo(images[0])  # Warm-up: later photos of this size are faster.
    figures = {
        "load_s": loaded,
        "crop_ms": _milliseconds(score_crop, [crop]),
        "photo_ms": _milliseconds(score_photo, list(images)),
        "memory_mb": _peak_memory() / 1e6,
    }
    print(json.dumps(figures))


def _milliseconds(score: Score, images: list[np.ndarray]) -> float:
    """Returns the median time of a score."""
    times: list[float] = []
    while sum(times) < _SECONDS or len(times) < _FEWEST:
        started = time.perf_counter()
        score(images[len(times) % len(images)])
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


def _tflite(path: str) -> tuple[Score, Score, tuple[int, ...]]:
    model = tflite_model.TFLiteModel.load(path, threads=1)
    shape = (*model.input_size, 3)
    side = model.metadata.crop_size

    def score_photo(photo: np.ndarray) -> object:
        whole = model.input_size != (side, side)
        return model.score(np.resize(photo, shape) if whole else photo)

    return lambda crop: model.score_crops(crop[np.newaxis]), score_photo, shape


def _by_tensorflow(name: str) -> tuple[Score, Score, tuple[int, ...]]:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from export import forms

    form = forms.load(name)[-1]  # The pixels signature of a SavedModel.
    side = form.metadata.crop_size
    return lambda crop: form.score_crops(crop[np.newaxis]), form.score, (side, side, 3)


def _peak_memory() -> int:
    """Returns the peak memory in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # On Linux, the other figure includes the parent process.
        match = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if match:
            return 1024 * int(match[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    main(*sys.argv[1:])
