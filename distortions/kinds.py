"""Turns functions into kinds of distortion, with checked arguments and metadata.

    @kind(reach=Reach(radius), sigma=Parameter(none=0, above=0, unit="pixels"))
    def gaussian_blur(image: tf.Tensor, sigma: Scalar) -> tf.Tensor:

The wrapper checks the image, the parameters and the seed before the function is called,
and says what is wrong.
"""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from distortions.reach import Reach

# A parameter's value: a number, or in a graph a scalar known at run time.
Scalar: TypeAlias = float | tf.Tensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a kind: its valid values, and how it grows with strength.

    Attributes:
        none: the value that leaves the photo unchanged, or as nearly so as possible.
        least: minimum value.
        above: exclusive lower bound.
        most: maximum value.
        whole: whether it is a whole number.
        unit: its unit in error messages, such as pixels.
        log: whether equal steps of strength are equal ratios rather than differences.
        or_none: whether `none` is allowed even if it is out of range.
    """

    none: float
    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf
    whole: bool = False
    unit: str = ""
    log: bool = False
    or_none: bool = False

    def checked(self, name: str, value: Scalar) -> tf.Tensor:
        """Returns the value as a scalar tensor: int32 if it is whole, else float64.

        Raises:
            ValueError: if the value is known and invalid.
        """
        if tf.is_symbolic_tensor(value):
            return tf.cast(value, tf.int32 if self.whole else tf.float64)
        number = self.number(name, value)
        return tf.constant(number, tf.int32 if self.whole else tf.float64)

    def number(self, name: str, value: Scalar) -> float:
        """Returns the value as a Python number.

        Used when presets are imported, which may not create tensors.

        Raises:
            ValueError: as for `checked`.
        """
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        fits = self.least <= number <= self.most and number > self.above
        fits = fits or (self.or_none and number == self.none)
        if not fits or math.isinf(number) or (self.whole and number != int(number)):
            raise ValueError(f"{name} must be {self._values()}, not {value}")
        return int(number) if self.whole else number

    def between(self, levels: Sequence[float], strength: Scalar) -> Scalar:
        """Returns the value at a strength: from `none` at 0 to that of the last level.

        Between two levels on different sides of `none`, such as lighter and darker, it
        is on the side of the stronger one, with its distance from `none` interpolated.

        Args:
            levels: the values of the levels, starting with level 1.
            strength: 0 to the number of levels; a number or a scalar tensor.

        Returns:
            A number or a tensor: float64, or int32 if the parameter is whole.
        """
        high = np.array(levels, np.float64)
        low = np.array([self.none, *levels[:-1]], np.float64)
        log = (low > 0) & (high > 0) & self.log
        across = (low - self.none) * (high - self.none) < 0
        mirrored = 2 * self.none - low
        mirrored = np.where(log, self.none**2 / np.where(log, low, 1), mirrored)
        low = np.where(across, mirrored, low)
        ratio = np.where(log, low / np.where(log, high, 1), 1)
        table = np.stack([high, low, ratio, log], 1)  # A line segment below each level.
        if not tf.is_symbolic_tensor(strength):
            if strength == int(strength):
                return (self.none, *levels)[int(strength)]
            above = math.ceil(strength)
            value = _mixed(above - strength, *table[above - 1].tolist())
            return round(value) if self.whole else value
        level = tf.maximum(tf.cast(tf.math.ceil(strength), tf.int32), 1)
        rest = tf.cast(level, tf.float64) - tf.cast(strength, tf.float64)
        value = _mixed(rest, *tf.unstack(tf.gather(table, level - 1)))
        return tf.cast(tf.round(value), tf.int32) if self.whole else value

    def _values(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        bounds = [
            f"{words} {bound:g}{'' if self.whole else unit}"
            for words, bound in (
                ("more than", self.above),
                ("at least", self.least),
                ("at most", self.most),
            )
            if math.isfinite(bound)
        ]
        whole = [f"a whole number{' of' if unit else ''}{unit}"] if self.whole else []
        return ", ".join([*whole, *([" and ".join(bounds)] if bounds else [])]) or (
            "a finite number"
        )


def _mixed(
    rest: Scalar, high: Scalar, low: Scalar, ratio: Scalar, log: Scalar
) -> Scalar:
    """Interpolates by a fraction of a level, from `high` towards `low`."""
    return log * high * ratio**rest + (1 - log) * (high + rest * (low - high))


@dataclasses.dataclass(frozen=True)
class Kind:
    """Metadata of a kind of distortion.

    Attributes:
        parameters: by name, in the order in which the function takes them.
        reach: how far it looks; None if it needs the whole photo.
        events: whether its randomness consists of a few events, more of them at
            stronger levels. The levels of a photo then share a seed; with a new one for
            each, a weaker level would often be damaged more than a stronger one.
        static: whether its parameters must be Python numbers when a graph is built.
    """

    parameters: Mapping[str, Parameter]
    reach: Reach | None
    events: bool
    static: bool


def kind(
    *,
    reach: Reach | None = None,
    events: bool = False,
    static: bool = False,
    **parameters: Parameter,
) -> Callable[[Callable[..., tf.Tensor]], Callable[..., tf.Tensor]]:
    """Returns a decorator that turns a function of an image into a kind of distortion.

    Args:
        reach: how far it looks; None if it needs the whole photo.
        events: as for `Kind`.
        static: as for `Kind`. If true, the function receives Python numbers; otherwise
            scalar tensors, int32 for whole parameters and float64 for others.
        **parameters: the function's parameters in order, without the image.

    Returns:
        A decorator. The result is called like the function, and has an attribute
        `kind`, a `Kind`.

    Raises:
        TypeError: if the function has other parameters.
    """

    def decorate(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        signature = inspect.signature(function)
        _, *names = signature.parameters
        random = "seed" in names
        if [name for name in names if name != "seed"] != list(parameters):
            raise TypeError(
                f"{function.__name__} takes {names}, but {list(parameters)} are given"
            )

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> tf.Tensor:
            given = signature.bind(*args, **kwargs).arguments
            image = checked_image(given.pop("image"))
            seeds = {"seed": checked_seed(given.pop("seed"))} if random else {}
            values = [parameters[n].checked(n, value) for n, value in given.items()]
            if static:
                values = [_number_of(value, function.__name__) for value in values]
            return tf.ensure_shape(function(image, *values, **seeds), image.shape)

        guarded.kind = Kind(parameters, reach, events, static)  # type: ignore[attr-defined]
        return guarded

    return decorate


def _number_of(value: tf.Tensor, name: str) -> float:
    number = tf.get_static_value(value)
    if number is None:
        raise ValueError(f"{name} takes Python numbers only, not {value}")
    return number.item()


def kind_of(function: Callable[..., tf.Tensor]) -> Kind | None:
    """Returns a function's `Kind`; None if it was not decorated with `kind`."""
    return getattr(function, "kind", None)


def checked_image(image: Any) -> tf.Tensor:
    """Returns the image as a tensor, if it can be distorted.

    Args:
        image: float32 [height, width, 3], in [0, 1], with at least one pixel.

    Raises:
        ValueError: if it cannot; values are checked where they are known.
    """
    image = tf.convert_to_tensor(image)
    hint = ""
    if image.dtype == tf.uint8:
        hint = ": divide by 255, tf.cast(image, tf.float32) / 255"
    elif image.dtype != tf.float32:
        hint = ": tf.cast(image, tf.float32), if it is in 0..1"
    elif image.shape.rank == 4:
        hint = ": distort the images of a batch one by one, as tf.map_fn does"
    elif image.shape.rank == 2 or (image.shape.rank == 3 and image.shape[-1] == 1):
        hint = ": tf.image.grayscale_to_rgb takes [height, width, 1] to RGB"
    elif image.shape.rank == 3 and image.shape[-1] == 4:
        hint = ": lay RGBA over a background first, or drop alpha, image[..., :3]"
    if (
        image.dtype != tf.float32
        or not image.shape.is_compatible_with([None, None, 3])
        or (image.shape.rank and 0 in image.shape.as_list())
    ):
        raise ValueError(
            "image must be float32 [height, width, 3] in 0..1, "
            f"not {image.dtype.name} {image.shape}{hint}"
        )
    if not tf.is_symbolic_tensor(image):
        values = image.numpy()
        low, high = values.min(), values.max()
        if not (low >= 0 and high <= 1):
            hint = ""
            if np.isnan(low) or np.isnan(high):
                hint = ", NaN among them"
            elif high > 2 and low >= 0:
                hint = ": divide by 255, if white is 255"
            raise ValueError(f"image must be in 0..1, not in {low}..{high}{hint}")
    return tf.ensure_shape(image, [None, None, 3])


def checked_seed(seed: Any) -> tf.Tensor:
    """Returns the seed as int32 [2], keeping the lower 32 bits.

    Raises:
        ValueError: if it is not a pair of integers.
    """
    is_pair = seed is not None and np.shape(seed) == (2,)
    if not is_pair or not tf.convert_to_tensor(seed).dtype.is_integer:
        raise ValueError(f"seed must be a pair of ints, not {seed}")
    return tf.cast(seed, tf.int32)
