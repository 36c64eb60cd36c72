"""The pairs of versions of photos that a model orders wrongly by the most."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.ndimage

from rankiqa_tf.evaluation.ranking_check import LevelScores


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two versions of a photo, of which the worse one has no lower score.

    Attributes:
        photo: which photo, counted from 0.
        kind: the name of the distortion.
        better: the level of the version that is known to look better.
        worse: the level of the other.
        scores: those of the better and of the worse one.
    """

    photo: int
    kind: str
    better: int
    worse: int
    scores: tuple[float, float]

    @property
    def excess(self) -> float:
        """By how much the worse one outscores the better one, 0 or more."""
        return self.scores[1] - self.scores[0]


def find(scores: LevelScores, *, count: int, a_kind: int = 2) -> list[Pair]:
    """Finds the pairs whose worse version outscores the better one by the most.

    Args:
        scores: of photos at every level.
        count: how many pairs at most.
        a_kind: how many of a distortion at most, so that one does not hide the others;
            of a photo under a distortion there is one.

    Returns:
        The pairs, the worst first; fewer where fewer are in the wrong order.
    """
    found = []
    for kind, (name, better) in enumerate(
        zip(scores.names, scores.better, strict=True)
    ):
        if not better.any():
            continue
        of_kind = []
        for photo, score in enumerate(scores.scores[:, kind]):
            excess = np.where(better, score[np.newaxis] - score[:, np.newaxis], -np.inf)
            # NaN has no order.
            excess = np.nan_to_num(excess, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
            first, second = np.unravel_index(excess.argmax(), excess.shape)
            if excess[first, second] >= 0:
                values = float(score[first]), float(score[second])
                of_kind.append(Pair(photo, name, int(first), int(second), values))
        of_kind.sort(key=lambda pair: -pair.excess)
        found += of_kind[:a_kind]
    found.sort(key=lambda pair: -pair.excess)
    return found[:count]


def difference_crops(
    pictures: Sequence[np.ndarray], *, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts the same place out of two pictures: where they differ most.

    Neither is resized: a distortion that is made smaller cannot be seen.

    Args:
        pictures: two of them, uint8 [h, w, 3], of one size.
        side: of what is cut out, in pixels; less where a picture is smaller.
    """
    first, second = (picture.astype(np.float32) for picture in pictures)
    differences = np.abs(first - second).mean(-1)
    height, width = (min(side, size) for size in differences.shape)
    around = scipy.ndimage.uniform_filter(differences, (height, width), mode="constant")
    inside = around[
        height // 2 : differences.shape[0] - (height - 1) // 2,
        width // 2 : differences.shape[1] - (width - 1) // 2,
    ]
    top, left = np.unravel_index(inside.argmax(), inside.shape)
    one, other = (
        picture[top : top + height, left : left + width] for picture in pictures
    )
    return one, other


def level_in_words(level: int) -> str:
    """What a version is called: the photo itself, or its level."""
    return "the photo itself" if level == 0 else f"level {level}"
