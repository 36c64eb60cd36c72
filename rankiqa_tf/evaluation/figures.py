"""Figures of methods on a data set: every metric, distortion and split, and of ALL."""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from distortions.presets.tid2013 import TID2013
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.published import ALL

METRICS: Mapping[str, Callable[[metrics.Array, metrics.Array], float]] = (
    MappingProxyType(
        {
            "srocc": metrics.srocc,
            "lcc": metrics.lcc,
            "lcc_logistic": metrics.lcc_logistic,
            "krocc": metrics.krocc,
            "rmse": metrics.rmse,
        }
    )
)
# Those that papers give for each distortion; an interval is taken of them.
MAIN_METRICS = ("srocc", "lcc")

_TID2013 = {row.name: f"#{row.number:02}" for row in TID2013.rows}
_LIVE = {
    "jpeg2000": "JP2K",
    "jpeg": "JPEG",
    "white_noise": "GN",
    "gaussian_blur": "GB",
    "fast_fading": "FF",
}
# What the paper's tables call distortions, in their order.
_TITLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "tid2013": _TID2013,
        "opinion_table": _TID2013,
        "live": _LIVE,
        "csiq": _LIVE,
        "live_md": _LIVE | {"blur_and_jpeg": "GB+JPEG", "blur_and_noise": "GB+GN"},
    }
)


def titles_of(dataset: str) -> Mapping[str, str]:
    """What the paper calls the distortions of a data set, in its tables' order.

    Returns:
        By name, such as JP2K, or #10 for those of TID2013; empty where the paper has
        not the data set.
    """
    return _TITLES.get(dataset.split(",")[0], {})


@dataclasses.dataclass(frozen=True)
class Figures:
    """What methods reach on a data set.

    Attributes:
        dataset: its name, as `datasets.choose` takes it; of a CSV, its file's name.
        results: the predictions that the figures were made of.
        columns: `ALL`, then the distortions, if there are any.
        values: by method, column and metric: one value a split, nan where there is
            none.
        intervals: by method and metric of MAIN_METRICS, of ALL: the ends; nan where
            there are none.
        unscaled: the methods whose scores are on another scale than the opinions, or
            on none, as a ranker's are; they have no RMSE.
    """

    dataset: str
    results: Mapping[str, tuple[OpinionScores, ...]]
    columns: tuple[str, ...]
    values: Mapping[tuple[str, str, str], tuple[float, ...]]
    intervals: Mapping[tuple[str, str], tuple[float, float]]
    unscaled: frozenset[str] = frozenset()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The distortions."""
        return self.columns[1:]

    def metrics_of(self, method: str) -> list[str]:
        """The metrics that mean something for a method."""
        left_out = ("rmse",) if method in self.unscaled else ()
        return [metric for metric in METRICS if metric not in left_out]

    def mean(self, method: str, metric: str, column: str = ALL) -> float:
        """The mean over the splits that have the figure; nan if none has."""
        return _mean(self.values[method, column, metric])

    def deviation(self, method: str, metric: str, column: str = ALL) -> float:
        """The standard deviation over splits (ddof=1); nan of fewer than two."""
        values = _known(self.values[method, column, metric])
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    def summary(self) -> dict[str, float]:
        """Figures by name: `<method>/<metric>`, its sd and interval, each distortion.

        Names are `rankiqa/srocc`, `rankiqa/srocc/sd`, `rankiqa/srocc/low`,
        `rankiqa/srocc/high` and `rankiqa/srocc/<distortion>`, this a mean.
        """
        return {
            f"{method}/{name}": value
            for method in self.results
            for name, value in self.of(method).items()
        }

    def of(self, method: str) -> dict[str, float]:
        """Figures of a method, named as in `summary` but for the method.

        Where there is one split, there is no sd; a method on no scale has no RMSE.
        """
        found = {}
        for metric in self.metrics_of(method):
            found[metric] = self.mean(method, metric)
            if len(self.results[method]) > 1:
                found[f"{metric}/sd"] = self.deviation(method, metric)
            if metric in MAIN_METRICS:
                ends = self.intervals[method, metric]
                found[f"{metric}/low"], found[f"{metric}/high"] = ends
            for column in self.kinds:
                found[f"{metric}/{column}"] = self.mean(method, metric, column)
        return found


def measure(
    results: Mapping[str, Sequence[OpinionScores]],
    *,
    dataset: str,
    unscaled: Collection[str] = (),
    draws: int = 1000,
    seed: int = 0,
) -> Figures:
    """Takes every metric of every method, distortion and split.

    The interval is the bootstrap's of the mean over splits: references are drawn with
    replacement from all that were held out, each with its photos in every split that
    holds it out, and a draw's mean over splits is that of the photos drawn. Splits are
    not drawn for themselves: a reference that several hold out, or all where the split
    is the official one, would count as so many different references.

    Args:
        results: by method, `baseline`, `rankiqa`, `rankiqa_ft` or another: the
            predictions for the held-out photos of each split, in the splits' order.
        dataset: the name of the data set.
        unscaled: the methods whose scores are not on the scale of the opinions.
        draws: how many times the bootstrap of the intervals draws, 1 or more.
        seed: decides its draws, 0 or more.

    Returns:
        The figures. Distortions are in the order of the paper's tables where it has
        the data set, and else as they come; photos without one count for ALL only.

    Raises:
        ValueError: if there is no method, or one without a split or photos, or if a
            distortion is called ALL.
    """
    kept = {method: tuple(splits) for method, splits in results.items()}
    if not kept:
        raise ValueError("there are no results: 1 or more methods are needed")
    for method, splits in kept.items():
        if not splits or not all(len(split.photos) for split in splits):
            raise ValueError(f"{method} has no split, or one without photos")
    columns = (ALL, *_distortions(kept, dataset))
    if ALL in columns[1:]:
        raise ValueError(f"a distortion must have another name than {ALL}")
    values = {
        (method, column, name): tuple(
            math.nan
            if name == "rmse" and method in unscaled
            else _figure(metric, *points(split, column))
            for split in splits
        )
        for method, splits in kept.items()
        for column in columns
        for name, metric in METRICS.items()
    }
    intervals = {
        (method, name): _interval(METRICS[name], splits, draws=draws, seed=seed)
        for method, splits in kept.items()
        for name in MAIN_METRICS
    }
    return Figures(dataset, kept, columns, values, intervals, frozenset(unscaled))


def points(split: OpinionScores, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Takes the scores and the opinions of a distortion, or of `ALL`: [n] each."""
    chosen = [
        place
        for place, photo in enumerate(split.photos)
        if column in (ALL, photo.distortion)
    ]
    opinions = np.array([split.photos[place].mos for place in chosen], float)
    return np.asarray(split.scores, float)[chosen], opinions


def _distortions(
    results: Mapping[str, tuple[OpinionScores, ...]], dataset: str
) -> list[str]:
    names = list(
        dict.fromkeys(
            photo.distortion
            for splits in results.values()
            for split in splits
            for photo in split.photos
            if photo.distortion is not None
        )
    )
    order = list(titles_of(dataset))
    names.sort(key=lambda n: order.index(n) if n in order else len(order))
    return names


def _figure(
    metric: Callable[[metrics.Array, metrics.Array], float],
    scores: np.ndarray,
    opinions: np.ndarray,
) -> float:
    return metric(scores, opinions) if len(scores) > 1 else math.nan


def _interval(
    metric: Callable[[metrics.Array, metrics.Array], float],
    splits: Sequence[OpinionScores],
    *,
    draws: int,
    seed: int,
) -> tuple[float, float]:
    """The bootstrap's 95 % interval of a metric's mean over splits; see `measure`."""
    photos = [photo for split in splits for photo in split.photos]
    references = [photo.reference for photo in photos]
    if len(set(references)) < 2:
        return math.nan, math.nan
    scores = np.concatenate([np.asarray(split.scores, float) for split in splits])
    opinions = np.array([photo.mos for photo in photos], float)
    numbers = range(len(splits))
    owners = np.repeat(numbers, [len(split.photos) for split in splits])

    def mean_over_splits(places: metrics.Array, _: metrics.Array) -> float:
        drawn = np.asarray(places, int)
        parts = [drawn[owners[drawn] == number] for number in numbers]
        return _mean([_figure(metric, scores[part], opinions[part]) for part in parts])

    # What is drawn are places in these lists; they go where scores are asked for.
    places = np.arange(len(photos))
    return metrics.interval(
        mean_over_splits, places, opinions, groups=references, count=draws, seed=seed
    )


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _mean(values: Sequence[float]) -> float:
    known = _known(values)
    return float(np.mean(known)) if known else math.nan
