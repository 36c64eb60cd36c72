"""The scale that opinion scores are learned on."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.models.curve import Curve

_CORNERS = 33  # Of the curve of ranks; more do not predict better.


def curve_of(photos: Sequence[ScoredPhoto], scale: str) -> Curve:
    """The curve from targets to MOS, for photos to train on.

    Args:
        photos: with MOS that are not all equal.
        scale: "raw", for targets that are MOS; "standard", for deviations from their
            mean in standard deviations, so that one learning rate fits any scale of
            MOS, and one margin; "half_ranks", for the mean of that and of the ranks of
            MOS, standardised as well, brought to a deviation of 1.

    SROCC is the LCC of ranks, so that squared errors of ranks are what it counts, and
    squared errors of MOS are what LCC and RMSE count (regression on ranks: Conover and
    Iman, "Rank transformations as a bridge", The American Statistician 35(3), 1981).
    Where many MOS lie close together, half_ranks spreads them out.
    """
    if scale == "raw":
        return Curve(((0.0, 0.0), (1.0, 1.0)))
    mos = np.sort([photo.mos for photo in photos])
    if scale == "standard":
        return Curve(((0.0, mos.mean()), (1.0, mos.mean() + mos.std())))
    corners = np.unique(np.quantile(mos, np.linspace(0, 1, _CORNERS)))
    below = (
        np.searchsorted(mos, corners, "left"),
        np.searchsorted(mos, corners, "right"),
    )
    ranks = np.mean(below, 0)  # Equal MOS share the mean of their ranks.
    targets = _standard(corners, corners, mos) + _standard(ranks, corners, mos)
    targets = _standard(targets, corners, mos)
    return Curve(tuple(zip(targets.tolist(), corners.tolist(), strict=True)))


def _standard(values: np.ndarray, corners: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """Values at corners, with mean 0 and deviation 1 for the MOS between them."""
    found = np.interp(mos, corners, values)
    return (values - found.mean()) / found.std()


def with_targets(photos: Sequence[ScoredPhoto], curve: Curve) -> list[ScoredPhoto]:
    """Puts targets in the place of MOS."""
    target = curve.inverse()
    return [dataclasses.replace(p, mos=float(target(p.mos))) for p in photos]
