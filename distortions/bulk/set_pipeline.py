"""The pipeline that makes a ranked set: byte for byte that of `distortions.generate`.

A worker makes all images of a photo and writes them as records to a file of its own, so
that no image ever waits in memory for another photo's, nor goes through the runner.
When all are there, their sizes say which of them make up which shard, as of
`stores.Shards`; then workers put the shards together, and one writes the manifest and
set.json.
"""

import array
import dataclasses
import itertools
import os
import posixpath
import re
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import AsIter
from apache_beam.pvalue import TaggedOutput

from distortions import cores
from distortions import photo_decoding
from distortions import program
from distortions.bulk import engine
from distortions.bulk import inputs
from distortions.bulk import whole_files
from distortions.photo_header import PhotoError
from distortions.registry import Preset
from distortions.sets import generation
from distortions.sets import ranked_set
from distortions.sets import stores

_RECORDS = "records.partial"  # The folder of records that are in no shard yet.
_UNREAD = "unread"
_OF_A_STOPPED_RUN = re.compile(
    rf"{re.escape(_RECORDS)}/.*|ranked-.*|manifest\.csv|.*\.partial", re.DOTALL
)

# What is known of a photo when its images are made: content, size of its file, file of
# records in the folder of records, lengths of its Examples as uint32, and why there are
# none. A plain tuple, for Beam encodes those in few bytes.
_Made = tuple[str, int | None, str, bytes, str]
# A part of a file of records: its name, where it starts, how long it is, in bytes.
_Part = tuple[str, int, int]

# A worker makes one photo's images at a time, whatever number of threads Beam gives it:
# they take all cores, and memory for one photo.
_ONE_AT_A_TIME = threading.Lock()


@dataclasses.dataclass(frozen=True)
class SetToMake:
    """A set, as `generation.Generation` takes it, of shards in any file system.

    Attributes:
        root: the folder that photos are named by their paths in.
        output: the folder of the set.
        preset: what to make of each photo.
        seed: decides all that is random.
        crop: as of `Generation`.
        shard_megabytes: likewise.
    """

    root: str
    output: str
    preset: Preset
    seed: int
    crop: int = 0
    shard_megabytes: int = 200

    @property
    def unread(self) -> str:
        """The file of the photos that could not be read."""
        return f"{self.output.rstrip('/')}-unreadable.csv"

    @property
    def limit(self) -> int:
        """How large a shard may become, in bytes."""
        return self.shard_megabytes * 1_000_000

    def path(self, *names: str) -> str:
        """A path in the folder of the set."""
        return posixpath.join(self.output, *names)

    def take_up(self, searched: Sequence[str]) -> None:
        """Checks that the output is free, and clears what a stopped run left there.

        Args:
            searched: the folders that photos are looked for in.

        Raises:
            ValueError: if it holds anything else, or cannot be looked into, or is in
                one of these folders.
        """
        for folder in searched:
            if _is_inside(self.output, folder):
                raise ValueError(
                    f"the output, {self.output}, must not be inside the folder of the "
                    f"photos, {folder}: its images would be taken for photos"
                )
        (found,) = FileSystems.match([self.path("**")])
        left = [file.path for file in found.metadata_list]
        if self.path("set.json") in left:
            raise ValueError(f"{self.output} holds a ranked set: give another --output")
        for path in left:
            name = path.removeprefix(self.path(""))
            if not _OF_A_STOPPED_RUN.fullmatch(name):
                raise ValueError(
                    f"{self.output} is not empty and holds no ranked set, but {name}"
                )
        if inputs.exists(self.unread):
            left.append(self.unread)
        FileSystems.delete(left)
        _delete_all(self.path(_RECORDS))


class MakeSet(beam.PTransform):
    """Makes a set of the photos that `inputs.Photos` finds."""

    def __init__(self, to_make: SetToMake):
        super().__init__()
        self._set = to_make

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Adds it to a pipeline."""
        made, unread = pcoll | "make images" >> beam.ParDo(
            _MakeImages(self._set)
        ).with_outputs(_UNREAD, main="made")
        _ = unread | "unreadable" >> engine.WriteUnread(self._set.unread)
        # There is one set: all that is known of its photos comes together.
        every = made | beam.Map(lambda each: (0, each)) | beam.GroupByKey()
        shards = (
            every
            | "divide" >> beam.ParDo(_Divide(self._set))
            | "spread shards" >> beam.Reshuffle()
            | "write shards" >> beam.ParDo(_WriteShard(self._set))
        )
        return every | "finish" >> beam.ParDo(_Finish(self._set), AsIter(shards))


class _MakeImages(beam.DoFn):
    """From a photo to its records, in a file."""

    def __init__(self, to_make: SetToMake):
        self._set = to_make

    def process(self, photo: inputs.Photo) -> Iterator[Any]:
        name, size = photo
        engine.counter(engine.PHOTOS).inc()
        path = os.fsdecode(name)
        shown = path.encode("utf-8", program.ERRORS).decode()
        try:
            content = self._content(path)
        except PhotoError as error:  # It has no place in a set.
            yield TaggedOutput(_UNREAD, (shown, str(error)))
            return
        try:
            contents = inputs.read(path)
            size = len(contents) if size is None else size
            with _ONE_AT_A_TIME:
                pixels = photo_decoding.decode(contents)
                file, lengths = self._records(content, pixels)
        except PhotoError as error:
            yield TaggedOutput(_UNREAD, (shown, str(error)))
            yield content, size, "", b"", str(error)
            return
        yield content, size, file, lengths, ""

    def _content(self, path: str) -> str:
        try:
            path.encode()
        except UnicodeEncodeError:
            raise PhotoError("names of photos must be UTF-8") from None
        inside = path.removeprefix(posixpath.join(self._set.root, ""))
        if self._set.root and inside == path:
            raise PhotoError(f"it is not in the folder {self._set.root}")
        return inside

    def _records(self, content: str, photo: np.ndarray) -> tuple[str, bytes]:
        to_make = self._set
        photo = generation.middle(photo, to_make.crop)
        versions = generation.versions_of(to_make.preset, content, seed=to_make.seed)
        lengths = array.array("I")
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "records")
            with tf.io.TFRecordWriter(str(local)) as writer:
                for made in cores.ahead(
                    lambda version: generation.make(version, photo), versions
                ):
                    record = stores.record(*made)
                    writer.write(record)
                    lengths.append(len(record))
            # Of two attempts at the same photo each has its own; one is asked for.
            name = uuid.uuid4().hex
            whole_files.copy(local, to_make.path(_RECORDS, name))
        return name, lengths.tobytes()


class _Divide(beam.DoFn):
    """From what is known of all photos to each shard: its name and its parts."""

    def __init__(self, to_make: SetToMake):
        self._set = to_make

    def process(
        self, every: tuple[int, Iterable[_Made]]
    ) -> Iterator[tuple[str, list[_Part]]]:
        _, given = every
        made = _with_images(_in_order(given))
        places = _places(made, self._set.limit)
        count = _count_shards(made, self._set.limit)
        for number, inside in itertools.groupby(places, lambda place: place.shard):
            parts = []
            for file, records in itertools.groupby(inside, lambda place: place.file):
                first, *others = records
                length = first.size + sum(each.size for each in others)
                parts.append((file, first.start, length))
            yield stores.shard_name(number, count), parts


class _WriteShard(beam.DoFn):
    """Puts a shard together."""

    def __init__(self, to_make: SetToMake):
        self._set = to_make

    def process(self, shard: tuple[str, list[_Part]]) -> Iterator[str]:
        name, parts = shard
        with whole_files.created(self._set.path(name)) as output:
            for file, start, length in parts:
                path = self._set.path(_RECORDS, file)
                whole_files.copy_part(path, start, length, output)
        yield name


class _Finish(beam.DoFn):
    """Writes what says what the shards hold, when all of them are there."""

    def __init__(self, to_make: SetToMake):
        self._set = to_make

    def process(
        self, every: tuple[int, Iterable[_Made]], shards: Iterable[str]
    ) -> Iterator[str]:
        del shards  # To wait for them.
        to_make = self._set
        _, given = every
        photos = _in_order(given)
        made = _with_images(photos)
        description = generation.describe(
            to_make.preset,
            {content: size for content, size, *_ in photos},
            seed=to_make.seed,
            format="tfrecord",
            shard_megabytes=to_make.shard_megabytes,
            crop=to_make.crop,
        )
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if made:
                ranked_set.write_images(ranked_set.manifest(folder), self._images(made))
                description["finished"] = True
                description["unreadable"] = {
                    content: reason for content, *_, reason in photos if reason
                }
            ranked_set.write_description(folder, description)
            # set.json says that all is there, so it comes last.
            for file in sorted(folder.iterdir(), key=lambda file: file.suffix):
                whole_files.copy(file, to_make.path(file.name))
        _delete_all(to_make.path(_RECORDS))
        # Of attempts whose worker died.
        (left,) = FileSystems.match([to_make.path("*.partial")])
        FileSystems.delete([file.path for file in left.metadata_list])
        yield to_make.output

    def _images(self, made: Sequence[_Made]) -> Iterator[ranked_set.Image]:
        to_make = self._set
        count = _count_shards(made, to_make.limit)
        places = _places(made, to_make.limit)
        for content, *_ in made:
            for version in generation.versions_of(
                to_make.preset, content, seed=to_make.seed
            ):
                place = next(places)
                yield version.image(
                    stores.shard_name(place.shard, count),
                    place.offset + ranked_set.HEADER,
                    place.size - ranked_set.HEADER - ranked_set.FOOTER,
                )


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where a record is, and where it goes; all in bytes."""

    file: str
    start: int
    size: int
    shard: int
    offset: int


def _in_order(every: Iterable[_Made]) -> list[_Made]:
    """The photos in the order of the set, each once, though it was found twice."""
    # Of two, one that has images comes last, and the same whenever this is asked.
    ordered = sorted(every, key=lambda each: (each[0], each[2]))
    return list({each[0]: each for each in ordered}.values())


def _with_images(photos: Iterable[_Made]) -> list[_Made]:
    return [each for each in photos if each[2]]


def _places(made: Iterable[_Made], limit: int) -> Iterator[_Place]:
    """Fills shards as `stores.Shards` does: what is too much begins another."""
    shard = offset = 0
    for _, _, file, lengths, _ in made:
        start = 0
        for length in array.array("I", lengths):
            size = ranked_set.HEADER + length + ranked_set.FOOTER
            if offset and offset + size > limit:
                shard, offset = shard + 1, 0
            yield _Place(file, start, size, shard, offset)
            start, offset = start + size, offset + size


def _count_shards(made: Sequence[_Made], limit: int) -> int:
    return 1 + max((place.shard for place in _places(made, limit)), default=-1)


def _delete_all(folder: str) -> None:
    """Deletes a folder, if it is there, and what is in it."""
    (found,) = FileSystems.match([posixpath.join(folder, "*")])
    FileSystems.delete([file.path for file in found.metadata_list])
    if FileSystems.get_scheme(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)


def _is_inside(path: str, folder: str) -> bool:
    if FileSystems.get_scheme(path) or FileSystems.get_scheme(folder):
        return path.startswith(posixpath.join(folder, ""))
    return Path(path).resolve().is_relative_to(Path(folder).resolve())
