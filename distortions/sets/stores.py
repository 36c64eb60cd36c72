"""Where the images of a set are stored: in files of their own, or in shards.

Each store knows which parts of an interrupted set exist, and writes the manifest.
"""

import collections
import contextlib
import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Iterable
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
        path = ranked_set.manifest(folder)
        self._listed = ranked_set.each_image(path) if path.is_file() else iter(())
        self._by_photo = itertools.groupby(self._listed, lambda line: line.content)
        self._next = next(self._by_photo, None)

    def missing(self, versions: list[Version]) -> list[Version]:
        """Returns a photo's versions that are missing or have the wrong length.

        To be called once per photo, in order.
        """
        lengths = {}
        if self._next is not None and self._next[0] == versions[0].content:
            lengths = {line.file: line.length for line in self._next[1]}
            self._next = next(self._by_photo, None)
        found = []
        for version in versions:
            size = ranked_set.size_of(self._path(version))
            # A crash of the machine can leave empty files behind.
            if not size or size != lengths.get(_file_of(version), size):
                found.append(version)
        return found

    def write(self, version: Version, contents: bytes, sides: tuple[int, ...]) -> None:
        """Writes an image."""
        path = self._path(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        # If a power cut destroys it, it is made again.
        whole_file.write(path, contents, sync_folder=False)

    def finish(self, versions: Iterable[Version]) -> None:
        """Writes the manifest of these images, all of which exist."""
        lines = (
            v.image(_file_of(v), 0, ranked_set.size_of(self._path(v)) or 0)
            for v in versions
        )
        ranked_set.write_images(ranked_set.manifest(self._folder), lines)

    def _path(self, version: Version) -> Path:
        return self._folder / _file_of(version)


@dataclasses.dataclass(frozen=True)
class _Shard:
    """A full shard: its file's name, and its size in bytes according to its lines."""

    file: str
    size: int


class Shards:
    """A set whose images are records in shards.

    A shard in progress has a name of its own. Beside a full one is the part of the
    manifest that lists it, until all are full and their number is known. Lines of full
    shards are not kept in memory: with many photos there are millions.
    """

    def __init__(self, folder: Path, limit: int):
        self._folder, self._limit = folder, limit
        self._full = self._finished()
        self._listed = len(self._full)  # How many of them are in the manifest.
        if not self._full:
            self._full = self._without_end()
        # Versions of a photo come in order, so a count says which exist.
        self._done = Counter(line.content for _, line in self._lines_of_full())
        self._lines: list[ranked_set.Image] = []
        self._size = 0
        self._writer: tf.io.TFRecordWriter  # Of the lines, if there are any.

    def missing(self, versions: list[Version]) -> list[Version]:
        """Returns those of a photo's versions that are missing."""
        return versions[self._done[versions[0].content] :]

    def write(self, version: Version, contents: bytes, sides: tuple[int, ...]) -> None:
        """Appends an image."""
        example = record(version, contents, sides)
        size = ranked_set.HEADER + len(example) + ranked_set.FOOTER
        if self._lines and self._size + size > self._limit:
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
        self._size += size

    def finish(self, versions: Iterable[Version]) -> None:
        """Writes the manifest of all images, and gives the shards their final names."""
        del versions
        if self._lines:
            self._close()
        count = len(self._full)
        names = [shard_name(number, count) for number in range(count)]
        ranked_set.write_images(
            ranked_set.manifest(self._folder),
            (
                dataclasses.replace(line, file=names[number])
                for number, line in self._lines_of_full()
            ),
        )
        for number, (shard, name) in enumerate(zip(self._full, names, strict=True)):
            (self._folder / shard.file).rename(self._folder / name)
            self._path(".csv", number).unlink(missing_ok=True)

    def _finished(self) -> list[_Shard]:
        """Returns the shards of a set with a manifest; none if one is missing."""
        path = ranked_set.manifest(self._folder)
        if not path.is_file():
            return []
        shards: list[_Shard] = []
        images = ranked_set.each_image(path)
        for _, lines in itertools.groupby(images, lambda line: line.file):
            shard, number = _shard(lines), len(shards)
            last, plain = self._folder / shard.file, self._path(".tfrecord", number)
            if plain.is_file() and not last.is_file():  # Stopped in `finish`.
                plain.rename(last)
            if not self._intact(shard):
                images.close()
                path.unlink()
                return []
            shards.append(shard)
        return shards

    def _without_end(self) -> list[_Shard]:
        """Returns the full shards of a set in progress."""
        shards: list[_Shard] = []
        while (part := self._path(".csv", len(shards))).is_file():
            shard = _shard(ranked_set.each_image(part))
            if not self._intact(shard):
                break
            shards.append(shard)
        return shards

    def _lines_of_full(self) -> Iterator[tuple[int, ranked_set.Image]]:
        """Yields the lines of full shards' images, with the shards' numbers."""
        numbers = {shard.file: n for n, shard in enumerate(self._full)}
        paths = [self._path(".csv", n) for n in range(self._listed, len(self._full))]
        if self._listed:
            paths.insert(0, ranked_set.manifest(self._folder))
        for path in paths:
            for line in ranked_set.each_image(path):
                yield numbers[line.file], line

    def _intact(self, shard: _Shard) -> bool:
        return ranked_set.size_of(self._folder / shard.file) == shard.size

    def _close(self) -> None:
        """Closes a shard that is full."""
        with _os_errors():
            self._writer.close()
        whole_file.sync(self._path(".partial"))
        self._path(".partial").rename(self._path(".tfrecord"))
        ranked_set.write_images(self._path(".csv"), self._lines)
        self._full.append(_shard(self._lines))
        self._lines, self._size = [], 0

    def _path(self, suffix: str, number: int | None = None) -> Path:
        number = len(self._full) if number is None else number
        return self._folder / f"ranked-{number:05}{suffix}"


def shard_name(number: int, count: int) -> str:
    """Returns a shard's file name, once the number of shards is known."""
    return f"ranked-{number:05}-of-{count:05}.tfrecord"


def _shard(lines: Iterable[ranked_set.Image]) -> _Shard:
    """Returns the shard whose images these lines list."""
    (last,) = collections.deque(lines, maxlen=1)
    return _Shard(last.file, last.offset + last.length + ranked_set.FOOTER)


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Raises TensorFlow's errors about files, such as a full disk, as OSError."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _file_of(version: Version) -> str:
    name = f"{version.name}_{version.level}" if version.row else PRISTINE
    return f"images/{version.content}/{name}.{version.format}"


def record(version: Version, contents: bytes, sides: tuple[int, ...]) -> bytes:
    """Returns an image's tf.train.Example: its file, height and width, and labels."""
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
