"""Reading tables that spreadsheets write: CSV in several dialects, and .xlsx.

Excel separates columns by semicolons in locales with decimal commas. It also writes
UTF-16 with tabs ("Unicode text"), a first line `sep=;`, and rows of separators only.
"""

import codecs
import csv
import dataclasses
import io
import math
import re
import zipfile
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rankiqa_tf import archives

# Limits for .xlsx files. 10,000 photos with ten columns take 100,000 cells and 5 MB.
_MOST_CELLS = 5_000_000
_MOST_XML = 256 << 20

_SEPARATORS = ",;\t"
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # Start of .xlsx and .xls.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with a header. Spaces around cells are removed.

    Attributes:
        path: the file.
        header: the names of the columns, as written.
        rows: the place of each row, such as "scores.csv line 3", and its cells; rows
            without any value are left out.
        decimal_comma: whether a comma in a number is a decimal comma, because columns
            are not separated by commas.
    """

    path: Path
    header: list[str]
    rows: list[tuple[str, list[str]]]
    decimal_comma: bool = False

    def cells(
        self, places: Mapping[str, int]
    ) -> Iterator[tuple[str, dict[str, str | None]]]:
        """Yields the place of each row, and its cells in some columns, by name.

        A cell is None if the row is too short to have it.

        Args:
            places: the index of each column, by the name to give it.
        """
        for where, row in self.rows:
            yield (
                where,
                {
                    column: row[place] if place < len(row) else None
                    for column, place in places.items()
                },
            )

    def columns(
        self, aliases: Mapping[str, tuple[str, ...]], *, needed: tuple[str, ...]
    ) -> dict[str, int]:
        """Finds columns by their names, in any case, or by other names.

        Args:
            aliases: the other names of each column; they are used if there is no column
                with its own name.
            needed: the columns that must exist.

        Returns:
            The index of each column that exists.

        Raises:
            ValueError: if a needed column does not exist, or a column exists twice.
        """
        names = [re.sub(r"[\s_-]+", "_", name.lower()) for name in self.header]
        places: dict[str, int] = {}
        for column, others in aliases.items():
            there = [n for n, name in enumerate(names) if name == column]
            there = there or [n for n, name in enumerate(names) if name in others]
            if len(there) > 1:
                raise ValueError(
                    f"{self.path} has {len(there)} columns for {column}: "
                    f"{', '.join(self.header[n] for n in there)}; leave one"
                )
            if there:
                places[column] = there[0]
        if not set(needed) <= set(places):
            optional = [column for column in aliases if column not in needed]
            known = (
                f"{column} ({', '.join(aliases[column])})"
                for column in needed
                if aliases[column]
            )
            raise ValueError(
                f"{self.path} needs the columns {','.join(needed)}[,{optional[0]}]; "
                f"its first line is {','.join(self.header)!r}. Other names are known "
                f"for {' and '.join(known)}"
            )
        return places

    def number(self, text: str | None, what: str) -> float:
        """Converts a cell to a number, or raises a ValueError about `what`."""
        point = text.replace(",", ".") if text and self.decimal_comma else text
        found = number(point)
        if found is None:
            raise ValueError(f"{what} must be a number, not {text!r}")
        return found


def number(value: Any) -> float | None:
    """Converts a cell to a finite number; returns None if it is not one.

    Stricter than Python's float, which accepts `1_0` and the digits of all scripts.
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def read(path: Path) -> Table:
    """Reads a table: CSV in UTF-8 or UTF-16, or the first sheet of an .xlsx file.

    Columns are separated by commas, semicolons or tabs, whichever the header has most
    of, unless a line `sep=` before the header says otherwise.

    Raises:
        ValueError: if the file is missing or is not such a table, or a row has more
            values than there are columns.
    """
    if not path.is_file():
        raise ValueError(f"there is no CSV file {path}")
    contents = path.read_bytes()
    if contents.startswith(_OLE):
        raise ValueError(f"{path} is an old Excel file: save it as .xlsx or CSV")
    if contents.startswith(_ZIP):
        numbered = (
            (number, [_text(cell) for cell in row])
            for number, row in enumerate(first_sheet(path), start=1)
        )
        return _table(path, numbered, "row")
    text = decode(contents, path)
    separator = ","
    first, _, rest = text.partition("\n")
    if match := re.fullmatch(r"\"?sep=(.)\"?\s*", first):
        separator, text = match[1], rest
    else:
        separator = max(_SEPARATORS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    # Line numbers are those of the file, so the line `sep=` counts.
    skipped = 1 if match else 0
    try:
        numbered = ((lines.line_num + skipped, line) for line in lines)
        return _table(path, numbered, "line", decimal_comma=separator != ",")
    except csv.Error as error:
        raise ValueError(f"{path} is not a UTF-8 CSV file: {error}") from error


def decode(contents: bytes, path: Path) -> str:
    """Decodes text in UTF-8, or in UTF-16 with a byte-order mark.

    Raises:
        ValueError: if it is neither.
    """
    try:
        # utf-8-sig: spreadsheets write a byte-order mark before the first name.
        return contents.decode("utf-16" if contents.startswith(_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a UTF-8 CSV file: {error}") from error


def first_sheet(path: Path) -> list[tuple[Any, ...]]:
    """Reads the rows of the first sheet of an .xlsx file."""
    return next(iter(sheets(path).values()))


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Reads an .xlsx file: the rows of each sheet, by its name.

    Raises:
        ValueError: if it is not an .xlsx file, or is damaged.
    """
    # Imported here: every program imports this module, and few read a sheet.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with path.open("rb") as file:  # Given a path, openpyxl checks its ending.
            with zipfile.ZipFile(file) as archive:
                archives.check(archive)
                size = sum(entry.file_size for entry in archive.infolist())
            if size > _MOST_XML:
                raise ValueError(f"it has {size:,} bytes of text, which is no table")
            book = openpyxl.load_workbook(
                file, read_only=True, data_only=True, keep_links=False
            )
            return {sheet.title: _rows(sheet) for sheet in book.worksheets}
    except (
        *(zipfile.BadZipFile, InvalidFileException, SyntaxError),
        *(KeyError, OSError, TypeError, ValueError),
    ) as error:
        raise ValueError(f"{path.name} is not an Excel file: {error}") from error


def _rows(sheet: Any) -> list[tuple[Any, ...]]:
    """Returns the rows of a sheet, ignoring the size it claims, which may be false."""
    sheet.reset_dimensions()
    rows, cells = [], 0
    for row in sheet.iter_rows(values_only=True):
        cells += len(row)
        if cells > _MOST_CELLS:  # A row is as long as its last cell says.
            raise ValueError(f"a sheet has more than {_MOST_CELLS:,} cells")
        rows.append(row)
    return rows


def _table(
    path: Path,
    numbered: Iterator[tuple[int, list[str]]],
    unit: str,
    *,
    decimal_comma: bool = False,
) -> Table:
    full = (
        (number, [cell.strip() for cell in row])
        for number, row in numbered
        if any(cell.strip() for cell in row)
    )
    _, header = next(full, (1, []))
    rows = []
    for number, row in full:
        where = f"{path} {unit} {number}"
        if any(row[len(header) :]):  # Excel writes empty ones.
            raise ValueError(f"{where} has more values than columns")
        rows.append((where, row))
    return Table(path, header, rows, decimal_comma)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    # Excel has no whole numbers.
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell)
