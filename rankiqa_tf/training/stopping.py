"""Stopping a run between two steps, so that it can be resumed later."""

import signal
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Stop = Callable[[], bool]


class Interrupted(Exception):  # noqa: N818 - not an error.
    """A run was told to stop, and has written a checkpoint."""


def never() -> bool:
    """Never stops a run."""
    return False


@contextmanager
def on_signals() -> Iterator[Stop]:
    """Yields a function that says whether Ctrl-C or SIGTERM came; main thread only.

    A second signal has its usual effect, for users who cannot wait for a step to end.
    """
    requests: list[int] = []
    before: dict[int, Any] = {}

    def request(number: int, frame: FrameType | None) -> None:
        del frame
        requests.append(number)
        signal.signal(number, before[number])

    for wanted in (signal.SIGINT, signal.SIGTERM):
        before[wanted] = signal.signal(wanted, request)
    try:
        yield lambda: bool(requests)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
