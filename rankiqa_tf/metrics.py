"""How well scores agree with opinion or with a known order.

All take one-dimensional arrays of equal length and return plain floats.
"""

import json
import math
from collections.abc import Callable
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import scipy.stats

Array = npt.ArrayLike


def srocc(scores: Array, opinions: Array) -> float:
    """Spearman's rank correlation, ties given their mean rank; nan if constant."""
    return _correlation(scipy.stats.spearmanr, scores, opinions)


def lcc(scores: Array, opinions: Array) -> float:
    """Pearson's linear correlation of the raw scores (Eq. 14); nan if constant."""
    return _correlation(scipy.stats.pearsonr, scores, opinions)


def krocc(scores: Array, opinions: Array) -> float:
    """Kendall's tau-b; nan if constant."""
    return _correlation(scipy.stats.kendalltau, scores, opinions)


def rmse(scores: Array, opinions: Array) -> float:
    """Root of the mean squared difference, in the unit of the opinions."""
    first, second = _checked(scores, opinions)
    return float(np.sqrt(np.mean((first - second) ** 2)))


# The four that the field reports, by the name each has in tables and files.
CORRELATIONS_AND_ERROR: Mapping[str, Callable[[Array, Array], float]] = (
    MappingProxyType({"srocc": srocc, "lcc": lcc, "krocc": krocc, "rmse": rmse})
)


def pair_accuracy(scores: Array, better: Array) -> float:
    """The share of pairs of known order whose scores are in it.

    Args:
        scores: [n], those of one photo under one distortion; higher is better. A tie
            counts as wrong.
        better: bool [n, n], true at (i, j) where i is known to be better than j.

    Returns:
        A share in 0..1; nan if no pair is known.
    """
    score, known = np.asarray(scores, float), np.asarray(better, bool)
    if known.shape != (score.size, score.size):
        raise ValueError(
            f"an order of {score.size} scores is needed, not one of shape {known.shape}"
        )
    if not known.any():
        return float("nan")
    return float((score[:, np.newaxis] > score[np.newaxis])[known].mean())


def to_json(figures: Mapping[str, float], *, indent: int | None = None) -> str:
    """Writes figures as a JSON object; nan, which JSON has not, becomes null."""
    known = {k: None if math.isnan(v) else v for k, v in figures.items()}
    return json.dumps(known, indent=indent)


def _correlation(function: Callable, scores: Array, opinions: Array) -> float:
    first, second = _checked(scores, opinions)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")  # As scipy does, without its warning.
    return float(function(first, second).statistic)


def _checked(scores: Array, opinions: Array) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(scores, float), np.asarray(opinions, float)
    if first.ndim != 1 or first.shape != second.shape or first.size < 2:
        raise ValueError(
            "two lists of the same length, at least 2, are needed, not shapes "
            f"{first.shape} and {second.shape}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("there is a score or an opinion that is not a finite number")
    return first, second
