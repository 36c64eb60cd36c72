"""Reading the files and tables in the folder of a data set."""

import csv
import os
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rankiqa_tf.datasets import table_file

_MOST_TOLD = 5  # Number of folders that a message names.


class DataFolder:
    """A folder with a data set, as its authors distribute it.

    Files are found whatever the case of their names: in several data sets the lists and
    the files disagree. Every error says where to get the data set.

    Args:
        path: the folder.
        title: the name of the data set, for messages.
        source: where to get it, an address or a command.

    Raises:
        ValueError: if there is no such folder.
    """

    def __init__(self, path: str | os.PathLike[str], *, title: str, source: str):
        self._root = Path(path)
        self._title = title
        self._source = source
        self._listings: dict[Path, dict[str, Path]] = {}
        self._looked_in = ""  # Where else a missing file was looked for.
        if not self._root.is_dir():
            raise self.error("there is no such folder")

    def containing(self, *names: str) -> "DataFolder":
        """Finds the data set in this folder, in one inside it, or in the one above.

        An archive often has a folder of its own at the top, and people often give the
        folder of the images.

        Args:
            names: files, as for `file`; the right folder contains one of them.

        Returns:
            The folder that contains one of them; or this folder if none does, in which
            case errors of `file` say where else it was looked for.

        Raises:
            ValueError: if several folders inside this one contain such a file.
        """
        if any(map(self.find, names)):
            return self
        inside = sorted(path for path in self._root.iterdir() if path.is_dir())
        found = [folder for path in inside if (folder := self._holding(path, names))]
        if len(found) > 1:
            places = " and ".join(folder._root.name for folder in found[:3])
            raise self.error(f"{places} both contain one: give the one to read")
        if not found:
            # A path such as "." does not contain the name of the folder above.
            absolute = Path(os.path.abspath(self._root))  # noqa: PTH100
            above = self._root.parent if self._root.name else absolute.parent
            found = [folder for folder in [self._holding(above, names)] if folder]
        if found:
            return found[0]
        told = ", ".join(path.name for path in inside[:_MOST_TOLD])
        more = ", ..." if len(inside) > _MOST_TOLD else ""
        folders = f"in the folders inside it ({told}{more})" if inside else ""
        places = " and ".join(filter(None, (folders, "in the one above it")))
        self._looked_in = f"; it was also looked for {places}"
        return self

    def _holding(self, path: Path, names: Sequence[str]) -> "DataFolder | None":
        """Returns another folder, if it can be read and contains one of the files."""
        folder = DataFolder(path, title=self._title, source=self._source)
        try:
            return folder if any(map(folder.find, names)) else None
        except PermissionError:  # Such as lost+found, at the top of a disk.
            return None

    def error(self, problem: str, *, source: str | None = None) -> ValueError:
        """Returns the error that says what is wrong with the folder.

        Args:
            problem: what is wrong.
            source: where to get what is missing, if that is not where the rest is.
        """
        places = f"{source}, the rest from {self._source}" if source else self._source
        return ValueError(
            f"{self._root} is not {self._title} as its authors distribute it: "
            f"{problem}; get it from {places}"
        )

    def file(self, name: str) -> Path:
        """Finds a file.

        Args:
            name: its path in the folder, with slashes, in any case.

        Returns:
            Its actual path.

        Raises:
            ValueError: if there is no such file.
        """
        found = self.find(name)
        if found is None:
            raise self.error(f"there is no file {name}{self._looked_in}")
        return found

    def find(self, name: str) -> Path | None:
        """Finds a file or folder, as `file` does, or returns None."""
        found: Path | None = self._root
        for part in name.split("/"):
            found = self._entry(found, part) if found else None
        return found

    def lines(self, name: str) -> Iterator[tuple[str, str]]:
        """Yields the place of each line of a text file that is not empty, and the line.

        Raises:
            ValueError: if the file is missing or not text in UTF-8.
        """
        for number, line in enumerate(self._text(name).splitlines(), start=1):
            if line.strip():
                yield f"{name} line {number}", line

    def csv_rows(
        self, name: str, columns: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Yields the place of each row of a CSV file, and its cells by column.

        Raises:
            ValueError: if the file is missing, is not UTF-8 or lacks one of these
                columns, or if a row lacks a value in one of them.
        """
        reader = csv.DictReader(self._text(name).splitlines())
        there = [column.strip() for column in reader.fieldnames or ()]
        if not set(columns) <= set(there):
            raise self.error(
                f"{name} needs the columns {', '.join(columns)}, and its first line is "
                f"{','.join(there)!r}"
            )
        reader.fieldnames = there
        for row in reader:
            where = f"{name} line {reader.line_num}"
            if any(not row[column] for column in columns):
                raise self.error(f"{where} is not complete")
            yield where, {column: row[column].strip() for column in columns}

    def arrays(self, name: str, *variables: str) -> list[np.ndarray]:
        """Reads variables of a MATLAB file as arrays, without axes of length 1.

        A cell array of texts becomes an array of str.

        Raises:
            ValueError: if the file is missing or broken, or has no such variable.
        """
        import scipy.io  # Takes time, and --help lists the data sets.

        path = self.file(name)
        try:
            there = scipy.io.loadmat(path, squeeze_me=True, variable_names=variables)
        # What SciPy raises for a file that is not MATLAB's, or is of version 7.3.
        except (
            ValueError,
            TypeError,
            NotImplementedError,
            OSError,
            scipy.io.matlab.MatReadError,
        ) as error:
            raise self.error(f"{name} is not a MATLAB file: {error}") from error
        for variable in variables:
            if variable not in there:
                raise self.error(f"{name} has no variable {variable}")
        return [np.atleast_1d(there[variable]) for variable in variables]

    def sheet(
        self, name: str, sheet: str | None, columns: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields the place of each row of an Excel sheet, and its cells by column.

        The table may be anywhere in the sheet: it begins below the first row that
        contains the names of all columns. Rows without a value in the first of these
        columns are left out.

        Args:
            name: the file.
            sheet: the name of the sheet; None for the first one.
            columns: the names of the columns.

        Raises:
            ValueError: if the file is missing or broken, or has no such sheet or table.
        """
        path = self.file(name)
        try:
            sheets = table_file.sheets(path)
        except ValueError as error:
            raise self.error(str(error)) from error
        sheet = sheet or next(iter(sheets), None)
        if sheet is None or sheet not in sheets:
            raise self.error(f"{name} has no sheet {sheet}")
        rows = sheets[sheet]
        titled = [row for row in rows if set(columns) <= set(row)]
        if not titled:
            raise self.error(
                f"sheet {sheet} of {name} has no row with the columns "
                f"{', '.join(columns)}"
            )
        places = {column: titled[0].index(column) for column in columns}
        first = rows.index(titled[0]) + 1
        for number, row in enumerate(rows[first:], start=first + 1):
            if row[places[columns[0]]] is not None:
                where = f"{name} row {number}"
                yield where, {column: row[places[column]] for column in columns}

    def number(self, value: Any, where: str) -> float:
        """Converts a cell to a finite number, or raises the error that says where."""
        number = table_file.number(value)
        if number is None:
            raise self.error(f"{where}: the score must be a number, not {value!r}")
        return number

    def _text(self, name: str) -> str:
        try:
            return self.file(name).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(f"{name} is not text in UTF-8: {error}") from error

    def _entry(self, folder: Path, name: str) -> Path | None:
        if folder not in self._listings:
            entries = sorted(folder.iterdir()) if folder.is_dir() else []
            self._listings[folder] = {
                # If names differ only in case, an exact match goes first.
                **{entry.name.lower(): entry for entry in entries},
                **{entry.name: entry for entry in entries},
            }
        listing = self._listings[folder]
        return listing.get(name) or listing.get(name.lower())
