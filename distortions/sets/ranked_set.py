"""A ranked set in a folder: photos, and their versions at every distortion and level.

    set.json      how it was made, and what is known about the order of levels
    manifest.csv  a line per image: where it is and what it shows
    images/<content>/<distortion>_<level>.png, and pristine.png beside them, or
    ranked-00000-of-00012.tfrecord

A content is a photo, named by its path relative to the folder it came from. An image is
PNG, unless the distortion is just JPEG, JPEG 2000, WebP or AVIF; then it is the
compressed file itself.
itself.

In a shard, each record is a tf.train.Example:

    image          bytes, the file
    format         "png", "jpg", "jp2", "webp" or "avif"
    height, width  in pixels
    content        the photo
    distortion     its name; empty for the photo itself
    number         number of the distortion in TID2013; empty if it has none
    level          0 for the photo itself
    parameters     JSON: those of the distortion's function, by name
    seed           two numbers; empty if nothing is random
"""

import csv
import dataclasses
import functools
import itertools
import json
import sys
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from distortions import outside
from distortions import whole_file
from distortions.registry import Preset
from distortions.registry import Row

LAYOUT = 1  # Increment when readers of the previous layout would fail.

FOOTER = 4  # Bytes of a TFRecord after the Example, and before it:
HEADER = 12

_SET = "set.json"
_MANIFEST = "manifest.csv"


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """A line of the manifest.

    Attributes:
        file: path of the image's file in the set's folder.
        offset: where its bytes begin in the file; in a shard, those of the Example.
        length: number of bytes.
        content: the photo.
        distortion: its name; empty for the photo itself.
        number: number of the distortion in TID2013, None if it has none.
        level: 0 for the photo itself.
        parameters: those of the distortion's function, by name.
        seed: of a random distortion; otherwise None.
    """

    file: str
    offset: int
    length: int
    content: str
    distortion: str
    number: int | None
    level: int
    parameters: Mapping[str, float]
    seed: tuple[int, int] | None


_COLUMNS = tuple(field.name for field in dataclasses.fields(Image))


@dataclasses.dataclass(frozen=True)
class RankedSet:
    """A ranked set that has been read from a folder.

    Attributes:
        folder: its folder.
        description: set.json.
        contents: the photos.
        images: for each photo the photo itself, then its versions, distortion by
            distortion and level by level.
    """

    folder: Path
    description: dict[str, Any]
    contents: tuple[str, ...]
    images: tuple[Image, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the distortions."""
        return tuple(row["name"] for row in self.description["distortions"])

    @property
    def num_levels(self) -> int:
        """Number of levels per distortion, excluding level 0, the photo."""
        return self.description["num_levels"]

    @property
    def better(self) -> np.ndarray:
        """Like `Preset.better`: bool [distortions, levels + 1, levels + 1]."""
        rows = self.description["distortions"]
        return np.array([row["better"] for row in rows], bool)

    @property
    def sharded(self) -> bool:
        """Whether the images are in shards rather than in files of their own."""
        return self.description["format"] == "tfrecord"


def describe(row: Row) -> dict[str, Any]:
    """Returns a distortion's description in set.json."""
    levels = range(1, len(row.parameters) + 1)
    return {
        "name": row.name,
        "number": row.number,
        "function": f"{row.function.__module__}.{row.function.__name__}",
        "parameters": [row.arguments(level) for level in levels],
        "random": row.random,
        "better": row.better().astype(int).tolist(),
        "source": row.source,
    }


def versions(preset: Preset) -> list[tuple[Row | None, int]]:
    """Returns the versions of each photo: itself, then row by row, level by level."""
    levels = range(1, preset.num_levels + 1)
    return [(None, 0)] + [(row, level) for row in preset.rows for level in levels]


def write_description(folder: Path, description: dict[str, Any]) -> None:
    """Writes set.json."""
    contents = (json.dumps(description, indent=1) + "\n").encode()
    whole_file.write(folder / _SET, contents)


def read_description(folder: Path) -> dict[str, Any] | None:
    """Reads set.json; None if there is none.

    ValueError: if it is damaged, or has another layout.
    """
    try:
        text = (folder / _SET).read_bytes()
    except FileNotFoundError:
        return None
    damaged = ValueError(f"{folder / _SET} is damaged")
    try:
        description = json.loads(text)
        layout = description["layout"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise damaged from None
    if layout != LAYOUT:
        raise ValueError(
            f"{folder} has layout {layout}; this version reads layout {LAYOUT}"
        )
    match description:
        case {
            "finished": bool(),
            "format": str(),
            "preset": str(),
            "num_levels": int(),
            "distortions": [*rows],
            "photos": dict(),
        } if all(isinstance(row, dict) and "name" in row for row in rows):
            return description
    raise damaged


def write_images(path: Path, images: Iterable[Image]) -> None:
    """Writes a manifest, or part of one."""
    with (
        whole_file.made_beside(path) as made,
        made.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for image in images:
            line = {name: getattr(image, name) for name in _COLUMNS}
            line["parameters"] = json.dumps(dict(image.parameters))
            line["seed"] = json.dumps(image.seed) if image.seed else None
            writer.writerow(line.values())


def each_image(path: Path) -> Generator[Image, None, None]:
    """Yields what `write_images` wrote, line by line.

    Raises:
        ValueError: if it is damaged.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        if tuple(next(reader, ())) != _COLUMNS:
            raise ValueError(f"{path} must begin with {','.join(_COLUMNS)}")
        for line in reader:
            try:
                image = _image(*line)
            except (ValueError, TypeError, RecursionError):
                where = f"{path} is damaged at line {reader.line_num}"
                raise ValueError(where) from None
            if outside.leads_out(image.file):
                raise ValueError(
                    f"{path} names a file that is not in its folder: {image.file}"
                )
            yield image


def manifest(folder: Path) -> Path:
    """Returns the path of a set's manifest."""
    return folder / _MANIFEST


def load(folder: str | Path) -> RankedSet:
    """Reads a set, and checks that it is complete.

    Raises:
        ValueError: if the folder contains no set, or an unfinished or damaged one.
    """
    folder = Path(folder)
    description = read_description(folder)
    again = "run the same command once more to complete it"
    if description is None:
        raise ValueError(
            f"{folder} is not a ranked set: it has no {_SET}; python -m "
            "distortions.generate makes one"
        )
    if not description["finished"]:
        raise ValueError(f"{folder} is unfinished; {again}")
    if not manifest(folder).is_file():
        raise ValueError(f"{folder} has no {_MANIFEST}; {again}")
    images = tuple(each_image(manifest(folder)))
    found = RankedSet(
        folder,
        description,
        tuple(image.content for image in images if image.level == 0),
        images,
    )
    expected = (
        (content, name, level)
        for content in found.contents
        for name, level in [
            ("", 0),
            *(
                (name, n)
                for name in found.names
                for n in range(1, found.num_levels + 1)
            ),
        ]
    )
    listed = ((image.content, image.distortion, image.level) for image in images)
    if any(a != b for a, b in itertools.zip_longest(expected, listed)):
        raise ValueError(f"{manifest(folder)} does not list all versions of each photo")
    damaged = damaged_files(found)
    if damaged:
        raise ValueError(
            f"{len(damaged)} of the files of {folder} are missing or damaged, such as "
            f"{damaged[0]}; {again}"
        )
    return found


def damaged_files(ranked_set: RankedSet) -> list[str]:
    """Lists the files that are missing or have a different size from the manifest."""
    footer = FOOTER if ranked_set.sharded else 0
    # For a shard, the last image counts.
    sizes = {
        image.file: image.offset + image.length + footer for image in ranked_set.images
    }
    return [
        name
        for name, size in sizes.items()
        if size_of(ranked_set.folder / name) != size
    ]


def size_of(path: Path) -> int | None:
    """Returns the size of a file in bytes; None if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _image(
    file: str,
    offset: str,
    length: str,
    content: str,
    distortion: str,
    number: str,
    level: str,
    parameters: str,
    seed: str,
) -> Image:
    return Image(
        file,
        int(offset),
        int(length),
        # Millions of lines repeat the same names: each is stored once.
        sys.intern(content),
        sys.intern(distortion),
        int(number) if number else None,
        int(level),
        _parameters(parameters),
        tuple(json.loads(seed)) if seed else None,
    )


@functools.lru_cache(maxsize=1000)
def _parameters(text: str) -> Mapping[str, float]:
    return MappingProxyType(json.loads(text))
