"""Putting elements in order that arrive in any order, or never."""

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
    """Yields the elements numbered first to last - 1, each once and in order.

    An element is a function of its number, whoever makes it. One that does not arrive
    is made here: once the element `held` numbers ahead of it has arrived, once nothing
    has arrived for `patience` seconds, or once the source has ended or failed.

    Args:
        first: the first number.
        last: one past the last number.
        come: given a number, returns the elements from there on as they arrive, with
            their numbers, in any order. Called in a thread; called again after a while
            if its result ended or failed while elements are missing.
        make: makes an element here.
        held: how many numbers ahead of the next element may be held in memory.
        patience: in seconds.
        say: called with the reason why elements are made here: for the first one, and
            again for one made after `held` others have arrived.
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
    """Receives elements in a thread of its own, holding a limited number of them."""

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
        self._problem = ""  # Why nothing is arriving; empty while something may.
        self._at_door = first  # The last to arrive; perhaps not held yet.
        self._heard = time.monotonic()
        self._changed = threading.Condition()
        # The thread may block forever, so it has to be a daemon to let Python exit.
        threading.Thread(target=self._take_all, daemon=True).start()

    def wait_for(self, number: int) -> tuple[T | None, str]:
        """Returns an element, or None and the reason not to wait for it."""
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
        """Moves on to a number and discards the elements before it."""
        with self._changed:
            self._next = number
            self._changed.notify_all()

    def close(self) -> None:
        """Stops receiving."""
        self.advance(self._last)

    def _take_all(self) -> None:
        while self._next < self._last:
            try:
                for number, element in self._come(self._next):
                    if not self._take(number, element):
                        return
                problem = "what came has ended"
            except Exception as error:  # In any case, elements can be made here.
                problem = str(error)
            with self._changed:
                self._problem = problem
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._next == self._last, self._patience)
                self._problem, self._heard = "", time.monotonic()

    def _take(self, number: int, element: T) -> bool:
        """Holds an element once there is room; returns whether more are wanted."""
        with self._changed:
            self._at_door = number
            self._heard = time.monotonic()
            self._changed.notify_all()
            self._changed.wait_for(lambda: number < self._next + self._most)
            self._heard = time.monotonic()
            if number >= self._next:  # Otherwise it has been made here in the meantime.
                self._held[number] = element
            self._changed.notify_all()
            return self._next + len(self._held) < self._last
