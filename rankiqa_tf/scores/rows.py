"""Rows of output: each photo's score, or why it has none."""

import collections
import dataclasses
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

from distortions.photo_header import PhotoError
from rankiqa_tf.scores import percentiles as percentiles_lib
from rankiqa_tf.scoring import ScoreMany


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What is written about a photo.

    Attributes:
        path: the file.
        score: higher is better; None if the photo could not be read.
        percentile: the share of a photo collection that it is better than, in whole
            percent; None without a score, or if the model knows no collection.
        error: what was wrong if it could not be read; otherwise empty.
        warning: what looks faulty about a photo that could be read; usually empty.
    """

    path: str
    score: float | None
    percentile: int | None
    error: str
    warning: str


def score_all(
    score_many: ScoreMany,
    photos: Iterable[Path],
    percentiles: Sequence[float],
    *,
    known: Callable[[Path], Row | None],
) -> Iterator[tuple[Row, bool]]:
    """Yields a row for each photo, and whether it is new: scored just now.

    New rows are yielded in order as soon as photos are scored, known rows in between.

    Args:
        score_many: of a model.
        photos: consumed lazily, a few ahead of the rows.
        percentiles: the model's, 101 rising scores or none.
        known: returns the row of a photo that need not be scored, or None.
    """
    paths: collections.deque[Path] = collections.deque()
    kept: collections.deque[Row] = collections.deque()
    doubts: list[str] = []

    def to_score() -> Iterator[Path]:
        for path in photos:
            row = known(path)
            if row is None:
                paths.append(path)
                yield path
            else:
                kept.append(row)

    for score in score_many(to_score(), warn=lambda _, doubt: doubts.append(doubt)):
        while kept:
            yield kept.popleft(), False
        path = str(paths.popleft())
        warning = "; ".join(dict.fromkeys(doubts))
        doubts.clear()
        if isinstance(score, PhotoError):
            error = str(score).removeprefix(f"{path}: ")
            yield Row(path, None, None, error, warning), True
        else:
            share = percentiles_lib.percentile(score, percentiles)
            yield Row(path, score, share, "", warning), True
    while kept:
        yield kept.popleft(), False


@dataclasses.dataclass(kw_only=True)
class Tally:
    """Counts rows.

    Attributes:
        min_score: photos with a lower score are counted in `below`; None for none.
        photos: number of all photos.
        kept: those whose rows are not new.
        failed: those that could not be read.
        doubtful: those read with a warning.
        below: those that score less than min_score.
    """

    min_score: float | None = None
    photos: int = 0
    kept: int = 0
    failed: int = 0
    doubtful: int = 0
    below: int = 0

    def add(self, row: Row, *, is_new: bool) -> None:
        """Counts a row."""
        self.photos += 1
        self.kept += not is_new
        if row.score is None:
            self.failed += 1
            return
        self.doubtful += bool(row.warning)
        self.below += self.min_score is not None and row.score < self.min_score
