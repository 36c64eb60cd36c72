"""A rising curve of straight pieces, such as from what a network learned to MOS."""

import dataclasses
from typing import Self

import numpy as np


@dataclasses.dataclass(frozen=True)
class Curve:
    """A function from x to y; the first and the last piece go on beyond the ends.

    Attributes:
        points: (x, y) of the corners, two or more; both rise from each to the next.
    """

    points: tuple[tuple[float, float], ...]

    def __call__(self, x: np.ndarray | float) -> np.ndarray:
        """Gives y at x, float64 of the same shape."""
        places, heights = np.transpose(self.points)
        piece = np.searchsorted(places, x) - 1
        piece = np.clip(piece, 0, len(self.points) - 2)
        return heights[piece] + self.slopes()[piece] * (x - places[piece])

    def slopes(self) -> np.ndarray:
        """Of the pieces, float64 [points - 1], more than 0."""
        places, heights = np.transpose(self.points)
        return np.diff(heights) / np.diff(places)

    def inverse(self) -> Self:
        """The curve from y to x."""
        return type(self)(tuple((y, x) for x, y in self.points))
