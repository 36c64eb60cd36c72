"""Where rows are written: standard output, or a file that a later call can continue."""

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
    """Where rows are written.

    Attributes:
        file: open for writing; the heading is already in it.
        known: the rows already in it, by `key`.
    """

    file: TextIO
    known: Mapping[str, Row]

    def row(self, path: Path) -> Row | None:
        """Returns the row of a photo that is already in the file."""
        return self.known.get(key(path))


def key(path: str | Path) -> str:
    """Returns a path as files show it, with bytes that are not text escaped."""
    text = str(path)
    escaped = text.encode(_ENCODING, program.ERRORS).decode()
    return text if escaped == text else escaped  # One string saves memory over two.


@contextlib.contextmanager
def opened(
    path: Path | None, form: Format, facts: Facts, *, anew: bool
) -> Iterator[Output]:
    """Opens the output for rows.

    If a file in the same format exists, its rows are read and new rows are appended; an
    incomplete last row is removed first.

    Args:
        path: a file; None for standard output.
        form: format of the rows.
        facts: facts that apply to all rows.
        anew: whether all rows will be written, replacing the file at the end; always
            the case for a table.

    Raises:
        ValueError: if the file contains something else, or scores made by another model
            or with other settings, or another run is writing to it.
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
    if anew or form.read is None:  # A table is never read back.
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
    # File names may contain bytes that are not UTF-8.
    found: Any = path.open(mode, encoding=_ENCODING, errors=program.ERRORS, newline="")
    return found


def _read(path: Path, form: Format, scored_by: str) -> tuple[dict[str, Row], int]:
    """Returns a file's rows by key, and the offset where the last whole one ends."""
    known: dict[str, Row] = {}
    end = 0
    if form.read is None or not path.exists():
        return known, end
    advice = "choose another output, or delete it to start over"
    try:
        with path.open("rb") as file:
            first = file.read(len(form.begins))
            if not form.begins.startswith(first):  # It may have been cut off here.
                raise ValueError(f"it begins with {first.decode(errors='replace')!r}")
            file.seek(0)
            for cells, place in form.read(file):
                end = place
                if not cells:
                    continue
                other = cells.get("scored_by")
                if other != scored_by:
                    raise ValueError(
                        "its scores were made by another model or with other "
                        f"settings, {other}, not {scored_by}"
                    )
                row = _row(cells)
                known[key(row.path)] = row
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be continued: {error}; {advice}") from error
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
