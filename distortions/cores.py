"""The processor cores that this process may use, and what is made on them."""

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
    """Counts them: those of the machine, or fewer where the system allows fewer."""
    if hasattr(os, "sched_getaffinity"):  # Linux only.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ahead(
    make: Callable[[T], R], items: Iterable[T], *, workers: int | None = None
) -> Iterator[R]:
    """Makes something of each item, in threads, a few ahead of what is asked for.

    Args:
        make: called in threads; what it raises is raised where its result is due.
        items: taken one by one, in the thread that asks for results.
        workers: how many threads; one for each core if None.

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
