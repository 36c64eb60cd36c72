"""An increasing piecewise linear curve, for example from learning targets to MOS."""

import dataclasses
from typing import Self

import numpy as np


@dataclasses.dataclass(frozen=True)
class Curve:
    """A function from x to y; the first and last pieces extend beyond the ends.

    Attributes:
        points: (x, y) of two or more corners, both increasing from each to the next.
    """

    points: tuple[tuple[float, float], ...]

    def __call__(self, x: np.ndarray | float) -> np.ndarray:
        """Returns y at x, float64 of the same shape."""
        places, heights = np.transpose(self.points)
        piece = np.searchsorted(places, x) - 1
        piece = np.clip(piece, 0, len(self.points) - 2)
        return heights[piece] + self.slopes()[piece] * (x - places[piece])

    def slopes(self) -> np.ndarray:
        """Slopes of the pieces, float64 [points - 1], all positive."""
        places, heights = np.transpose(self.points)
        return np.diff(heights) / np.diff(places)

    def inverse(self) -> Self:
        """Returns the curve from y to x."""
        return type(self)(tuple((y, x) for x, y in self.points))
