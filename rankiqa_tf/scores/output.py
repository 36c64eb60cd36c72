"""Where rows go: a file, which a later call goes on with, or the standard output."""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import TextIO

from distortions import folder_lock
from distortions import program
from distortions import whole_file
from rankiqa_tf.scores.formats import Facts
from rankiqa_tf.scores.formats import Format
from rankiqa_tf.scores.rows import Row

_ENCODING = "utf-8"


@dataclasses.dataclass(frozen=True)
class Output:
    """What rows are written to.

    Attributes:
        file: open to write; what must stand above rows is in it.
        known: of photos that are in it already their rows, by `key`.
    """

    file: TextIO
    known: Mapping[str, Row]

    def row(self, path: Path) -> Row | None:
        """Gives the row of a photo that is in it already."""
        return self.known.get(key(path))


def key(path: str | Path) -> str:
    """What a path is known by: as files show it, bytes that are no text escaped."""
    text = str(path)
    escaped = text.encode(_ENCODING, program.ERRORS).decode()
    return text if escaped == text else escaped  # One text takes less memory than two.


@contextlib.contextmanager
def opened(
    path: Path | None, form: Format, facts: Facts, *, anew: bool
) -> Iterator[Output]:
    """Opens what rows are written to.

    Where a file of the same format is there, its rows are known, and rows are added to
    it; a last row that was half written is taken off first.

    Args:
        path: a file; None for the standard output.
        form: of the rows.
        facts: of the rows.
        anew: whether all rows will be written, and a file is to be replaced by them
            when that is done, as by a table ever.

    Raises:
        ValueError: if the file holds something else, or scores of another model or of
            other settings, or another run writes to it.
        OSError: if it cannot be read or written.
    """
    if path is None:
        sys.stdout.write(form.heading(facts))
        yield Output(sys.stdout, {})
        return
    if path.exists() and not path.is_file():  # A pipe or a device.
        with _text(path, "w") as file:
            file.write(form.heading(facts))
            yield Output(file, {})
        return
    path = path.resolve()
    with folder_lock.held_file(path), _opened(path, form, facts, anew=anew) as output:
        yield output


@contextlib.contextmanager
def _opened(path: Path, form: Format, facts: Facts, *, anew: bool) -> Iterator[Output]:
    whole_file.clear_beside(path)
    known, end = _read(path, form, facts.scored_by)
    if anew or form.read is None:  # A table is not read again.
        with whole_file.made_beside(path) as made, _text(made, "w") as file:
            file.write(form.heading(facts))
            yield Output(file, known)
        return
    with _text(path, "a") as file:
        file.truncate(end)
        if not end:
            file.write(form.heading(facts))
        yield Output(file, known)
        file.flush()
        os.fsync(file.fileno())


def _text(path: Path, mode: str) -> TextIO:
    # Names of files may hold bytes that are no UTF-8.
    found: Any = path.open(mode, encoding=_ENCODING, errors=program.ERRORS, newline="")
    return found


def _read(path: Path, form: Format, scored_by: str) -> tuple[dict[str, Row], int]:
    """Rows of a file by key, and where the last whole one ends, in bytes."""
    known: dict[str, Row] = {}
    end = 0
    if form.read is None or not path.exists():
        return known, end
    advice = "choose another output, or delete it to begin anew"
    try:
        with path.open("rb") as file:
            first = file.read(len(form.begins))
            if not form.begins.startswith(first):  # It may have been cut so early.
                raise ValueError(f"it begins with {first.decode(errors='replace')!r}")
            file.seek(0)
            for cells, place in form.read(file):
                end = place
                if not cells:
                    continue
                other = cells.get("scored_by")
                if other != scored_by:
                    raise ValueError(
                        f"its scores are of another model or of other settings, "
                        f"{other}, and those to come of {scored_by}"
                    )
                row = _row(cells)
                known[key(row.path)] = row
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be gone on with: {error}; {advice}") from error
    return known, end


def _row(cells: Mapping[str, Any]) -> Row:
    score, share = cells.get("score"), cells.get("percentile")
    return Row(
        cells["path"],
        None if score is None else float(score),
        None if share is None else int(share),
        cells.get("error", ""),
        cells.get("warning", ""),
    )
