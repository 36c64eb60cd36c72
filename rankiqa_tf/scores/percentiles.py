"""How a score compares with those of a photo collection."""

import bisect
from collections.abc import Sequence


def percentile(score: float, percentiles: Sequence[float]) -> int | None:
    """Returns the share of a collection that a score is better than, in whole percent.

    Args:
        score: of a photo.
        percentiles: 101 rising scores, the 0th, 1st, ... 100th percentile of the
            collection, or none.

    Returns:
        0 to 100, rounded down, the lowest if several percentiles are equal; None
        without percentiles.
    """
    if not percentiles:
        return None
    place = bisect.bisect_left(percentiles, score)
    if place < len(percentiles) and percentiles[place] == score:
        return place
    return max(place - 1, 0)
