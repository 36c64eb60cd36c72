"""What a preset is made of: a table of distortions, a row each."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Literal

import numpy as np
import tensorflow as tf

from distortions.reach import REACH
from distortions.reach import Reach

# What a row's levels say of quality. descending: a stronger level looks worse.
# pristine_first: every level looks worse than the photo, but people do not agree with
# the order of the levels. unordered: nothing can be said. Else the pairs (better,
# worse) of levels that are known, and with them all that follow: of (0, 1) and (1, 2)
# also (0, 2).
Policy = (
    Literal["descending", "pristine_first", "unordered"] | tuple[tuple[int, int], ...]
)

Parameter = float | tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Row:
    """A distortion and the parameters of its levels.

    Attributes:
        number: that of the distortion in TID2013, None if it has none there.
        name: unique in a preset.
        function: of this package; takes an image, its parameters, and `seed` too if it
            is random.
        parameters: one entry for each level, that of level 1 first; a tuple where the
            function takes several.
        policy: what the levels say of quality.
        source: where the parameters come from.
    """

    number: int | None
    name: str
    function: Callable[..., tf.Tensor]
    parameters: tuple[Parameter, ...]
    policy: Policy
    source: str

    @property
    def random(self) -> bool:
        """Whether the function takes a seed."""
        return "seed" in inspect.signature(self.function).parameters

    @property
    def reach(self) -> Reach | None:
        """How far the distortion looks; None if it needs the whole photo."""
        return REACH[self.function]

    def arguments(self, level: int) -> dict[str, float]:
        """The function's parameters at a level of 1 or more, by name."""
        parameter = self.parameters[level - 1]
        values = parameter if isinstance(parameter, tuple) else (parameter,)
        _, *names = inspect.signature(self.function).parameters
        return dict(zip(names, values, strict=False))  # The seed is not among them.

    def better(self) -> np.ndarray:
        """The order of quality that the policy says.

        Returns:
            bool [levels + 1, levels + 1], true at (i, j) where level i looks better
            than level j.
        """
        levels = np.arange(len(self.parameters) + 1)
        if self.policy == "descending":
            return levels[:, np.newaxis] < levels
        if self.policy == "pristine_first":
            return (levels[:, np.newaxis] == 0) & (levels > 0)
        better = np.zeros((len(levels), len(levels)), bool)
        if self.policy == "unordered":
            return better
        for pair in self.policy:
            better[pair] = True
        for between in levels:  # What follows from two pairs (Warshall's algorithm).
            better |= np.outer(better[:, between], better[between])
        return better

    def distort(
        self, image: tf.Tensor, level: int, *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Distorts an image.

        Args:
            image: float32 [height, width, 3], in [0, 1].
            level: 0, which is the image itself, up to the number of parameters.
            seed: integers [2], of which 32 bits count, or a pair of ints; needed if
                the row is random and unused if not, so that all rows can be called
                alike. tf.data counts in int64, and its seeds are that too.

        Returns:
            The distorted image, like `image` in shape, dtype and range.

        Raises:
            ValueError: if there is no such level, the image is no such tensor, or the
                seed is missing or no pair.
        """
        image = tf.convert_to_tensor(image)
        is_rgb = image.shape.is_compatible_with([None, None, 3])
        if image.dtype != tf.float32 or not is_rgb:
            raise ValueError(
                "image must be float32 [height, width, 3] in 0..1, "
                f"not {image.dtype.name} {image.shape}"
            )
        if level not in range(len(self.parameters) + 1):
            raise ValueError(
                f"{self.name} has the levels 0..{len(self.parameters)}, not {level}"
            )
        if self.random and (seed is None or np.shape(seed) != (2,)):
            raise ValueError(
                f"{self.name} is random: seed must be a pair of ints, not {seed}"
            )
        if level == 0:
            return image
        seeds = {"seed": tf.cast(seed, tf.int32)} if self.random else {}
        return self.function(image, *self.arguments(level).values(), **seeds)

    def distort_box(
        self,
        image: tf.Tensor,
        level: int,
        box: tf.Tensor,
        *,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Distorts what lies in a box, from as little of the photo as that takes.

        Args:
            image: float32 [height, width, 3], in [0, 1], the whole photo.
            level: as of `distort`.
            box: int32 [4]: top, left, height and width in pixels, within the photo.
            seed: as of `distort`.

        Returns:
            float32 [box's height, box's width, 3]: of a row that is not random, the
            very pixels that `distort` makes there. A random row with a reach draws
            what lies in the box alone, which is like `distort`'s but not the same.

        Raises:
            ValueError: as of `distort`.
        """
        window = box
        if level and self.reach:
            margin = self.reach.margin(*self.arguments(level).values())
            window = _widened(box, margin, self.reach.grid, tf.shape(image)[:2])
        elif level:
            window = tf.concat([[0, 0], tf.shape(image)[:2]], 0)
        distorted = self.distort(_cut(image, window), level, seed=seed)
        return _cut(distorted, tf.concat([box[:2] - window[:2], box[2:]], 0))


def _cut(image: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    part = tf.slice(
        image, tf.pad(box[:2], [[0, 1]]), tf.pad(box[2:], [[0, 1]], constant_values=3)
    )
    return tf.ensure_shape(part, [None, None, 3])


def _widened(box: tf.Tensor, margin: int, grid: int, sides: tf.Tensor) -> tf.Tensor:
    """A box with a margin, outward to the grid, and inward to the photo's edges."""
    start = (box[:2] - margin) // grid * grid
    end = -(-(box[:2] + box[2:] + margin) // grid) * grid
    start, end = tf.maximum(start, 0), tf.minimum(end, sides)
    return tf.concat([start, end - start], 0)


@dataclasses.dataclass(frozen=True)
class Preset:
    """A named table of distortions, each with the same number of levels."""

    name: str
    rows: tuple[Row, ...]
    source: str

    @property
    def num_levels(self) -> int:
        """How many levels a distortion has; level 0, the image itself, not counted."""
        return len(self.rows[0].parameters)

    def better(self) -> np.ndarray:
        """The orders of all rows: bool [rows, levels + 1, levels + 1]."""
        return np.stack([row.better() for row in self.rows])

    def row(self, name: str) -> Row:
        """Returns the row of this name; a ValueError lists those that there are."""
        for row in self.rows:
            if row.name == name:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise ValueError(f"no distortion {name!r} in {self.name!r}; there are: {names}")
