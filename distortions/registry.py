"""What a preset is made of: a table of distortions, a row each."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np
import tensorflow as tf

# What a row's levels say of quality. descending: a stronger level looks worse, so its
# images can be ranked. unordered: people do not see it so; its images are not ranked.
Policy = Literal["descending", "unordered"]


@dataclasses.dataclass(frozen=True)
class Row:
    """A distortion and the parameters of its levels.

    Attributes:
        number: that of the distortion in TID2013, None if it has none there.
        name: unique in a preset.
        function: takes an image and a parameter, and `seed` too if it is random.
        parameters: one for each level, that of level 1 first.
        policy: what the levels say of quality.
        source: where the parameters come from.
        random: whether the function takes a seed.
        pointwise: whether a pixel depends on that pixel alone, so that a crop may as
            well be cut before distorting, which is cheaper.
    """

    number: int | None
    name: str
    function: Callable[..., tf.Tensor]
    parameters: tuple[float, ...]
    policy: Policy
    source: str
    random: bool = False
    pointwise: bool = False

    def distort(
        self, image: tf.Tensor, level: int, *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Distorts an image.

        Args:
            image: float32 [height, width, 3], in [0, 1].
            level: 0, which is the image itself, up to the number of parameters.
            seed: int32 [2] or a pair of ints; needed if the row is random and unused
                if not, so that all rows can be called alike.

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
        seeds = {"seed": seed} if self.random else {}
        return self.function(image, self.parameters[level - 1], **seeds)


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

    def row(self, name: str) -> Row:
        """Returns the row of this name; a ValueError lists those that there are."""
        for row in self.rows:
            if row.name == name:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise ValueError(f"no distortion {name!r} in {self.name!r}; there are: {names}")
