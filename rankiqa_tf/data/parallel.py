"""Elements of a data set made side by side."""

from collections.abc import Callable

import tensorflow as tf

AHEAD = 2  # Elements or batches that are made before they are asked for.


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
