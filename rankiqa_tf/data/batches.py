"""What training takes its batches from."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Protocol
from typing import Self

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


class Parted:
    """A base of sources that draw a batch, or a part of it, from numbered places.

    Args:
        size: images in a batch.
        drawn: how many places a batch is drawn from; each gives as many images.
    """

    def __init__(self, size: int, drawn: int):
        self.size = size
        self._drawn, self._part = drawn, (0, drawn)

    def part(self, number: int, count: int) -> Self:
        """One of several equal parts of each batch."""
        made = copy.copy(self)
        made._part = part_of(self._drawn, number, count)
        made.size = self.size // count
        return made

    @property
    def _own(self) -> int:
        """How many places of a batch are those of this part."""
        begin, end = self._part
        return end - begin

    def _place(self, number: tf.Tensor) -> tf.Tensor:
        """The place that is drawn from as this part's 0, 1, 2 and so on."""
        return place(number, drawn=self._drawn, part=self._part)

    def _places(self, step: int) -> list[tf.Tensor]:
        """The places of this part in a step, counted from 1."""
        before = (step - 1) * self._drawn
        begin, end = self._part
        return [tf.constant(before + each, tf.int64) for each in range(begin, end)]
