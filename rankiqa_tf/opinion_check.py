"""Do scores agree with people? A model's scores of photos against their MOS."""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from rankiqa_tf import metrics
from rankiqa_tf.data import decode
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


@dataclasses.dataclass(frozen=True)
class OpinionScores:
    """The scores of photos and what people said of them.

    Attributes:
        photos: the photos.
        scores: float [photos]; higher is better.
    """

    photos: Sequence[ScoredPhoto]
    scores: np.ndarray

    def summary(self, prefix: str) -> dict[str, float]:
        """SROCC, LCC, KROCC and RMSE, as `<prefix>/srocc` and so on.

        They are taken on the raw scores, without a fitted logistic; so RMSE means
        little for a model that was ranked only and knows no scale.
        """
        opinions = [photo.mos for photo in self.photos]
        return {
            f"{prefix}/{name}": metric(self.scores, opinions)
            for name, metric in metrics.CORRELATIONS_AND_ERROR.items()
        }


def check(
    score: Callable[[np.ndarray], float], photos: Sequence[ScoredPhoto]
) -> OpinionScores:
    """Scores photos whose opinion is known; `score` is a `scoring.Scorer`'s.

    Raises:
        decode.PhotoError: if a photo cannot be read.
    """
    scores = [score(decode.read_photo(photo.path)) for photo in photos]
    return OpinionScores(photos, np.array(scores))
