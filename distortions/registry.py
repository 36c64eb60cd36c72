"""The parts of a preset: a table with one row per distortion."""

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

# What a row's levels say about quality. descending: a stronger level looks worse.
# pristine_first: every level looks worse than the photo, but people disagree with the
# order of the levels. unordered: nothing is known. Otherwise, the known pairs (better,
# worse) of levels, which also imply others: (0, 1) and (1, 2) imply (0, 2).
PolicyName = Literal["descending", "pristine_first", "unordered"]
Policy = PolicyName | tuple[tuple[int, int], ...]

# Parameters of a level: a number, or several if the function takes several.
Values = float | tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Row:
    """A distortion and the parameters of its levels.

    Attributes:
        number: number of the distortion in TID2013, None if TID2013 lacks it.
        name: unique in a preset.
        function: takes an image, its parameters, and `seed` if it is random. Preferably
            one made with `kinds.kind`, like all in this package.
        parameters: one entry per level, starting with level 1; tuples if the function
            takes several parameters.
        policy: what the levels say about quality.
        source: where the parameters come from.
        own_reach: how far the distortion looks; None to use its kind's reach or, if the
            function is not a kind, the whole photo.

    Raises:
        ValueError: if a level has the wrong number of parameters, or one out of range,
            or the policy is invalid.
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
        """Whether all levels of a photo use the same seed; see `Kind.events`."""
        kind = kind_of(self.function)
        return kind is not None and kind.events

    @property
    def graded(self) -> bool:
        """Whether strengths between the levels are possible and in order."""
        kind = kind_of(self.function)
        return self.policy == "descending" and kind is not None and not kind.static

    def arguments(self, level: int) -> dict[str, float]:
        """The function's parameters at a level of 1 or more, by name."""
        names = _parameter_names(self.function)
        return dict(zip(names, self._values(level), strict=True))

    def better(self) -> npt.NDArray[np.bool_]:
        """Returns the order of quality implied by the policy.

        Returns:
            bool [levels + 1, levels + 1], true at (i, j) if level i is known to look
            better than level j.
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
        for between in levels:  # Transitive closure (Warshall's algorithm).
            better |= np.outer(better[:, between], better[between])
        return better

    def at(self, strength: Scalar) -> "Setting":
        """Returns the distortion at a strength that need not be a whole level.

        Args:
            strength: 0 is the photo, a whole number a level; in between, parameters are
                interpolated as their `kinds.Parameter` says. A number or, in a graph, a
                scalar tensor.

        Raises:
            ValueError: if the strength is not between 0 and the number of levels, or
                not whole although the function is not a kind that supports that.
        """
        return Setting(self, strength)

    def distort(
        self, image: tf.Tensor, level: int, *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Distorts an image.

        Args:
            image: float32 [height, width, 3], in [0, 1].
            level: 0, which is the image itself, up to the number of levels.
            seed: integers [2], of which the lower 32 bits count, or a pair of ints;
                required if the row is random, otherwise ignored, so that all rows can
                be called alike. int64 is accepted because tf.data counts in int64.

        Returns:
            The distorted image, with the shape, dtype and range of `image`.

        Raises:
            ValueError: if there is no such level, the image is invalid, or the seed is
                missing or not a pair.
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
        """Distorts a box of an image, reading as little of the rest as possible.

        Args:
            image: float32 [height, width, 3], in [0, 1], the whole photo.
            level: as for `distort`.
            box: int32 [4]: top, left, height and width in pixels, within the photo.
            seed: as for `distort`.

        Returns:
            float32 [box's height, box's width, 3]. For a row that is not random,
            exactly the pixels of `distort`. A random row with a reach draws only what
            lies in the box: similar to `distort`, but not the same.

        Raises:
            ValueError: as for `distort`, or if the box is invalid.
        """
        return self.at(self._checked_level(level)).distort_box(image, box, seed=seed)

    def _values(self, level: int) -> tuple[float, ...]:
        values = self.parameters[level - 1]
        return values if isinstance(values, tuple) else (values,)

    def _checked_level(self, level: int) -> int:
        levels = range(len(self.parameters) + 1)
        if not isinstance(level, int | np.integer) or level not in levels:
            raise ValueError(
                f"{self.name} has the levels 0..{levels[-1]}, not {level}; for "
                "strengths in between use at(strength)"
            )
        return int(level)


@dataclasses.dataclass(frozen=True)
class Setting:
    """A row at a given strength, from `Row.at`.

    Attributes:
        row: the distortion.
        strength: 0 is the photo; levels and values between them.
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
                f"{self.row.name} has no strengths between its levels, such as "
                f"{strength}: its function must be made a kind of distortion, by "
                "distortions.kind"
            )
        object.__setattr__(self, "strength", strength)

    def arguments(self) -> dict[str, Scalar]:
        """The function's parameters by name: numbers, or tensors if strength is one.

        At strength 0 they leave the photo unchanged, or as nearly so as possible.
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
        if kind is None or kind.static:  # A branch per level: it takes numbers only.
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
        """Distorts a box of an image, as `Row.distort_box` does."""
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
    """Raises a ValueError if a policy is invalid for a number of levels."""
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
    """Adds a margin to a box, rounds out to the grid, and clips to the photo."""
    start = (box[:2] - margin) // grid * grid
    end = -(-(box[:2] + box[2:] + margin) // grid) * grid
    start, end = tf.maximum(start, 0), tf.minimum(end, sides)
    return tf.concat([start, end - start], 0)


@dataclasses.dataclass(frozen=True)
class Preset:
    """A named table of distortions, all with the same number of levels.

    Raises:
        ValueError: if there are no rows, two with the same name, or different numbers
            of levels.
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
        """Number of levels per distortion, excluding level 0, the image itself."""
        return len(self.rows[0].parameters)

    def better(self) -> npt.NDArray[np.bool_]:
        """The orders of all rows: bool [rows, levels + 1, levels + 1]."""
        return np.stack([row.better() for row in self.rows])

    def row(self, name: str) -> Row:
        """Returns the row with this name; otherwise a ValueError lists the names."""
        for row in self.rows:
            if row.name == name:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise ValueError(f"no distortion {name!r} in {self.name!r}; there are: {names}")
