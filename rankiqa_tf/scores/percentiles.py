"""How a score compares with those of a collection of photos."""

import bisect
from collections.abc import Sequence


def percentile(score: float, percentiles: Sequence[float]) -> int | None:
    """The share of a collection that a score is better than, in whole percent.

    Args:
        score: of a photo.
        percentiles: 101 rising scores, which 0, 1, ... 100 % of the collection stay
            below, or none.

    Returns:
        0 to 100, rounded down: where several of them are equal, the least; None where
        there are none.
    """
    if not percentiles:
        return None
    place = bisect.bisect_left(percentiles, score)
    if place < len(percentiles) and percentiles[place] == score:
        return place
    return max(place - 1, 0)
