"""What training takes its batches from."""

from typing import Protocol

import tensorflow as tf

Batch = dict[str, tf.Tensor]


class Batches(Protocol):
    """A source of batches that can start at any step."""

    size: int

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1."""
