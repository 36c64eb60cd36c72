"""Are distorted versions scored below their photo, and stronger ones below weaker?

Agreement with opinions does not say it: a model fitted to opinions of photos may score
heavy noise above the clean photo and agree with all of them.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.tables import Block
from rankiqa_tf.evaluation.tables import Line
from rankiqa_tf.evaluation.tables import text

TITLE = "Order kept, by distortion"
EXPLAINED = (
    "Good photos were distorted, level by level. The table gives the share of pairs of "
    "versions of a photo that the scores put in the right order: all pairs, those of "
    "the photo and its version at each level, and those of two distorted versions. "
    "Chance would give 0.5."
)


@dataclasses.dataclass(frozen=True)
class Kept:
    """Of one distortion, the share of pairs in the right order; a tie is not in it.

    Attributes:
        name: the distortion.
        pairs: of all pairs of known order.
        photo: of pairs of a photo and its version at level 1, 2, and so on: one share
            a level, nan where the photo is not known to be better.
        levels: of pairs of two levels of a photo, 1 and above; nan if none is known.
    """

    name: str
    pairs: float
    photo: tuple[float, ...]
    levels: float

    @property
    def above(self) -> float:
        """The share against the photo, of all levels; nan if there is none."""
        return _mean(self.photo)

    @property
    def from_level_2(self) -> float:
        """The share against the photo at level 2 and above, nan if there is none.

        Level 1 of many distortions is hardly seen.
        """
        return _mean(self.photo[1:])


def measure(scores: LevelScores) -> list[Kept]:
    """Takes the shares of each distortion of which any order is known."""
    found = []
    for name, of_kind, better in zip(
        scores.names, scores.scores.swapaxes(0, 1), scores.better, strict=True
    ):
        wins = (of_kind[:, :1] > of_kind[:, 1:]).mean(0)
        photo = np.where(better[0, 1:], wins, math.nan)
        levels = [metrics.pair_accuracy(s[1:], better[1:, 1:]) for s in of_kind]
        if better.any():
            pairs = np.mean([metrics.pair_accuracy(s, better) for s in of_kind])
            shares = tuple(photo.tolist()), float(np.mean(levels))
            found.append(Kept(name, float(pairs), *shares))
    return found


def summary(kept: Sequence[Kept], prefix: str) -> dict[str, float]:
    """Figures by name: against the photo, the same from level 2 on, and of levels.

    Names are `<prefix>/order_kept/photo`, a mean over distortions,
    `<prefix>/order_kept/photo/<distortion>`, and so on with `photo_from_level_2` and
    `levels` in the place of `photo`.
    """
    figures = {}
    for figure, values in _shares(kept).items():
        name = f"{prefix}/order_kept/{figure}"
        figures[name] = _mean(values)
        for row, value in zip(kept, values, strict=True):
            if not math.isnan(value):
                figures[f"{name}/{row.name}"] = value
    return figures


def means(kept: Sequence[Kept]) -> dict[str, float]:
    """The means over distortions, by the names that `summary` has."""
    return {figure: _mean(values) for figure, values in _shares(kept).items()}


def _shares(kept: Sequence[Kept]) -> dict[str, list[float]]:
    """The shares of each distortion, by figure."""
    return {
        "photo": [row.above for row in kept],
        "photo_from_level_2": [row.from_level_2 for row in kept],
        "levels": [row.levels for row in kept],
    }


def table(kept: Sequence[Kept]) -> Block:
    """The mean, then a line a distortion."""
    levels = range(1, 1 + len(kept[0].photo))
    shares = np.array(
        [[row.pairs, *row.photo, row.from_level_2, row.levels] for row in kept]
    )
    means = [_mean(column) for column in shares.T]
    lines = [
        Line(name.replace("_", " "), tuple(map(text, row)), ours=True)
        for name, row in zip(
            ["mean", *(row.name for row in kept)],
            [means, *shares.tolist()],
            strict=True,
        )
    ]
    columns = ["all pairs", *(f"level {level}" for level in levels)]
    columns += ["level 2 and up", "two levels"]
    names = {column: "below the photo" for column in columns[1:-1]}
    names["two levels"] = "the stronger below the weaker"
    return Block(TITLE, tuple(columns), tuple(lines), names)


def _mean(shares: Sequence[float] | np.ndarray) -> float:
    """The mean of those that are known, nan if none is."""
    known = [share for share in shares if not math.isnan(share)]
    return float(np.mean(known)) if known else math.nan
