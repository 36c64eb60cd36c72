"""Formats of rows for writing and reading: a table for people, CSV, and JSON lines."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from typing import BinaryIO

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import scale as scale_lib
from rankiqa_tf.scores.rows import Row


@dataclasses.dataclass(frozen=True)
class Facts:
    """Facts that apply to all rows.

    Attributes:
        metadata: the model's.
        scored_by: identifies the model and settings that made the scores.
    """

    metadata: Metadata
    scored_by: str

    def columns(self) -> dict[str, Any]:
        """Returns them as extra columns, None where there is nothing to say."""
        scale = scale_lib.of_model(self.metadata)
        return {
            "scale_low": scale.low,
            "scale_high": scale.high,
            "scale_of": scale.of,
            "percentile_of": self.metadata.percentiles_of or None,
            "scored_by": self.scored_by,
        }


@dataclasses.dataclass(frozen=True)
class Format:
    """One row of the table of formats.

    Attributes:
        heading: text above all rows, including the line ending.
        line: text of a row, including the line ending.
        begins: what every file in this format starts with.
        read: yields for each row of a file its non-empty cells by name, and the offset
            in bytes at which it ends; an incomplete last row is left out. Raises
            ValueError if a row is not in this format. None if rows are for people only.
    """

    heading: Callable[[Facts], str]
    line: Callable[[Row, Facts], str]
    begins: bytes
    read: Callable[[BinaryIO], Iterator[tuple[Mapping[str, Any], int]]] | None


COLUMNS = (
    *(field.name for field in dataclasses.fields(Row)),
    "scale_low",
    "scale_high",
    "scale_of",
    "percentile_of",
    "scored_by",
)


# A name may contain characters that move a terminal's cursor or end the line.
_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


def _table_heading(facts: Facts) -> str:
    known = facts.metadata
    told = [known.direction, scale_lib.in_words(known)]
    better = ""
    if known.percentiles:
        better = "  better than"
        told.append(f"compared with {known.percentiles_of or 'a collection of photos'}")
    return f"{'score':>10}{better}  photo ({'; '.join(told)})\n"


def _table_line(row: Row, facts: Facts) -> str:
    score = "-" if row.score is None else f"{row.score:.4f}"
    better = ""
    if facts.metadata.percentiles:
        share = "-" if row.percentile is None else f"{row.percentile} %"
        better = f"{share:>12} "
    doubt = "!" if row.warning and row.score is not None else " "
    text = ": ".join(filter(None, (row.path, row.error or row.warning)))
    text = text.translate(_SHOWN)
    return f"{score:>10}{doubt}{better} {text}\n"


def _csv_text(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _csv_line(row: Row, facts: Facts) -> str:
    cells = dataclasses.asdict(row) | facts.columns()
    return _csv_text(cells[name] for name in COLUMNS)


def _read_csv(file: BinaryIO) -> Iterator[tuple[dict[str, str], int]]:
    end = 0

    def lines() -> Iterator[str]:
        nonlocal end
        for line in _whole_lines(file):
            end += len(line)
            yield line.decode()

    rows = csv.reader(lines(), strict=True)
    try:
        for number, cells in enumerate(rows):
            if len(cells) != len(COLUMNS):
                raise ValueError(f"its row {number} has {len(cells)} columns")
            if number:
                named = zip(COLUMNS, cells, strict=True)
                yield {name: cell for name, cell in named if cell}, end
            else:
                yield {}, end
    except csv.Error as error:
        # A name may contain a line ending inside quotation marks, so the last row may
        # have been cut off there.
        if file.read(1):
            raise ValueError(f"its line {rows.line_num} is not CSV: {error}") from error


def _json_line(row: Row, facts: Facts) -> str:
    found = dataclasses.asdict(row) | facts.columns()
    there = {name: value for name, value in found.items() if value not in ("", None)}
    return json.dumps(there) + "\n"


def _read_json(file: BinaryIO) -> Iterator[tuple[dict[str, Any], int]]:
    end = 0
    for number, line in enumerate(_whole_lines(file), start=1):
        end += len(line)
        try:
            cells = json.loads(line)
        except ValueError:
            cells = None
        if not isinstance(cells, dict):
            raise ValueError(f"its line {number} is not a JSON object")
        yield cells, end


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    return (line for line in file if line.endswith(b"\n"))


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "table": Format(_table_heading, _table_line, b"", None),
        "csv": Format(
            lambda _: _csv_text(COLUMNS),
            _csv_line,
            ",".join(COLUMNS).encode(),
            _read_csv,
        ),
        "jsonl": Format(lambda _: "", _json_line, b'{"path": ', _read_json),
    }
)


def of_name(path: str) -> str:
    """Returns the format implied by a file name's extension; table by default."""
    ending = Path(path).suffix.lower().removeprefix(".")
    return ending if ending in FORMATS else "table"
