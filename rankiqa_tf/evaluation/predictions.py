"""Predictions on a split, kept in a CSV file: image,mos,...,level,score.

The file is one of `datasets.scores_csv` with a column more, so whatever reads human
scores reads it too.
"""

import csv
import io
import math
import os
from pathlib import Path

import numpy as np

from rankiqa_tf.data import whole_file
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.evaluation.opinion_check import OpinionScores


def write(path: str | os.PathLike[str], scores: OpinionScores) -> None:
    """Writes predictions so that `read` gives them back, whole or not at all.

    A file that is there may so be taken for a split that is done.

    Args:
        path: a CSV file; its folder must be there.
        scores: of two or more photos.

    Raises:
        ValueError: if a score is not finite, or there are too few photos; nothing is
            written.
    """
    if len(scores.photos) < 2:
        raise ValueError(
            f"predictions must be of 2 or more photos, not {len(scores.photos)}"
        )
    for photo, score in zip(scores.photos, scores.scores, strict=True):
        if not math.isfinite(score):
            raise ValueError(
                f"the score of {photo.path} must be a finite number, not {score}; "
                "training may have diverged"
            )
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow((*scores_csv.COLUMNS, "score"))
    for photo, score in zip(scores.photos, scores.scores, strict=True):
        # Python writes as many digits of a float as tell it from all others.
        writer.writerow((*scores_csv.cells(photo), float(score)))
    whole_file.write(Path(path), file.getvalue())


def read(path: str | os.PathLike[str]) -> OpinionScores:
    """Reads predictions that `write` wrote.

    The photos need not be there still: tables are made without them.

    Raises:
        ValueError: if the file is missing or is no such CSV; the message says where.
    """
    photos = scores_csv.read(path, missing_ok=True)
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if "score" not in (reader.fieldnames or ()):
            raise ValueError(
                f"{path} holds no predictions: it needs the column score; its first "
                f"line is {','.join(reader.fieldnames or ())!r}"
            )
        scores = [
            _score(row["score"], f"{path} line {reader.line_num}") for row in reader
        ]
    return OpinionScores(photos, np.array(scores))


def _score(text: str | None, where: str) -> float:
    try:
        score = float(text or "")
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"{where}: score must be a number, not {text!r}")
    return score
