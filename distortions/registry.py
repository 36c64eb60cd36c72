"""What a preset is made of: a table of distortions, a row each."""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import get_args

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from distortions.kinds import Scalar
from distortions.kinds import checked_image
from distortions.kinds import checked_seed
from distortions.kinds import kind_of
from distortions.reach import Reach

# What a row's levels say of quality. descending: a stronger level looks worse.
# pristine_first: every level looks worse than the photo, but people do not agree with
# the order of the levels. unordered: nothing can be said. Else the pairs (better,
# worse) of levels that are known, and with them all that follow: of (0, 1) and (1, 2)
# also (0, 2).
PolicyName = Literal["descending", "pristine_first", "unordered"]
Policy = PolicyName | tuple[tuple[int, int], ...]

# A level's parameters: a number, or several where the function takes several.
Values = float | tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Row:
    """A distortion and the parameters of its levels.

    Attributes:
        number: that of the distortion in TID2013, None if it has none there.
        name: unique in a preset.
        function: takes an image, its parameters, and `seed` too if it is random; best
            one that `kinds.kind` made a kind of distortion, as all of this package.
        parameters: one entry for each level, that of level 1 first; a tuple where the
            function takes several.
        policy: what the levels say of quality.
        source: where the parameters come from.
        own_reach: how far the distortion looks; None for what its kind says, or of a
            function that is no kind, for the whole photo.

    Raises:
        ValueError: if a level has as many parameters as the function does not take, or
            one that is out of range, or the policy is none.
    """

    number: int | None
    name: str
    function: Callable[..., tf.Tensor]
    parameters: tuple[Values, ...]
    policy: Policy
    source: str
    own_reach: Reach | None = None

    def __post_init__(self) -> None:
        kind = kind_of(self.function)
        names = _parameter_names(self.function)
        for level in range(1, len(self.parameters) + 1):
            values = self._values(level)
            if len(values) != len(names):
                raise ValueError(
                    f"{self.name}: level {level} has the parameters {values}, but the "
                    f"function takes {', '.join(names) or 'none'}"
                )
            if kind:
                for name, value in zip(names, values, strict=True):
                    try:
                        kind.parameters[name].number(name, value)
                    except ValueError as error:
                        raise ValueError(
                            f"{self.name}, level {level}: {error}"
                        ) from None
        _check_policy(self.policy, self.name, len(self.parameters))

    @property
    def random(self) -> bool:
        """Whether the function takes a seed."""
        return "seed" in inspect.signature(self.function).parameters

    @property
    def reach(self) -> Reach | None:
        """How far the distortion looks; None if it needs the whole photo."""
        kind = kind_of(self.function)
        return self.own_reach or (kind.reach if kind else None)

    @property
    def shares_seed(self) -> bool:
        """Whether a photo's levels are made with one seed, as `Kind.events` says."""
        kind = kind_of(self.function)
        return kind is not None and kind.events

    @property
    def graded(self) -> bool:
        """Whether strengths between the levels can be made and are in order."""
        kind = kind_of(self.function)
        return self.policy == "descending" and kind is not None and not kind.static

    def arguments(self, level: int) -> dict[str, float]:
        """The function's parameters at a level of 1 or more, by name."""
        names = _parameter_names(self.function)
        return dict(zip(names, self._values(level), strict=True))

    def better(self) -> npt.NDArray[np.bool_]:
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

    def at(self, strength: Scalar) -> "Setting":
        """The distortion at a real strength.

        Args:
            strength: 0 is the photo, a whole number a level, and what lies between two
                levels has parameters between theirs, as their `kinds.Parameter` says.
                A number or, in a graph, a scalar tensor.

        Raises:
            ValueError: if the strength is not of 0 to the number of levels, or not a
                whole number where the function is no kind that can do with less.
        """
        return Setting(self, strength)

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
        return self.at(self._checked_level(level)).distort(image, seed=seed)

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
            ValueError: as of `distort`, or if the box is no such tensor.
        """
        return self.at(self._checked_level(level)).distort_box(image, box, seed=seed)

    def _values(self, level: int) -> tuple[float, ...]:
        values = self.parameters[level - 1]
        return values if isinstance(values, tuple) else (values,)

    def _checked_level(self, level: int) -> int:
        levels = range(len(self.parameters) + 1)
        if not isinstance(level, int | np.integer) or level not in levels:
            raise ValueError(
                f"{self.name} has the levels 0..{levels[-1]}, not {level}; what lies "
                f"between them is made by at(strength)"
            )
        return int(level)


@dataclasses.dataclass(frozen=True)
class Setting:
    """A row at a real strength, from `Row.at`.

    Attributes:
        row: the distortion.
        strength: 0 is the photo, then the levels and what lies between them.
    """

    row: Row
    strength: Scalar

    def __post_init__(self) -> None:
        if tf.is_symbolic_tensor(self.strength):
            return
        most = len(self.row.parameters)
        try:
            strength = float(self.strength)
        except (TypeError, ValueError):
            strength = math.nan
        if not 0 <= strength <= most:
            raise ValueError(
                f"{self.row.name} has strengths from 0 to {most}, not {self.strength}"
            )
        if strength != int(strength) and kind_of(self.row.function) is None:
            raise ValueError(
                f"{self.row.name} has nothing between its levels, such as {strength}: "
                "its function must be made a kind of distortion, by distortions.kind"
            )
        object.__setattr__(self, "strength", strength)

    def arguments(self) -> dict[str, Scalar]:
        """The function's parameters by name: numbers, or tensors of a tensor.

        At strength 0 they are those that leave the photo as it is, or nearest to that.
        """
        table = [self.row.arguments(n + 1) for n in range(len(self.row.parameters))]
        kind = kind_of(self.row.function)
        if kind is None:
            return table[int(self.strength) - 1] if self.strength else {}
        return {
            name: parameter.between([of[name] for of in table], self.strength)
            for name, parameter in kind.parameters.items()
        }

    def distort(self, image: tf.Tensor, *, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Distorts an image, as `Row.distort` does."""
        image = checked_image(image)
        seeds = {"seed": checked_seed(seed)} if self.row.random else {}
        if self._known and self.strength == 0:
            return image
        if self._known:
            return self.row.function(image, *self.arguments().values(), **seeds)
        kind = kind_of(self.row.function)
        if kind is None or kind.static:  # A branch a level, as it takes numbers only.
            levels = range(len(self.row.parameters) + 1)
            return tf.switch_case(
                tf.cast(self.strength, tf.int32),
                [
                    functools.partial(self.row.distort, image, level, seed=seed)
                    for level in levels
                ],
            )
        return tf.cond(
            self.strength > 0,
            lambda: self.row.function(image, *self.arguments().values(), **seeds),
            lambda: image,
        )

    def distort_box(
        self, image: tf.Tensor, box: tf.Tensor, *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Distorts what lies in a box, as `Row.distort_box` does."""
        if not tf.is_tensor(box) or box.dtype != tf.int32 or box.shape != [4]:
            raise ValueError(
                "box must be an int32 tensor [4] of top, left, height and width, not "
                f"{box!r}"
            )
        image = checked_image(image)
        if self._known and self.strength == 0:
            return _cut(image, box)
        window = tf.concat([[0, 0], tf.shape(image)[:2]], 0)
        if self.row.reach:
            margin = self.row.reach.margin_of(*self.arguments().values())
            window = _widened(box, margin, self.row.reach.grid, tf.shape(image)[:2])
        distorted = self.distort(_cut(image, window), seed=seed)
        return _cut(distorted, tf.concat([box[:2] - window[:2], box[2:]], 0))

    @property
    def _known(self) -> bool:
        return not tf.is_symbolic_tensor(self.strength)


def _parameter_names(function: Callable[..., tf.Tensor]) -> list[str]:
    _, *names = inspect.signature(function).parameters
    return [name for name in names if name != "seed"]


def _check_policy(policy: Any, name: str, num_levels: int) -> None:
    """Raises a ValueError if a policy is none for so many levels."""
    if policy in get_args(PolicyName):
        return
    levels = range(num_levels + 1)
    if isinstance(policy, tuple) and all(
        isinstance(pair, tuple)
        and len(pair) == 2
        and pair[0] in levels
        and pair[1] in levels
        for pair in policy
    ):
        return
    raise ValueError(
        f"{name}: policy must be {', '.join(get_args(PolicyName))} or pairs (better, "
        f"worse) of the levels 0..{num_levels}, not {policy!r}"
    )


def _cut(image: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    part = tf.slice(
        image, tf.pad(box[:2], [[0, 1]]), tf.pad(box[2:], [[0, 1]], constant_values=3)
    )
    return tf.ensure_shape(part, [None, None, 3])


def _widened(
    box: tf.Tensor, margin: tf.Tensor, grid: int, sides: tf.Tensor
) -> tf.Tensor:
    """A box with a margin, outward to the grid, and inward to the photo's edges."""
    start = (box[:2] - margin) // grid * grid
    end = -(-(box[:2] + box[2:] + margin) // grid) * grid
    start, end = tf.maximum(start, 0), tf.minimum(end, sides)
    return tf.concat([start, end - start], 0)


@dataclasses.dataclass(frozen=True)
class Preset:
    """A named table of distortions, each with the same number of levels.

    Raises:
        ValueError: if there are no rows, two of a name, or some of other levels.
    """

    name: str
    rows: tuple[Row, ...]
    source: str

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        if not names:
            raise ValueError(f"preset {self.name} has no rows")
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"preset {self.name} has two rows named {twice[0]}")
        for row in self.rows:
            if len(row.parameters) != self.num_levels:
                raise ValueError(
                    f"preset {self.name}: {row.name} has {len(row.parameters)} levels, "
                    f"but {names[0]} has {self.num_levels}"
                )

    @property
    def num_levels(self) -> int:
        """How many levels a distortion has; level 0, the image itself, not counted."""
        return len(self.rows[0].parameters)

    def better(self) -> npt.NDArray[np.bool_]:
        """The orders of all rows: bool [rows, levels + 1, levels + 1]."""
        return np.stack([row.better() for row in self.rows])

    def row(self, name: str) -> Row:
        """Returns the row of this name; a ValueError lists those that there are."""
        for row in self.rows:
            if row.name == name:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise ValueError(f"no distortion {name!r} in {self.name!r}; there are: {names}")
