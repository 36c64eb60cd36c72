"""Evaluates a model on photos with human scores.

    python -m rankiqa_tf.evaluate --model=model.keras --scores=scores.csv

Prints SROCC, LCC, KROCC and RMSE. Exit code: 0 if all photos were scored, 1 if some
could not be read (they are named and left out), 2 if nothing could be begun.
"""

import csv
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Read when TensorFlow is imported.

from absl import flags

from distortions import program
from rankiqa_tf import scoring_flags
from rankiqa_tf.data import decode
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import opinion_check

_scorer = scoring_flags.define_scorer()
flags.adopt_module_key_flags(scoring_flags)
_SCORES = flags.DEFINE_string(
    "scores", None, "CSV of human scores: image,mos[,reference].", required=True
)
_SCORES_DIR = flags.DEFINE_string(
    "scores_dir", "", "Folder its image paths start from; empty for the CSV's own."
)
_FORMAT = flags.DEFINE_enum("format", "table", ["table", "json"], "How to print.")
_PREDICTIONS = flags.DEFINE_string(
    "predictions", None, "A CSV file to write image,mos,score to."
)


def main(argv: list[str]) -> int:
    """Evaluates what the flags say and returns the exit code."""
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        photos = scores_csv.read(_SCORES.value, _SCORES_DIR.value or None)
        scorer = _scorer()
        problems = decode.unreadable([photo.path for photo in photos])
        readable = [photo for photo in photos if photo.path not in problems]
        if len(readable) < 2:
            raise ValueError(
                f"only {len(readable)} of {len(photos)} photos are readable"
            )
        if _PREDICTIONS.value:
            Path(_PREDICTIONS.value).touch()  # Fails now if it cannot be written.
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    for problem in problems.values():
        print(f"left out: {problem}", file=sys.stderr)
    result = opinion_check.check(scorer.score_many, readable)
    if _PREDICTIONS.value:
        _write_predictions(result, Path(_PREDICTIONS.value))
    figures = {"photos": len(readable), **result.summary("test")}
    if _FORMAT.value == "json":
        print(metrics.to_json(figures))
    else:
        print("\n".join(f"{name:12} {value:8.4g}" for name, value in figures.items()))
    return 1 if problems else 0


def _write_predictions(result: opinion_check.OpinionScores, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "mos", "score"])
        for photo, score in zip(result.photos, result.scores, strict=True):
            writer.writerow([photo.path, photo.mos, score])


if __name__ == "__main__":
    program.run(main)
