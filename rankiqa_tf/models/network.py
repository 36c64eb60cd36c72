"""The description of a network."""

import dataclasses
from collections.abc import Callable

import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """An available network, of this package or of your own.

    Attributes:
        crop_size: side of the square crops it is trained on, in pixels.
        smallest: smallest side of images it accepts; if the chosen levels fix the side
            (see the model's input_shape), that side is `crop_size`.
        levels: names of the levels a score can use, first to last.
        weights: names of the available pre-trained weights.
        files: extensions of the weight files it accepts.
        backbone: `backbone(weights=, levels=)` returns the Keras model, from images
            float32 [N, h, w, 3] in 0..1 to its last level, and a dict of its levels by
            name, each [N, h, w, c] or a vector [N, c]. `weights` is one of `weights`,
            the path of a file with one of the extensions in `files`, or None for random
            weights. `levels` are the names of the levels that will be used.
    """

    crop_size: int
    smallest: int
    levels: tuple[str, ...]
    weights: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    backbone: Callable[..., tuple[keras.Model, dict[str, keras.KerasTensor]]]
