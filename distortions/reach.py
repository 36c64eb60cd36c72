"""How far around a pixel a distortion looks at the photo.

If that is not far, a crop of a distorted photo needs only part of the photo.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Reach:
    """The surroundings that a local distortion needs.

    Attributes:
        margin: from the distortion's parameters, numbers or scalar tensors, to the
            number of pixels on each side: a number or an int32 scalar.
        grid: side in pixels of the blocks the distortion works in, counted from the
            photo's top left corner; 1 if it has none.
    """

    margin: Callable[..., int | tf.Tensor]
    grid: int = 1

    @tf.autograph.experimental.do_not_convert  # Of a lambda it may find no source.
    def margin_of(self, *values: float | tf.Tensor) -> tf.Tensor:
        """Returns the margin for a distortion's parameters, int32 scalar."""
        return tf.cast(self.margin(*values), tf.int32)


# Each output pixel depends only on the same input pixel.
POINTWISE = Reach(margin=lambda *_: 0)
