"""Percentiles of a collection's scores, from a CSV written by the scoring program."""

import csv
import math
import sys
from pathlib import Path

import numpy as np

_FEWEST = 100  # Photos: with fewer, some percentiles would lie between two of them.


def read(path: str | Path) -> tuple[float, ...]:
    """Reads scores and returns their percentiles.

    Args:
        path: a CSV written by `python -m rankiqa_tf.score --format=csv`, with a column
            score, which is empty if a photo could not be read.

    Returns:
        101 rising scores: the 0th, 1st, ... 100th percentile.

    Raises:
        ValueError: if it is not such a file, or has fewer than 100 scores.
        OSError: if it cannot be read.
    """
    try:
        with Path(path).open(
            encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            texts = [row.get("score") or "" for row in rows]
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV file: {error}") from error
    if "score" not in columns:
        raise ValueError(
            f"{path} has no column score, but {', '.join(columns) or 'nothing'}: give "
            "what python -m rankiqa_tf.score --format=csv writes"
        )
    scores = [_score(path, line, text) for line, text in enumerate(texts, 2) if text]
    if len(scores) < _FEWEST:
        raise ValueError(
            f"{path} has scores of {len(scores)} photos: percentiles need {_FEWEST} or "
            "more"
        )
    found = np.quantile(scores, np.linspace(0, 1, 101))
    return tuple(found.tolist())


def _score(path: str | Path, row: int, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"{path}: the score of row {row} is {text!r}, not a number")
    return score


if __name__ == "__main__":
    sys.exit("export.percentiles is a library; the program is python -m export")
