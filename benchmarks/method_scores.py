"""Reads the output of `benchmarks.score_by`: methods' scores, and their costs."""

import csv
import dataclasses
import json
import math
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rankiqa_tf.datasets.scored_photo import ScoredPhoto


@dataclasses.dataclass(frozen=True)
class MethodScores:
    """The scores of photos by one method.

    Attributes:
        path: the CSV file.
        scores: of each photo by its path, higher is better; nan if the method gives
            none.
        seconds: CPU seconds for each photo, from its file to its score.
        facts: measurements of the process, and the method's package.
    """

    path: Path
    scores: Mapping[Path, float]
    seconds: Mapping[Path, float]
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The method's name, as in file names."""
        return self.path.stem

    def of(self, photos: Sequence[ScoredPhoto]) -> np.ndarray:
        """Returns the scores of photos, float64 [photos]; nan where there is none.

        Raises:
            ValueError: if the method was not given one of the photos.
        """
        missing = [photo.path for photo in photos if photo.path not in self.scores]
        if missing:
            raise ValueError(
                f"{self.path} lacks {len(missing)} of {len(photos)} photos, the first "
                f"being {missing[0]}"
            )
        return np.array([self.scores[photo.path] for photo in photos])


def read(path: Path, root: Path) -> MethodScores:
    """Reads a method's two files.

    Args:
        path: the CSV file, with the JSON file beside it.
        root: where the paths of images start.

    Raises:
        ValueError: if one of the files is missing, or a line is invalid.
    """
    facts = path.with_suffix(".json")
    if not facts.is_file():
        raise ValueError(
            f"{facts} is missing: benchmarks.score_by writes it when all is scored"
        )
    scores, seconds = {}, {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != ["image", "score", "seconds"]:
            raise ValueError(
                f"{path} must begin with image,score,seconds, not {rows.fieldnames}"
            )
        for row in rows:
            photo = root / row["image"]
            try:
                scores[photo] = float(row["score"]) if row["score"] else math.nan
                seconds[photo] = float(row["seconds"])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path} line {rows.line_num}: {error}") from error
    return MethodScores(path, scores, seconds, json.loads(facts.read_bytes()))


def read_folder(folder: Path, root: Path) -> list[MethodScores]:
    """Reads all methods in a folder, in alphabetical order.

    Raises:
        ValueError: if there are none, or as for `read`.
    """
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise ValueError(f"{folder} has no CSV file of benchmarks.score_by")
    return [read(path, root) for path in paths]
