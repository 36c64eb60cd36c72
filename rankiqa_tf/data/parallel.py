"""Things made side by side, in their order."""

import collections
import concurrent.futures
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TypeVar

import tensorflow as tf

from distortions import cores

T = TypeVar("T")
R = TypeVar("R")

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


def ahead(make: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Makes something of each item, in threads, a few ahead of what is asked for.

    Args:
        make: called in threads; what it raises is raised where its result is due.
        items: taken one by one, in the thread that asks for results.

    Yields:
        The results, in the order of the items.
    """
    workers = cores.available()
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    waiting: collections.deque[concurrent.futures.Future[R]] = collections.deque()
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
