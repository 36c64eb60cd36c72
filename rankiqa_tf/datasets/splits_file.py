"""Reading splits from JSON files and from tables such as pyiqa's, and writing them."""

import dataclasses
import json
import os
import re
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distortions import whole_file
from rankiqa_tf.datasets import splits as splits_lib
from rankiqa_tf.datasets import table_file
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import References

_TABLES = (".csv", ".tsv", ".xlsx")
_PICKLES = (".pkl", ".pickle")
_PARTS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "validation": "validation",
    "test": "held_out",
    "held_out": "held_out",
}
_FORM = (
    'it must be {"splits": [{"training": [names], "held_out": [names]}, ...]}, as the '
    "splits.json that a benchmark writes, or a CSV file with a column of file names "
    "and a column for each split, as pyiqa's meta_info files"
)
_IMAGE = ("img_name", "dist_name", "image_name", "filename", "file_name", "dist_img")
_MOST_PARTS = 4  # Of a path that a table may give.


def write(path: str | os.PathLike[str], splits: Sequence[References]) -> None:
    """Writes splits to a JSON file, so that `read` gives them back."""
    text = json.dumps({"splits": [dataclasses.asdict(split) for split in splits]})
    whole_file.write(Path(path), f"{text}\n".encode())


def read(
    path: str | os.PathLike[str], photos: Sequence[ScoredPhoto]
) -> list[References]:
    """Reads splits from a JSON file or a table and checks that they fit these photos.

    A JSON file is `{"splits": [{"training": [names], "held_out": [names]}, ...]}`; a
    split may also have "validation", and train, val and test are other names of the
    parts. A name is the name of a reference, or of the file of a photo.

    A table, a CSV or .xlsx file, is one of pyiqa's meta_info files or like them: a
    column of file names, such as img_name, and for each split a column whose name has
    "split" in it, with train, val or test in each row. Rows of images that are not
    among the photos are skipped. If no row is test, val is the held-out part, as in
    pyiqa's splits in two.

    pyiqa's older .pkl files are refused: opening a pickle can run code, and the row
    numbers in it mean nothing without the meta_info file.

    Args:
        path: the file.
        photos: the photos of the data set.

    Returns:
        The splits, one or more.

    Raises:
        ValueError: if the file is missing or has another form, if a reference is on
            both sides, or if the references are not those of the photos.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file of splits {path}")
    names = _Names(photos)
    is_table = path.suffix.lower() in _TABLES
    entries = _columns(path, names) if is_table else _entries(path)
    if not entries:
        raise ValueError(f"{path} has no split; 1 or more are needed")
    splits = []
    for what, entry in entries.items():
        try:
            split = _split(entry, names)
            splits_lib.check(split, photos)
        except ValueError as error:
            raise ValueError(f"{path}, {what}: {error}") from error
        splits.append(split)
    return splits


class _Names:
    """Finds references by their own names and by the names of files."""

    def __init__(self, photos: Iterable[ScoredPhoto]):
        # By the ends of paths, such as jpeg/img1.bmp; several if the end is ambiguous.
        self._by_file: dict[str, set[str]] = {}
        self._references = set()
        for photo in photos:
            self._references.add(photo.reference)
            parts = photo.path.as_posix().lower().split("/")[-_MOST_PARTS:]
            for first in range(len(parts)):
                end = "/".join(parts[first:])
                self._by_file.setdefault(end, set()).add(photo.reference)

    def reference(self, name: str) -> str:
        """Returns the reference that a name stands for, or else the name itself.

        Raises:
            ValueError: if it is the name of photos of several references.
        """
        if name in self._references:
            return name
        found = self.of_file(name)
        return name if found is None else found

    def of_file(self, name: str) -> str | None:
        """Returns the reference of the photo in a file, or None; as `reference`."""
        end = name.replace("\\", "/").lower().removeprefix("./")
        found = self._by_file.get(end, set())
        if len(found) > 1:
            raise ValueError(
                f"{len(found)} photos are called {name}: give their folders too, as in "
                f"jpeg/{name}"
            )
        return next(iter(found), None)


def _entries(path: Path) -> dict[str, Any]:
    """Reads a JSON file: its splits, still unchecked, by their names in messages."""
    contents = path.read_bytes()
    if path.suffix.lower() in _PICKLES or contents.startswith(b"\x80"):
        raise ValueError(
            f"{path} is a pickle, which is not opened, because that can run code: if "
            "it is pyiqa's, give the data set's meta_info CSV file instead, which has "
            f"the same splits in columns; else write the names to a file: {_FORM}"
        )
    try:
        found = json.loads(contents.decode())
        if isinstance(found, dict) and "splits" in found:
            found = found["splits"]
        elif isinstance(found, dict) and found and _PARTS.keys().isdisjoint(found):
            found = [*found.values()]  # As in {"1": {"train": [...], ...}, "2": ...}.
        if not isinstance(found, list) or not all(isinstance(e, dict) for e in found):
            raise TypeError("it has no list of splits")
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path} is not a JSON file of splits ({error}): {_FORM}"
        ) from error
    return {f"split {number}": entry for number, entry in enumerate(found, start=1)}


def _columns(path: Path, names: _Names) -> dict[str, dict[str, list[str]]]:
    """Reads a table: by column, the references in each part.

    Raises:
        ValueError: if the file is not such a table, or none of its rows is a photo of
            the data set.
    """
    table = table_file.read(path)
    header = {name.lower(): place for place, name in enumerate(table.header)}
    image = next((header[name] for name in ("image", *_IMAGE) if name in header), None)
    columns = [name for name in table.header if "split" in name.lower()]
    if image is None or not columns:
        lacks = "split in its name" if columns == [] else f"the name {_IMAGE[0]}"
        raise ValueError(
            f"{path} is no table of splits: it has no column with {lacks}, its first "
            f"line is {','.join(table.header)!r}; {_FORM}"
        )
    kinds = {re.sub(r"_?\d+$", "", column): None for column in columns}
    if len(kinds) > 1:
        raise ValueError(
            f"{path} has splits of {len(kinds)} kinds, {', '.join(kinds)}: keep the "
            "columns of one"
        )
    places = {column: table.header.index(column) for column in columns}
    found: dict[str, dict[str, list[str]]] = {column: {} for column in columns}
    matched = False
    for where, cells in table.cells({"image": image, **places}):
        try:
            reference = names.of_file(cells["image"] or "")
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        if reference is None:
            continue
        matched = True
        for column in columns:
            if part := cells[column]:
                found[column].setdefault(part, []).append(reference)
    if not matched:
        first = table.rows[0][1][image] if table.rows else "none"
        raise ValueError(
            f"none of the {len(table.rows)} images of {path} is in the data set, the "
            f"first being {first}; it has the splits of other data"
        )
    for parts in found.values():
        if "test" not in parts and "val" in parts:
            parts["test"] = parts.pop("val")
    return found


def _split(entry: Mapping[str, Any], names: _Names) -> References:
    """Makes a split from the names of references or files in its parts."""
    parts: dict[str, list[str]] = {}
    for part, given in entry.items():
        if part not in _PARTS:
            raise ValueError(f"{part!r} is not a part of a split: {_FORM}")
        if not isinstance(given, list) or not all(isinstance(n, str) for n in given):
            numbers = "numbers, which are row numbers of some other list"
            rows = isinstance(given, list) and any(isinstance(n, int) for n in given)
            wrong = numbers if rows else "something other than a list of texts"
            raise ValueError(f"{part} has {wrong}: {_FORM}")
        # Of files, many have one reference.
        found = dict.fromkeys(map(names.reference, given))
        parts[_PARTS[part]] = [*found]
    if not {"training", "held_out"} <= parts.keys():
        raise ValueError(f"it has the parts {', '.join(entry) or 'none'}: {_FORM}")
    return splits_lib.of_references(**parts)
