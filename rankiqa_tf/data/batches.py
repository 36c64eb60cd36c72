"""Sources of batches for training."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Protocol
from typing import Self

import tensorflow as tf

# By name. `image` is uint8 [M, h, w, 3] in 0..255, or what a network takes instead of
# images: a tuple of tensors [M, ...].
Batch = dict[str, Any]


class Batches(Protocol):
    """A source of batches that can start at any step."""

    size: int  # Images in a batch.

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of steps first_step to last_step - 1."""
        ...

    def part(self, number: int, count: int) -> "Batches":
        """Returns one of several equal parts of each batch, such as one machine's.

        Args:
            number: which part, from 0; the parts follow each other in the batch.
            count: number of parts; divides the number of things a batch is drawn from.
        """
        ...

    def photos(self, number: int) -> Sequence[Path | str]:
        """Returns the photos of a step, counted from 1, in the order of its images.

        Each stands for an equal number of images: a file, or its name in a set of
        files.
        """
        ...


def part_of(drawn: int, number: int, count: int) -> tuple[int, int]:
    """Returns where one of several equal parts of a batch's draws starts and ends.

    Raises:
        ValueError: if a batch cannot be divided like that.
    """
    if drawn % count:
        raise ValueError(
            f"a batch that is drawn from {drawn} cannot be divided into {count} parts"
        )
    return number * drawn // count, (number + 1) * drawn // count


def place(number: tf.Tensor, *, drawn: int, part: tuple[int, int]) -> tf.Tensor:
    """Returns the position of a part's draw among the draws of whole batches.

    Args:
        number: int64 scalar; the part draws 0, 1, 2 and so on, batch after batch.
        drawn: how many draws make a whole batch.
        part: where the part starts and ends in a batch, from `part_of`.
    """
    begin, end = part
    own = end - begin
    return number // own * drawn + begin + number % own


class Parted:
    """Base class of sources that draw a batch, or part of it, from numbered places.

    Args:
        size: images in a batch.
        drawn: how many places a batch is drawn from; each gives equally many images.
    """

    def __init__(self, size: int, drawn: int):
        self.size = size
        self._drawn, self._part = drawn, (0, drawn)

    def part(self, number: int, count: int) -> Self:
        """Returns one of several equal parts of each batch."""
        made = copy.copy(self)
        made._part = part_of(self._drawn, number, count)
        made.size = self.size // count
        return made

    @property
    def _own(self) -> int:
        """How many places of a batch belong to this part."""
        begin, end = self._part
        return end - begin

    def _place(self, number: tf.Tensor) -> tf.Tensor:
        """Returns the place of this part's draw number 0, 1, 2 and so on."""
        return place(number, drawn=self._drawn, part=self._part)

    def _places(self, step: int) -> list[tf.Tensor]:
        """Returns the places of this part in a step, counted from 1."""
        before = (step - 1) * self._drawn
        begin, end = self._part
        return [tf.constant(before + each, tf.int64) for each in range(begin, end)]
