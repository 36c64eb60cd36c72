"""Do scores agree with people? A model's scores of photos against their MOS."""

import dataclasses
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from distortions import progress
from distortions.photo_header import PhotoError
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import metrics


@dataclasses.dataclass(frozen=True)
class OpinionScores:
    """The scores of photos and what people said of them.

    Attributes:
        photos: the photos.
        scores: float [photos]; higher is better.
    """

    photos: Sequence[ScoredPhoto]
    scores: np.ndarray

    def summary(self, prefix: str, *, on_scale: bool = True) -> dict[str, float]:
        """SROCC, LCC, KROCC and RMSE, as `<prefix>/srocc` and so on.

        They are taken on the raw scores, without a fitted logistic. Where photos have
        distortions and levels, there are SROCC and LCC of their `means` too, as
        `<prefix>/means/srocc` and so on.

        Args:
            prefix: what the names of the figures begin with.
            on_scale: whether the scores are on the scale of the opinions; if not, as
                of a model that was ranked only, there is no RMSE.
        """
        opinions = [photo.mos for photo in self.photos]
        figures = {
            f"{prefix}/{name}": metric(self.scores, opinions)
            for name, metric in metrics.CORRELATIONS_AND_ERROR.items()
            if on_scale or name != "rmse"
        }
        means = self.means()
        if len(means) > 1:
            figures[f"{prefix}/means/srocc"] = metrics.srocc(*means.T)
            figures[f"{prefix}/means/lcc"] = metrics.lcc(*means.T)
        return figures

    def means(self) -> np.ndarray:
        """Averages scores and MOS over the photos of each distortion and level.

        What is left is how kinds and levels of distortion compare; what each photo is
        like, and luck, are averaged out.

        Returns:
            Mean score and mean MOS, float64 [kinds and levels, 2], in the order of
            first appearance. Photos without a distortion or level are left out.
        """
        rows: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for photo, score in zip(self.photos, self.scores, strict=True):
            if photo.distortion is not None and photo.level is not None:
                key = photo.distortion, photo.level
                rows.setdefault(key, []).append((score, photo.mos))
        return np.reshape([np.mean(row, axis=0) for row in rows.values()], (-1, 2))


def check(
    score_many: Callable[[Iterable[Path]], Iterable[float | PhotoError]],
    photos: Sequence[ScoredPhoto],
) -> OpinionScores:
    """Scores photos whose opinion is known.

    Args:
        score_many: that of a `Model`, perhaps with other crops.
        photos: the photos.

    Raises:
        PhotoError: if a photo cannot be read.
    """
    scores = []
    each = score_many(photo.path for photo in photos)
    for score in progress.over(each, len(photos), "evaluate"):
        if isinstance(score, PhotoError):
            raise score
        scores.append(score)
    return OpinionScores(photos, np.array(scores))
