"""Whether exported models give the scores of the model they were made from."""

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from rankiqa_tf.data import crops
from rankiqa_tf.data import decode
from rankiqa_tf.model import Model

TOLERANCE = 1e-3  # Of the spread of scores: far below what orders two photos.


class AgreementError(RuntimeError):
    """An exported model scores a photo differently from the Keras model."""


def check(
    model: Model,
    *,
    saved_model: str | Path,
    tflite: str | Path,
    photos: Sequence[str | Path],
) -> dict[str, float]:
    """Scores photos with a model and with its exports, and compares.

    Args:
        model: the model.
        saved_model: folder that export.saved_model wrote.
        tflite: file that export.tflite wrote.
        photos: two JPEG or PNG files or more, of different quality. Not turned by
            their EXIF data: the bytes signature does not look at these.

    Returns:
        For "saved_model/bytes", "saved_model/pixels" and "tflite", the greatest
        difference from Keras over the photos, divided by the spread (greatest less
        least) of Keras's scores.

    Raises:
        AgreementError: if one of them is over TOLERANCE.
        ValueError: if the photos cannot tell: fewer than two, or all of one score.
        decode.PhotoError: if a photo cannot be read.
    """
    pixels = [decode.read_photo(photo) for photo in photos]
    expected = np.array([model.score(image) for image in pixels])
    spread = float(np.ptp(expected)) if len(expected) else 0.0
    if not spread > 0:
        raise ValueError(
            "to compare exports, at least 2 photos of different scores are needed; "
            f"the scores were {expected.tolist()}"
        )

    signatures = tf.saved_model.load(str(saved_model)).signatures
    files = [Path(photo).read_bytes() for photo in photos]
    by_bytes, by_pixels = signatures["serving_default"], signatures["pixels"]
    score_crop = _interpreter(tflite)
    found = {
        "saved_model/bytes": [by_bytes(tf.constant([file])) for file in files],
        "saved_model/pixels": [by_pixels(tf.constant(image)) for image in pixels],
    }
    scores = {
        name: [float(output["score"][0]) for output in outputs]
        for name, outputs in found.items()
    }
    scores["tflite"] = [
        _mean_of_crops(score_crop, image, model.metadata.crop_size) for image in pixels
    ]
    return {
        name: _greatest_difference(name, np.array(values), expected, spread, photos)
        for name, values in scores.items()
    }


def _greatest_difference(
    name: str,
    scores: np.ndarray,
    expected: np.ndarray,
    spread: float,
    photos: Sequence[str | Path],
) -> float:
    differences = np.abs(scores - expected) / spread
    worst = int(np.argmax(differences))  # The first that is not a number, if any is.
    if not differences[worst] <= TOLERANCE:
        raise AgreementError(
            f"{name} scores {photos[worst]} {scores[worst]:.6f}, Keras "
            f"{expected[worst]:.6f}: {differences[worst]:.2%} of the spread of scores "
            f"apart, where {TOLERANCE:.2%} is allowed"
        )
    return float(differences[worst])


def _mean_of_crops(
    score_crop: Callable[[np.ndarray], float], image: np.ndarray, crop_size: int
) -> float:
    batch = crops.grid_crops(image, crop_size).numpy().astype(np.float32) / 255
    return float(np.mean([score_crop(crop[np.newaxis]) for crop in batch]))


def _interpreter(path: str | Path) -> Callable[[np.ndarray], float]:
    try:
        from ai_edge_litert import interpreter as runtime
    except ImportError:
        runtime = tf.lite
    runner = runtime.Interpreter(str(path)).get_signature_runner("serving_default")
    return lambda crop: float(runner(image=crop)["score"][0])
