"""Making the elements of a data set in parallel."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# Given a first number, one past the last, and a function that makes an element from a
# number (int64 scalar), returns the elements in order.
Maker = Callable[[int, int, Callable[[tf.Tensor], Any]], tf.data.Dataset]

AHEAD = 2  # Elements or batches to prefetch.


def of_numbers(
    first: int, last: int, make: Callable[[tf.Tensor], Any]
) -> tf.data.Dataset:
    """Makes the elements numbered first to last - 1 in this process."""
    return map_in_order(tf.data.Dataset.range(first, last), make)


def map_in_order(dataset: tf.data.Dataset, make: Callable) -> tf.data.Dataset:
    """Maps a data set using all cores, at most 16, with the same result for any number.

    TensorFlow's autotuner is turned off for the whole pipeline. When an iterator ends,
    the tuner's thread is woken before it is told to stop and then often goes back to
    sleep for up to a minute, blocking the program's exit (benchmarks/autotune.md).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    # With the tuner off, AUTOTUNE means one call per available core, at most 16.
    made = dataset.map(make, tf.data.AUTOTUNE, deterministic=True)
    return made.with_options(options)
