"""The processor cores available to this process, and mapping in threads on them."""

import collections
import concurrent.futures
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def available() -> int:
    """Returns the number of cores: the machine's, or fewer if the system limits it."""
    if hasattr(os, "sched_getaffinity"):  # Linux only.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ahead(
    make: Callable[[T], R], items: Iterable[T], *, workers: int | None = None
) -> Iterator[R]:
    """Maps a function over items in threads, working a few items ahead.

    Args:
        make: called in threads; what it raises is raised where its result is due.
        items: consumed lazily, in the thread that asks for results.
        workers: number of threads; one per core if None.

    Yields:
        The results, in the order of the items.
    """
    workers = workers or available()
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
