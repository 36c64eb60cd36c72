"""Elements that come from elsewhere in any order, or never, put in order."""

import threading
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Generic
from typing import TypeVar

T = TypeVar("T")


def in_order(
    first: int,
    last: int,
    *,
    come: Callable[[int], Iterable[tuple[int, T]]],
    make: Callable[[int], T],
    held: int,
    patience: float,
    say: Callable[[str], None],
) -> Iterator[T]:
    """Yields the elements of the numbers first to last - 1, each once and in order.

    An element is a function of its number, whoever makes it. So one that does not come
    is made here: when one that is `held` numbers ahead of it has come, when nothing has
    come for so long as patience lasts, or when what comes has ended or failed.

    Args:
        first: the first number.
        last: the number after the last.
        come: from a number, what comes of the elements from there on, with their
            numbers, in any order; called in a thread, and again some time after what
            it gave has ended or failed and elements are still missing.
        make: makes an element here.
        held: how many numbers ahead of the next element may be held in memory.
        patience: in seconds.
        say: is told why elements are made here: of the first, and of others which so
            many as `held` have come before.
    """
    arrivals = _Arrivals(first, last, come, held, patience)
    last_made = first - held - 1
    try:
        for number in range(first, last):
            element, reason = arrivals.wait_for(number)
            if element is None:
                if number - last_made > held:
                    say(reason)
                last_made = number
                element = make(number)
            arrivals.advance(number + 1)
            yield element
    finally:
        arrivals.close()


class _Arrivals(Generic[T]):
    """Takes elements in a thread of its own, no more than it may hold."""

    def __init__(
        self,
        first: int,
        last: int,
        come: Callable[[int], Iterable[tuple[int, T]]],
        held: int,
        patience: float,
    ):
        self._next, self._last = first, last
        self._come, self._most, self._patience = come, held, patience
        self._held: dict[int, T] = {}
        self._problem = ""  # Why nothing is coming; empty while something may.
        self._at_door = first  # The last that came, which perhaps must not be held yet.
        self._heard = time.monotonic()
        self._changed = threading.Condition()
        # What it waits in may never return: it must not keep Python from ending.
        threading.Thread(target=self._take_all, daemon=True).start()

    def wait_for(self, number: int) -> tuple[T | None, str]:
        """An element, or None and the reason why it is not to be waited for."""
        with self._changed:
            while number not in self._held:
                if self._problem:
                    return None, self._problem
                if self._at_door >= number + self._most:
                    return None, "an element was lost on its way"
                left = self._heard + self._patience - time.monotonic()
                if left <= 0:
                    return None, f"nothing came for {self._patience:g} seconds"
                self._changed.wait(left)
            return self._held.pop(number), ""

    def advance(self, number: int) -> None:
        """Goes on to a number: those before it are of no use any more."""
        with self._changed:
            self._next = number
            self._changed.notify_all()

    def close(self) -> None:
        """Takes no more."""
        self.advance(self._last)

    def _take_all(self) -> None:
        while self._next < self._last:
            try:
                for number, element in self._come(self._next):
                    if not self._take(number, element):
                        return
                problem = "what came has ended"
            except Exception as error:  # Whatever it is, elements can be made here.
                problem = str(error)
            with self._changed:
                self._problem = problem
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._next == self._last, self._patience)
                self._problem, self._heard = "", time.monotonic()

    def _take(self, number: int, element: T) -> bool:
        """Holds an element, once it may; tells whether more are wanted."""
        with self._changed:
            self._at_door = number
            self._heard = time.monotonic()
            self._changed.notify_all()
            self._changed.wait_for(lambda: number < self._next + self._most)
            self._heard = time.monotonic()
            if number >= self._next:  # Else it was made here meanwhile.
                self._held[number] = element
            self._changed.notify_all()
            return self._next + len(self._held) < self._last
