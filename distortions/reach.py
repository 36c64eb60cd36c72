"""How far around a pixel a distortion looks at the photo.

A crop of a distorted photo can be made of a part of the photo where that is not far.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Reach:
    """The surroundings that a local distortion needs.

    Attributes:
        margin: pixels on each side, from the distortion's parameters, which are
            numbers or scalar tensors: a number or an int32 scalar.
        grid: side in pixels of the blocks that the distortion works in, counted from
            the photo's top left corner; 1 if it has none.
    """

    margin: Callable[..., int | tf.Tensor]
    grid: int = 1

    @tf.autograph.experimental.do_not_convert  # Of a lambda it may find no source.
    def margin_of(self, *values: float | tf.Tensor) -> tf.Tensor:
        """The margin at a distortion's parameters, int32 scalar."""
        return tf.cast(self.margin(*values), tf.int32)


# The value of a pixel alone decides.
POINTWISE = Reach(margin=lambda *_: 0)
