"""Splits in files: our JSON, and the tables of other benchmarks such as pyiqa's."""

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
    """Reads splits from a JSON file or a table, and checks that they fit these photos.

    A JSON file is `{"splits": [{"training": [names], "held_out": [names]}, ...]}`; a
    split may also have "validation", and train, val and test are other names of the
    parts. A name is that of a reference, or of a photo's file.

    A table, a CSV or .xlsx file, is one of pyiqa's meta_info files or like them: a
    column of file names, such as img_name, and for each split a column whose name has
    "split" in it, with train, val or test in each row. Rows of images that are not
    among the photos are passed over. Where no row is test, val is what is held out, as
    pyiqa has it in splits of two parts.

    pyiqa's older .pkl files are refused: opening a pickle runs what is in it, and the
    row numbers that it holds mean nothing without the meta_info file.

    Args:
        path: the file.
        photos: those of the data set that was split.

    Returns:
        The splits, one or more.

    Raises:
        ValueError: if the file is missing or of another form, if a reference stands on
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
    """The references of photos, by their own names and by those of files."""

    def __init__(self, photos: Iterable[ScoredPhoto]):
        # By the ends of paths, such as jpeg/img1.bmp; all that photos so called have.
        self._by_file: dict[str, set[str]] = {}
        self._references = set()
        for photo in photos:
            self._references.add(photo.reference)
            parts = photo.path.as_posix().lower().split("/")[-_MOST_PARTS:]
            for first in range(len(parts)):
                end = "/".join(parts[first:])
                self._by_file.setdefault(end, set()).add(photo.reference)

    def reference(self, name: str) -> str:
        """Finds the reference of a name; the name itself where nothing is called so.

        Raises:
            ValueError: if photos of several references are called so.
        """
        if name in self._references:
            return name
        found = self.of_file(name)
        return name if found is None else found

    def of_file(self, name: str) -> str | None:
        """Finds the reference of the photo in a file, as `reference` does; or None."""
        end = name.replace("\\", "/").lower().removeprefix("./")
        found = self._by_file.get(end, set())
        if len(found) > 1:
            raise ValueError(
                f"{len(found)} photos are called {name}: give their folders too, as in "
                f"jpeg/{name}"
            )
        return next(iter(found), None)


def _entries(path: Path) -> dict[str, Any]:
    """Reads the splits of a JSON file by what messages call them; of any form yet."""
    contents = path.read_bytes()
    if path.suffix.lower() in _PICKLES or contents.startswith(b"\x80"):
        raise ValueError(
            f"{path} is a pickle, which is not opened, as that runs what is in it: if "
            "it is of pyiqa, give the data set's meta_info CSV file instead, which has "
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
    """Reads the splits of a table by their columns: in each part, photos' references.

    Raises:
        ValueError: if there is no such table, or none of its rows is one of the photos.
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
    """Makes a split of the names in its parts, those of references or of files."""
    parts: dict[str, list[str]] = {}
    for part, given in entry.items():
        if part not in _PARTS:
            raise ValueError(f"{part!r} is no part of a split: {_FORM}")
        if not isinstance(given, list) or not all(isinstance(n, str) for n in given):
            numbers = "numbers, which count the rows of some other list"
            rows = isinstance(given, list) and any(isinstance(n, int) for n in given)
            raise ValueError(f"{part} has {numbers if rows else 'no texts'}: {_FORM}")
        # Of files, many have one reference.
        found = dict.fromkeys(map(names.reference, given))
        parts[_PARTS[part]] = [*found]
    if not {"training", "held_out"} <= parts.keys():
        raise ValueError(f"it has the parts {', '.join(entry) or 'none'}: {_FORM}")
    return splits_lib.of_references(**parts)
