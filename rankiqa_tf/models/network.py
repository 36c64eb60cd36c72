"""What is known of a network."""

import dataclasses
from collections.abc import Callable

import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """A row of the table of networks, or a network of your own.

    Attributes:
        crop_size: side of the square crops it is trained on, in pixels.
        smallest: the smallest side of images it takes; where the levels that were
            chosen fix the side (see the model's input_shape), that is `crop_size`.
        levels: names of what a score can be made of, first to last.
        weights: names of the pre-trained weights there are.
        files: endings of the weight files it takes.
        backbone: `backbone(weights=, levels=)` makes the model from images float32 [N,
            h, w, 3], in 0..1, to its last level, and its levels by name: each [N, h, w,
            c], or a vector [N, c]. `weights` is one of `weights`, the path of a file
            that ends as one of `files`, or None for random ones; `levels` are the names
            of those that will be used.
    """

    crop_size: int
    smallest: int
    levels: tuple[str, ...]
    weights: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    backbone: Callable[..., tuple[keras.Model, dict[str, keras.KerasTensor]]]
