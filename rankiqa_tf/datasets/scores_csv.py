"""Human scores from a CSV file: image,mos[,reference,dmos,distortion,level]."""

import csv
import dataclasses
import math
import os
from collections.abc import Sequence
from pathlib import Path

from rankiqa_tf.datasets.scored_photo import ScoredPhoto

COLUMNS = ("image", "mos", "reference", "dmos", "distortion", "level")
_NEEDED = COLUMNS[:2]


def read(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    missing_ok: bool = False,
) -> list[ScoredPhoto]:
    """Reads a CSV file of photos and scores, and checks that the photos are there.

    Args:
        path: UTF-8, with a header line. `image` is a path; `mos` a number, higher is
            better (turn a DMOS round first); `reference` may be left out, then each
            photo is a reference of its own. `dmos`, `distortion` and `level` may be
            there too, and be empty: they are those of ScoredPhoto.
        folder: where relative image paths start; the CSV's own folder if None.
        missing_ok: whether photos may be missing, for a use that needs no pixels.

    Returns:
        The rows in order, two or more.

    Raises:
        ValueError: if the file is missing, or a photo that may not be, or a line is
            wrong; the message names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no CSV file {path}")
    root = Path(folder) if folder else path.parent
    try:
        # utf-8-sig: spreadsheets put a mark in front of the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [name.strip().lower() for name in reader.fieldnames or ()]
            for name in _NEEDED:
                if name not in columns:
                    raise ValueError(
                        f"{path} needs the columns image,mos[,reference]; its first "
                        f"line is {','.join(reader.fieldnames or ())!r}"
                    )
            reader.fieldnames = columns
            photos = [
                _photo(row, root, f"{path} line {reader.line_num}") for row in reader
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a UTF-8 CSV file: {error}") from error
    if len(photos) < 2:
        raise ValueError(f"{path} has {len(photos)} photos; at least 2 are needed")
    if len({photo.path for photo in photos}) < len(photos):
        raise ValueError(f"{path} names a photo twice; average its scores into one")
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing and not missing_ok:
        raise ValueError(
            f"{len(missing)} of {len(photos)} photos of {path} are not there, the "
            f"first being {missing[0]}; image paths start from {root}"
        )
    return photos


def write(path: str | os.PathLike[str], photos: Sequence[ScoredPhoto]) -> None:
    """Writes photos and scores so that `read` gives them back; paths are absolute."""
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(map(cells, photos))


def cells(photo: ScoredPhoto) -> tuple:
    """Gives what `write` writes of a photo, in the order of COLUMNS."""
    return (photo.path.absolute(), *dataclasses.astuple(photo)[1:])


def _photo(row: dict[str, str], root: Path, where: str) -> ScoredPhoto:
    if None in row:  # Where csv puts what stands behind the last column.
        raise ValueError(f"{where} has more values than columns")
    image = (row["image"] or "").strip()
    if not image:
        raise ValueError(f"{where} names no image")
    mos = _number(row["mos"], f"{where}: mos")
    # Columns that may be missing, or have no value in this row.
    reference, dmos, distortion, level = (
        (row.get(column) or "").strip()
        for column in ("reference", "dmos", "distortion", "level")
    )
    if level and not level.isdecimal():
        raise ValueError(f"{where}: level must be 0, 1 and so on, not {level!r}")
    return ScoredPhoto(
        root / image,
        mos,
        reference or image,
        dmos=_number(dmos, f"{where}: dmos") if dmos else None,
        distortion=distortion or None,
        level=int(level) if level else None,
    )


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{what} must be a number, not {text!r}")
    return number
