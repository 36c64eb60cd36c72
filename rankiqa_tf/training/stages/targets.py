"""The scale on which opinion scores are learned."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.models.curve import Curve

_CORNERS = 33  # Corners of the curve of ranks; more do not improve predictions.


def curve_of(photos: Sequence[ScoredPhoto], scale: str) -> Curve:
    """Returns the curve from targets to MOS, computed from the training photos.

    Args:
        photos: with MOS that are not all equal.
        scale: "raw": targets are MOS. "standard": MOS standardised to mean 0 and
            standard deviation 1, so that one learning rate and one margin fit any scale
            of MOS.
            "half_ranks": the mean of standardised MOS and standardised ranks of MOS,
            rescaled to a deviation of 1.

    SROCC is the LCC of ranks, so a squared error of ranks optimises SROCC, and a
    squared error of MOS optimises LCC and RMSE (regression on ranks: Conover and Iman,
    "Rank transformations as a bridge", The American Statistician 35(3), 1981). Where
    many MOS lie close together, half_ranks spreads them out.
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
    ranks = np.mean(below, 0)  # Equal MOS share their mean rank.
    targets = _standard(corners, corners, mos) + _standard(ranks, corners, mos)
    targets = _standard(targets, corners, mos)
    return Curve(tuple(zip(targets.tolist(), corners.tolist(), strict=True)))


def _standard(values: np.ndarray, corners: np.ndarray, mos: np.ndarray) -> np.ndarray:
    """Scales values at corners so that the MOS get mean 0 and deviation 1."""
    found = np.interp(mos, corners, values)
    return (values - found.mean()) / found.std()


def with_targets(photos: Sequence[ScoredPhoto], curve: Curve) -> list[ScoredPhoto]:
    """Replaces the photos' MOS with targets."""
    target = curve.inverse()
    return [dataclasses.replace(p, mos=float(target(p.mos))) for p in photos]
