"""What training takes its batches from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Protocol

import tensorflow as tf

# By name. `image` is uint8 [M, h, w, 3] in 0..255, or what a network is given in place
# of images: a tuple of tensors [M, ...].
Batch = dict[str, Any]


class Batches(Protocol):
    """A source of batches that can start at any step."""

    size: int

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1."""

    def photos(self, number: int) -> Sequence[Path | str]:
        """The photos of a step, counted from 1, in the order of its images.

        Each stands for as many images: a file, or what a set of files calls it.
        """
