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
from rankiqa_tf.datasets import table_file
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
    # What was predicted must not be lost by a path whose bytes are no text.
    whole_file.write(Path(path), file.getvalue(), errors="backslashreplace")


def read(path: str | os.PathLike[str]) -> OpinionScores:
    """Reads predictions that `write` wrote.

    The photos need not be there still: tables are made without them.

    Raises:
        ValueError: if the file is missing or is no such CSV; the message says where.
    """
    table = table_file.read(Path(path))
    # Both by their own names: a score alone could be taken for the MOS.
    for column, needed in (("mos", "columns image,mos"), ("score", "column score")):
        if column not in table.header:
            raise ValueError(
                f"{path} holds no predictions: it needs the {needed}; its first line "
                f"is {','.join(table.header)!r}"
            )
    photos = scores_csv.read(path, missing_ok=True)
    scores = [
        table.number(row["score"], f"{where}: score")
        for where, row in table.cells({"score": table.header.index("score")})
    ]
    return OpinionScores(photos, np.array(scores))
