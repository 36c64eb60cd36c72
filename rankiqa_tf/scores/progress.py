"""A line that tells how far a long run is: photos, photos a second and time left."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any
from typing import TextIO

_DELAY = 2.0  # Seconds before it is shown.


class Progress:
    """Counts photos; shows nothing by itself."""

    def advance(self) -> None:
        """Counts a photo that was scored."""

    def skip(self) -> None:
        """Takes a photo that need not be scored off those to come."""

    def beside(self, file: TextIO) -> contextlib.AbstractContextManager[object]:
        """Lets something be written to a file, which may be the same terminal."""
        del file
        return contextlib.nullcontext()


class _Line(Progress):
    def __init__(self, line: Any):
        self._line = line

    def advance(self) -> None:
        self._line.update()

    def skip(self) -> None:
        if self._line.total is not None:
            self._line.total -= 1

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
def shown(total: int | None) -> Iterator[Progress]:
    """Shows a line on the standard error, if that is a terminal.

    Args:
        total: photos to come; None where that is not known, and no time left is told.
    """
    if not sys.stderr.isatty():
        yield Progress()
        return
    try:
        import tqdm  # Not there where a TFLite file is all that scores.
    except ImportError:
        yield Progress()
        return
    with (
        # While photos are decoded, what is written to the standard error is listened
        # to, and comes late (distortions.decoder_warnings).
        os.fdopen(
            os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding
        ) as file,
        tqdm.tqdm(
            total=total,
            unit=" photos",
            delay=_DELAY,
            leave=False,
            dynamic_ncols=True,
            file=file,
        ) as line,
    ):
        yield _Line(line)
