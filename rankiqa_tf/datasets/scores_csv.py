"""Reading and writing human scores: image,mos[,reference,dmos,distortion,level]."""

import csv
import dataclasses
import io
import os
from collections.abc import Sequence
from pathlib import Path

from distortions import whole_file
from rankiqa_tf.datasets import table_file
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

COLUMNS = ("image", "mos", "reference", "dmos", "distortion", "level")
_NEEDED = COLUMNS[:2]
# Their names in large data sets. `dmos` is not one for `mos`: its direction varies.
_ALIASES = {
    "image": ("image_name", "filename", "file_name", "dist_img"),
    "mos": ("score", "mean_opinion_score"),
    "reference": ("ref_img",),
    "dmos": (),
    "distortion": (),
    "level": (),
}


def read(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    missing_ok: bool = False,
) -> list[ScoredPhoto]:
    """Reads a table of photos and scores, and checks that the photos exist.

    Args:
        path: a CSV or .xlsx file as for `table_file`, with a header line. `image` (or
            `image_name`, `filename`, `dist_img`) is a path. `mos` (or `score`) is a
            number, higher is better; invert a DMOS first. Without `reference` each
            photo is its own reference. `dmos`, `distortion` and `level` are optional
            and may be empty: they are those of ScoredPhoto.
        folder: the folder that relative image paths start from; the file's own if None.
        missing_ok: whether photos may be missing, for uses that need no pixels.

    Returns:
        The rows in order, two or more.

    Raises:
        ValueError: if the file or a photo that is needed is missing, or a line is
            wrong; the message names the line.
    """
    path = Path(path)
    root = Path(folder) if folder else path.parent
    table = table_file.read(path)
    places = table.columns(_ALIASES, needed=_NEEDED)
    photos = [_photo(row, root, where, table) for where, row in table.cells(places)]
    if len(photos) < 2:
        raise ValueError(f"{path} has {len(photos)} photos; at least 2 are needed")
    files: dict[str, Path] = {}
    for photo in photos:
        same = files.setdefault(os.path.realpath(photo.path), photo.path)
        if same is not photo.path:
            names = f"{same} and {photo.path}" if same != photo.path else str(same)
            raise ValueError(
                f"{path} names a photo twice, {names}; average its scores into one"
            )
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing and not missing_ok:
        raise ValueError(
            f"{len(missing)} of {len(photos)} photos of {path} do not exist, the first "
            f"being {missing[0]}; image paths start from {root}: give another "
            "folder as data_dir"
        )
    return photos


def write(path: str | os.PathLike[str], photos: Sequence[ScoredPhoto]) -> None:
    """Writes photos and scores for `read`, with absolute paths.

    Bytes of a path that are not text are escaped; `read` does not find such a photo.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(map(cells, photos))
    text = file.getvalue()
    whole_file.write(Path(path), text.encode("utf-8", "backslashreplace"))


def cells(photo: ScoredPhoto) -> tuple:
    """Returns the cells that `write` writes for a photo, in the order of COLUMNS."""
    return (photo.path.absolute(), *dataclasses.astuple(photo)[1:])


def _photo(
    row: dict[str, str | None], root: Path, where: str, table: table_file.Table
) -> ScoredPhoto:
    image = row["image"]
    if not image:
        raise ValueError(f"{where} names no image")
    mos = table.number(row["mos"], f"{where}: mos")
    # Columns that may be missing or have no value in this row.
    reference, dmos, distortion, level = (
        row.get(column) or "" for column in ("reference", "dmos", "distortion", "level")
    )
    if level and not level.isdecimal():
        raise ValueError(f"{where}: level must be 0, 1 and so on, not {level!r}")
    return ScoredPhoto(
        root / image,
        mos,
        reference or image,
        dmos=table.number(dmos, f"{where}: dmos") if dmos else None,
        distortion=distortion or None,
        level=int(level) if level else None,
    )
