"""Several distortions in a row, each with its own strength."""

import dataclasses
import inspect
import itertools
import math
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import tensorflow as tf

from distortions import chance
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.kinds import kind_of
from distortions.reach import Reach
from distortions.registry import Row


def compose(
    name: str,
    rows: Sequence[Row],
    strengths: Sequence[tuple[float, ...]],
    *,
    source: str,
    number: int | None = None,
) -> Row:
    """Makes a row that applies several rows to a photo one after another.

    Args:
        name: of the new row.
        rows: in the order in which they happen, as in a camera: light, lens, sensor,
            file. Their functions have to be kinds of distortion.
        strengths: for each level, starting with level 1, a strength for each row
            (`Row.at`). 0 leaves a row out, and so do parameters that mean strength 0,
            such as a JPEG quality of 100.
        source: where the strengths come from.
        number: number of the distortion in TID2013, if it has one.

    Returns:
        A row with the parameters of all rows. Its order is partial: a level is better
        than another if it is better by at least one row and has the same strength in
        the others. By a row with descending levels, the smaller strength is better; by
        other rows, whatever their policy says about two levels.

    Raises:
        ValueError: if a level does not have a valid strength for each row, or a
            function is not a kind.
    """
    for level, of in enumerate(strengths, 1):
        if len(of) != len(rows):
            raise ValueError(
                f"{name}: level {level} has {len(of)} strengths, not {len(rows)}, one "
                f"for each of {', '.join(row.name for row in rows)}"
            )
    levels = [(0.0,) * len(rows), *strengths]
    return Row(
        number=number,
        name=name,
        function=_chained([row.function for row in rows], may_rest=True),
        parameters=tuple(
            tuple(
                value
                for row, strength in zip(rows, of, strict=True)
                for value in row.at(strength).arguments().values()
            )
            for of in strengths
        ),
        policy=tuple(
            (better, worse)
            for better, less in enumerate(levels)
            for worse, more in enumerate(levels)
            if _is_better(rows, less, more)
        ),
        source=source,
    )


def _is_better(
    rows: Sequence[Row], one: tuple[float, ...], other: tuple[float, ...]
) -> bool:
    """Whether one set of strengths is known to look better than another."""
    known = [
        _is_better_by(row, first, second)
        for row, first, second in zip(rows, one, other, strict=True)
        if first != second
    ]
    return bool(known) and all(known)


def _is_better_by(row: Row, one: float, other: float) -> bool:
    """Whether one strength of a row is known to look better than another."""
    if row.policy == "descending":
        return one < other
    levels = int(one), int(other)
    return levels == (one, other) and bool(row.better()[levels])


def chain(*functions: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Makes one kind of distortion out of several, applied one after another.

    Args:
        *functions: kinds of distortion, in order.

    Returns:
        A kind that takes the parameters of all of them in turn. Parameters with the
        same name are prefixed with their function's name, as in gaussian_blur_sigma,
        and numbered if that is not unique. A single random kind gets the seed itself;
        several get one each, derived from it.

    Raises:
        ValueError: if a function is not a kind, or there are none.
    """
    return _chained(functions, may_rest=False)


def _chained(
    functions: Sequence[Callable[..., tf.Tensor]], *, may_rest: bool
) -> Callable[..., tf.Tensor]:
    """Like `chain`; skips kinds whose parameters all equal `Parameter.none`."""
    parts = [_Part(function) for function in functions]
    if not parts:
        raise ValueError("there is nothing to compose")
    parameters = {
        name: dataclasses.replace(parameter, or_none=may_rest)
        for name, parameter in zip(
            _names(parts),
            (of for part in parts for of in part.kind.parameters.values()),
            strict=True,
        )
    }
    num_random = sum(part.random for part in parts)

    def composed(
        image: tf.Tensor, *values: tf.Tensor, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        several = num_random > 1
        seeds = iter(tf.unstack(chance.split(seed, num_random)) if several else [seed])
        for part, own in _shared_out(parts, values):
            own_seed = next(seeds) if part.random else None
            if may_rest:
                image = part.unless_at_rest(image, own, own_seed)
            else:
                image = part.applied(image, own, own_seed)
        return image

    composed.__name__ = "_then_".join(part.name for part in parts)
    # Its signature is only known here.
    composed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for name in ("image", *parameters)
        ]
        + [inspect.Parameter("seed", inspect.Parameter.KEYWORD_ONLY)] * bool(num_random)
    )
    return kind(
        reach=_reach(parts),
        events=any(part.kind.events for part in parts),
        static=any(part.kind.static for part in parts),
        **parameters,
    )(composed)


class _Part:
    """A kind of distortion that is part of a chain."""

    def __init__(self, function: Callable[..., tf.Tensor]):
        self.name = function.__name__
        kind = kind_of(function)
        if kind is None:
            raise ValueError(
                f"{self.name} cannot be composed: it must be made a kind of "
                "distortion, by distortions.kind"
            )
        self.kind = kind
        self.random = "seed" in inspect.signature(function).parameters
        self._function = function

    def applied(
        self, image: tf.Tensor, values: Sequence[Scalar], seed: tf.Tensor | None
    ) -> tf.Tensor:
        """Applies it to an image."""
        seeds = {"seed": seed} if self.random else {}
        return self._function(image, *values, **seeds)

    def unless_at_rest(
        self, image: tf.Tensor, values: Sequence[Scalar], seed: tf.Tensor | None
    ) -> tf.Tensor:
        """Applies it to an image, unless its parameters leave the image unchanged."""
        resting = [
            value == parameter.none
            for value, parameter in zip(
                values, self.kind.parameters.values(), strict=True
            )
        ]
        return tf.cond(
            tf.reduce_all(resting),
            lambda: image,
            lambda: self.applied(image, values, seed),
        )


def _names(parts: Sequence[_Part]) -> list[str]:
    """Returns unique names for all parameters, short where possible."""
    short = [name for part in parts for name in part.kind.parameters]
    long = [f"{part.name}_{name}" for part in parts for name in part.kind.parameters]
    names: list[str] = []
    for own, longer in zip(short, long, strict=True):
        name = own if short.count(own) == 1 else longer
        if long.count(longer) > 1:
            name = f"{longer}_{len(names) + 1}"
        names.append(name)
    return names


def _shared_out(
    parts: Sequence[_Part], values: Sequence[Scalar]
) -> Iterator[tuple[_Part, Sequence[Scalar]]]:
    """Splits all values into those of each part."""
    rest = iter(values)
    for part in parts:
        yield part, list(itertools.islice(rest, len(part.kind.parameters)))


def _reach(parts: Sequence[_Part]) -> Reach | None:
    """How far all together look; None if one of them needs the whole photo."""
    reaches = [part.kind.reach for part in parts if part.kind.reach]
    if len(reaches) < len(parts):
        return None

    def margin(*values: Scalar) -> tf.Tensor:
        so_far = tf.constant(0)
        own_values = (own for _, own in _shared_out(parts, values))
        for own, reach in zip(own_values, reaches, strict=True):
            further = reach.margin_of(*own)
            # Every pixel of a block that is read has to be right after the earlier
            # parts.
            block = reach.grid if reach.grid > 1 else 0
            so_far = tf.where(so_far > 0, so_far + block, 0) + further
        return so_far

    return Reach(margin, math.lcm(*(reach.grid for reach in reaches)))
