"""Where the images of a set go while it is made: files, or shards of records.

Each knows what of an interrupted set is there, and writes the manifest at the end.
"""

import contextlib
import dataclasses
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from distortions import whole_file
from distortions.sets import ranked_set
from distortions.sets.version import Version

PRISTINE = "pristine"


class Files:
    """A set whose images are files of their own."""

    def __init__(self, folder: Path):
        self._folder = folder

    def done(self, versions: list[Version]) -> set[tuple[str, str, int]]:
        """The keys of those that are there, and as long as a manifest says."""
        path = ranked_set.manifest(self._folder)
        lines = ranked_set.read_images(path) if path.is_file() else []
        lengths = {line.file: line.length for line in lines}
        found = set()
        for version in versions:
            size = ranked_set.size_of(self._path(version))
            # A crash of the machine can leave empty files behind.
            if size and size == lengths.get(_file_of(version), size):
                found.add(version.key)
        return found

    def write(self, version: Version, contents: bytes, sides: tuple[int, ...]) -> None:
        """Writes an image."""
        path = self._path(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        # What a power cut takes is made again.
        whole_file.write(path, contents, sync_folder=False)

    def finish(self, versions: list[Version]) -> None:
        """Writes the manifest of these images, all of which are there."""
        lines = (
            v.image(_file_of(v), 0, ranked_set.size_of(self._path(v)) or 0)
            for v in versions
        )
        ranked_set.write_images(ranked_set.manifest(self._folder), lines)

    def _path(self, version: Version) -> Path:
        return self._folder / _file_of(version)


class Shards:
    """A set whose images are records of shards.

    A shard under way has a name of its own. One that is full has beside it the part
    of the manifest that lists it, until all are full and their number is known.
    """

    def __init__(self, folder: Path, limit: int):
        self._folder, self._limit = folder, limit
        self._full = self._finished() or self._without_end()
        self._lines: list[ranked_set.Image] = []
        self._size = 0
        self._writer: tf.io.TFRecordWriter  # Of the lines, if there are any.

    def done(self, versions: list[Version]) -> set[tuple[str, str, int]]:
        """The keys of those that are there."""
        return {
            (line.content, line.distortion, line.level)
            for lines in self._full
            for line in lines
        }

    def write(self, version: Version, contents: bytes, sides: tuple[int, ...]) -> None:
        """Appends an image."""
        example = _example(version, contents, sides)
        record = ranked_set.HEADER + len(example) + ranked_set.FOOTER
        if self._lines and self._size + record > self._limit:
            self._close()
        if not self._lines:
            with _os_errors():
                self._writer = tf.io.TFRecordWriter(str(self._path(".partial")))
        with _os_errors():
            self._writer.write(example)
        offset = self._size + ranked_set.HEADER
        self._lines.append(
            version.image(self._path(".tfrecord").name, offset, len(example))
        )
        self._size += record

    def finish(self, versions: list[Version]) -> None:
        """Writes the manifest of all images, and gives the shards their last names."""
        if self._lines:
            self._close()
        count = len(self._full)
        names = [f"ranked-{n:05}-of-{count:05}.tfrecord" for n in range(count)]
        ranked_set.write_images(
            ranked_set.manifest(self._folder),
            (
                dataclasses.replace(line, file=name)
                for lines, name in zip(self._full, names, strict=True)
                for line in lines
            ),
        )
        for number, (lines, name) in enumerate(zip(self._full, names, strict=True)):
            (self._folder / lines[0].file).rename(self._folder / name)
            self._path(".csv", number).unlink(missing_ok=True)

    def _finished(self) -> list[list[ranked_set.Image]]:
        """The shards of a set whose manifest is written; none if one is missing."""
        path = ranked_set.manifest(self._folder)
        if not path.is_file():
            return []
        groups = itertools.groupby(ranked_set.read_images(path), lambda line: line.file)
        shards = [list(lines) for _, lines in groups]
        for number, lines in enumerate(shards):
            last, plain = self._folder / lines[0].file, self._path(".tfrecord", number)
            if plain.is_file() and not last.is_file():  # Stopped in `finish`.
                plain.rename(last)
            if not self._intact(lines):
                path.unlink()
                return []
        return shards

    def _without_end(self) -> list[list[ranked_set.Image]]:
        """The full shards of a set under way."""
        shards: list[list[ranked_set.Image]] = []
        while (part := self._path(".csv", len(shards))).is_file():
            lines = ranked_set.read_images(part)
            if not self._intact(lines):
                break
            shards.append(lines)
        return shards

    def _intact(self, lines: list[ranked_set.Image]) -> bool:
        size = ranked_set.size_of(self._folder / lines[0].file)
        return size == lines[-1].offset + lines[-1].length + ranked_set.FOOTER

    def _close(self) -> None:
        """Ends a shard, now that it is full."""
        with _os_errors():
            self._writer.close()
        whole_file.sync(self._path(".partial"))
        self._path(".partial").rename(self._path(".tfrecord"))
        ranked_set.write_images(self._path(".csv"), self._lines)
        self._full.append(self._lines)
        self._lines, self._size = [], 0

    def _path(self, suffix: str, number: int | None = None) -> Path:
        number = len(self._full) if number is None else number
        return self._folder / f"ranked-{number:05}{suffix}"


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Raises what TensorFlow says of files, such as of a full disk, as an OSError."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _file_of(version: Version) -> str:
    name = f"{version.name}_{version.level}" if version.row else PRISTINE
    return f"images/{version.content}/{name}.{version.format}"


def _example(version: Version, contents: bytes, sides: tuple[int, ...]) -> bytes:
    number = version.row.number if version.row else None
    height, width = sides

    def of_bytes(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def of_ints(*values: int) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    features = {
        "image": of_bytes(contents),
        "format": of_bytes(version.format.encode()),
        "height": of_ints(height),
        "width": of_ints(width),
        "content": of_bytes(version.content.encode()),
        "distortion": of_bytes(version.name.encode()),
        "number": of_ints(*([] if number is None else [number])),
        "level": of_ints(version.level),
        "parameters": of_bytes(json.dumps(version.image("", 0, 0).parameters).encode()),
        "seed": of_ints(*(version.seed or ())),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)
