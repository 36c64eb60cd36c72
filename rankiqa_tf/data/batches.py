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

    size: int  # Images in a batch.

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1."""
        ...

    def part(self, number: int, count: int) -> "Batches":
        """One of several equal parts of each batch, such as a machine's of several.

        Args:
            number: which, from 0; the parts follow each other in the batch.
            count: of how many; divides what a batch is drawn from.
        """
        ...

    def photos(self, number: int) -> Sequence[Path | str]:
        """The photos of a step, counted from 1, in the order of its images.

        Each stands for as many images: a file, or what a set of files calls it.
        """
        ...


def part_of(drawn: int, number: int, count: int) -> tuple[int, int]:
    """Where one of several equal parts of what a batch is drawn from begins and ends.

    Raises:
        ValueError: if it cannot be divided so.
    """
    if drawn % count:
        raise ValueError(
            f"a batch that is drawn from {drawn} cannot be divided into {count} parts"
        )
    return number * drawn // count, (number + 1) * drawn // count


def place(number: tf.Tensor, *, drawn: int, part: tuple[int, int]) -> tf.Tensor:
    """Where what a part draws stands among all that whole batches are drawn from.

    Args:
        number: int64 scalar; the part draws 0, 1, 2 and so on, batch after batch.
        drawn: how many a whole batch is drawn from.
        part: where the part begins and ends in it, from `part_of`.
    """
    begin, end = part
    own = end - begin
    return number // own * drawn + begin + number % own
