"""Elements of a data set made side by side."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# From a first number, the number after the last, and what makes an element of a number,
# an int64 scalar: the elements, in the order of their numbers.
Maker = Callable[[int, int, Callable[[tf.Tensor], Any]], tf.data.Dataset]

AHEAD = 2  # Elements or batches that are made before they are asked for.


def of_numbers(
    first: int, last: int, make: Callable[[tf.Tensor], Any]
) -> tf.data.Dataset:
    """Makes the elements of the numbers first to last - 1, in this process."""
    return map_in_order(tf.data.Dataset.range(first, last), make)


def map_in_order(dataset: tf.data.Dataset, make: Callable) -> tf.data.Dataset:
    """Maps a data set on all cores, or 16; the result does not depend on their number.

    TensorFlow's tuner of numbers of threads and buffers is off for the whole pipeline.
    When an iterator ends, the tuner's thread is woken before it is told to end, and
    then often sleeps on, for up to a minute, and the program with it
    (benchmarks/autotune.md).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    # Without the tuner AUTOTUNE is one for each core the process may use, at most 16.
    made = dataset.map(make, tf.data.AUTOTUNE, deterministic=True)
    return made.with_options(options)
