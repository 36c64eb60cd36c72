"""How well scores agree with opinion or with a known order.

Metrics take one-dimensional arrays of equal length and return plain floats.
"""

import json
import math
import warnings
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.special
import scipy.stats

Array = npt.ArrayLike
Floats = npt.NDArray[np.float64]


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


def logistic(scores: Array, b1: float, b2: float, b3: float, b4: float) -> Floats:
    """VQEG's four-parameter logistic, which maps scores to the scale of opinions.

    `(b1 - b2) / (1 + exp(-(score - b3) / |b4|)) + b2` (VQEG, Final report of phase II,
    2003): from b2 at low scores to b1 at high ones, half-way at b3, in a width of b4.

    Args:
        scores: [n].
        b1: what it comes to at high scores.
        b2: what it comes to at low scores.
        b3: the score in the middle.
        b4: the width, in the unit of the scores; not 0.

    Returns:
        float [n].
    """
    places = (np.asarray(scores, float) - b3) / abs(b4)
    return (b1 - b2) * scipy.special.expit(places) + b2


def fit_logistic(
    scores: Array, opinions: Array
) -> tuple[float, float, float, float] | None:
    """Fits `logistic` to opinions by least squares.

    Args:
        scores: [n], five or more for a fit.
        opinions: [n].

    Returns:
        b1 to b4; None where there are fewer points than five (four parameters go
        through four), where scores or opinions are constant, or where no fit was found.
        A fit may fall (b1 less than b2): it does not see that scores point the wrong
        way, SROCC does.
    """
    first, second = _checked(scores, opinions)
    if first.size < 5 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    # Both in units of their own, so that no scale makes the fit harder than another.
    (center, middle), (unit, spread) = (
        (f(first), f(second)) for f in (np.mean, np.std)
    )
    places, heights = (first - center) / unit, (second - middle) / spread
    ends = float(np.max(heights)), float(np.min(heights))
    if lcc(first, second) < 0:
        ends = ends[::-1]
    try:
        # Of a curve that is nearly straight, or a step, the covariance is not known or
        # overflows; it is not used here.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", scipy.optimize.OptimizeWarning)
            (b1, b2, b3, b4), _ = scipy.optimize.curve_fit(
                logistic,
                places,
                heights,
                p0=(*ends, 0.0, 0.5),
                jac=_logistic_slopes,
                # A finer one takes ten times as long where the curve is nearly
                # straight, and does not move LCC by 1e-5.
                ftol=1e-7,
                xtol=1e-7,
                maxfev=10_000,
            )
    except RuntimeError:
        return None
    if not np.isfinite((b1, b2, b3, b4)).all():
        return None
    return (
        float(b1 * spread + middle),
        float(b2 * spread + middle),
        float(b3 * unit + center),
        float(abs(b4) * unit),
    )


def lcc_logistic(scores: Array, opinions: Array) -> float:
    """Pearson's correlation after the fitted `logistic`, as VQEG reports it.

    nan where there is no fit (see `fit_logistic`), or the fit is constant.
    """
    parameters = fit_logistic(scores, opinions)
    if parameters is None:
        return float("nan")
    return lcc(logistic(scores, *parameters), opinions)


def interval(
    metric: Callable[[Array, Array], float],
    scores: Array,
    opinions: Array,
    *,
    groups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    count: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """The bootstrap's percentile interval of a metric (Efron 1979).

    Args:
        metric: such as `srocc`.
        scores: [n].
        opinions: [n].
        groups: the group of each photo, such as its reference. Whole groups are drawn
            with replacement: photos of one content are not independent, and an
            interval that takes them so is too narrow. If None, each photo is a group.
        confidence: the share of the distribution within, between 0 and 1.
        count: how many times to draw, 1 or more.
        seed: decides the draws, 0 or more.

    Returns:
        The lower and the upper end. Draws of which the metric is nan are left out; nan
        and nan if all are.

    Raises:
        ValueError: if an argument is out of its range, or there is not one group a
            photo.
    """
    first, second = _checked(scores, opinions)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    if count < 1:
        raise ValueError(f"count must be 1 or more draws, not {count}")
    if groups is not None and len(groups) != first.size:
        raise ValueError(
            f"there must be one group a photo, not {len(groups)} groups for "
            f"{first.size} photos"
        )
    places: dict[Hashable, list[int]] = {}
    for place, group in enumerate(range(first.size) if groups is None else groups):
        places.setdefault(group, []).append(place)
    members = [np.array(group) for group in places.values()]
    generator = np.random.Generator(np.random.PCG64(seed))
    found = []
    for _ in range(count):
        drawn = generator.integers(len(members), size=len(members))
        chosen = drawn  # Of groups of one photo each: the group's number is its place.
        if len(members) < first.size:
            chosen = np.concatenate([members[number] for number in drawn])
        # A single photo, drawn alone, has no metric.
        value = metric(first[chosen], second[chosen]) if chosen.size > 1 else math.nan
        if not math.isnan(value):
            found.append(value)
    if not found:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, (tail, 1 - tail))
    return float(low), float(high)


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


def _logistic_slopes(
    scores: Floats, b1: float, b2: float, b3: float, b4: float
) -> Floats:
    """The derivatives of `logistic` by b1 to b4, [n, 4]."""
    places = (scores - b3) / abs(b4)
    share = scipy.special.expit(places)
    slope = (b1 - b2) * share * (1 - share)
    return np.stack([share, 1 - share, -slope / abs(b4), -slope * places / b4], axis=1)


def _correlation(function: Callable[..., Any], scores: Array, opinions: Array) -> float:
    first, second = _checked(scores, opinions)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")  # As scipy does, without its warning.
    return float(function(first, second).statistic)


def _checked(scores: Array, opinions: Array) -> tuple[Floats, Floats]:
    first, second = np.asarray(scores, float), np.asarray(opinions, float)
    if first.ndim != 1 or first.shape != second.shape or first.size < 2:
        raise ValueError(
            "two lists of the same length, at least 2, are needed, not shapes "
            f"{first.shape} and {second.shape}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("there is a score or an opinion that is not a finite number")
    return first, second
