"""A line on the terminal that tells how far a long task is and how long it still takes.

Where the standard error is no terminal, nothing is shown.
"""

import contextlib
import os
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import TextIO
from typing import TypeVar

if TYPE_CHECKING:
    import tqdm  # Not there where a TFLite file is all that scores.

T = TypeVar("T")

_DELAY = 2.0  # Seconds before the line of a task is shown.


class Progress:
    """Counts what is done; shows nothing by itself."""

    def advance(self, count: int = 1) -> None:
        """Counts what was done."""

    def skip(self, count: int = 1) -> None:
        """Takes what need not be done off what is to come."""

    def beside(self, file: TextIO) -> contextlib.AbstractContextManager[object]:
        """Lets something be written to a file, which may be the same terminal."""
        del file
        return contextlib.nullcontext()


class _Line(Progress):
    def __init__(self, line: Any):
        self._line = line

    def advance(self, count: int = 1) -> None:
        self._line.update(count)

    def skip(self, count: int = 1) -> None:
        if self._line.total is not None:
            self._line.total -= count

    @contextlib.contextmanager
    def beside(self, file: TextIO) -> Iterator[None]:
        if not file.isatty():
            yield
            return
        self._line.clear()
        yield
        if self._line.format_dict["elapsed"] >= _DELAY:
            self._line.refresh()


@contextlib.contextmanager
def shown(
    total: int | None, title: str = "", *, unit: str = "photos"
) -> Iterator[Progress]:
    """Shows a line while a task lasts, if it lasts longer than two seconds.

    Args:
        total: how much is to be done; None where that is not known, and no time left
            is shown.
        title: what is done, such as "score".
        unit: what is counted, in the plural.
    """
    if not sys.stderr.isatty():
        yield Progress()
        return
    try:
        import tqdm
    except ImportError:
        yield Progress()
        return
    with (
        _terminal() as file,
        tqdm.tqdm(
            desc=title or None,
            total=total,
            unit=f" {unit}",
            delay=_DELAY,
            leave=False,
            dynamic_ncols=True,
            file=file,
        ) as line,
    ):
        yield _Line(line)


def over(
    items: Iterable[T], total: int | None, title: str, *, unit: str = "photos"
) -> Iterator[T]:
    """Yields items, and shows how many were done: `shown` for a loop."""
    with shown(total, title, unit=unit) as line:
        for item in items:
            yield item
            line.advance()


@contextlib.contextmanager
def busy(title: str) -> Iterator[None]:
    """Shows what is being done while it lasts, where nothing can be counted.

    Args:
        title: what is done, such as "write model.tflite".
    """
    if not sys.stderr.isatty():
        yield
        return
    import tqdm

    with (
        _terminal() as file,
        tqdm.tqdm(bar_format=f"{title} ...", leave=False, file=file),
    ):
        yield


@contextlib.contextmanager
def bar(
    title: str, total: int, *, done: int = 0, unit: str = "images"
) -> "Iterator[tqdm.tqdm]":
    """Gives a tqdm for the main task of a program, which stays on the terminal.

    Where nothing is shown it counts all the same, and what is written beside it is
    written.

    Args:
        title: what is done.
        total: how much there is to do, with what is done already.
        done: how much was done before.
        unit: what is counted, in the plural.
    """
    import tqdm

    with (
        _terminal() if sys.stderr.isatty() else Path(os.devnull).open("w") as file,
        tqdm.tqdm(
            desc=title,
            total=total,
            initial=done,
            unit=f" {unit}",
            mininterval=0.5,
            dynamic_ncols=True,
            file=file,
        ) as line,
    ):
        yield line


@contextlib.contextmanager
def _terminal() -> Iterator[TextIO]:
    """The standard error's terminal, past what listens to the standard error.

    While photos are decoded, what is written there is listened to, and comes late
    (distortions.decoder_warnings).
    """
    with os.fdopen(
        os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding
    ) as file:
        yield file
