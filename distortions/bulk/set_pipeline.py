"""The pipeline that makes a ranked set, byte for byte that of `distortions.generate`.

A worker makes all images of a photo and writes them as records to a temporary file, so
that images neither wait in memory for other photos nor pass through the runner. When
all are done, their sizes determine which of them make up which shard, as in
`stores.Shards`; then workers assemble the shards, and one writes the manifest and
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

_RECORDS = "records.partial"  # The folder of records not yet in a shard.
_UNREAD = "unread"
_OF_A_STOPPED_RUN = re.compile(
    rf"{re.escape(_RECORDS)}/.*|ranked-.*|manifest\.csv|.*\.partial", re.DOTALL
)

# What is known about a photo when its images are made: content, size of its file, name
# of its file in the folder of records, lengths of its Examples as uint32, and the error
# if there are none. A plain tuple, because Beam encodes those in few bytes.
_Made = tuple[str, int | None, str, bytes, str]
# A part of a file of records: its name, where it starts, how long it is, in bytes.
_Part = tuple[str, int, int]

# A worker makes one photo's images at a time, however many threads Beam gives it: that
# takes all cores, and the memory for one photo.
_ONE_AT_A_TIME = threading.Lock()


@dataclasses.dataclass(frozen=True)
class SetToMake:
    """A set to be made, as in `generation.Generation`, with shards in any file system.

    Attributes:
        root: the folder that photos' names are relative to.
        output: the folder of the set.
        preset: the distortions of each photo.
        seed: decides everything random.
        crop: as for `Generation`.
        shard_megabytes: as for `Generation`.
    """

    root: str
    output: str
    preset: Preset
    seed: int
    crop: int = 0
    shard_megabytes: int = 200

    @property
    def unread(self) -> str:
        """The file that lists photos that could not be read."""
        return f"{self.output.rstrip('/')}-unreadable.csv"

    @property
    def limit(self) -> int:
        """The maximum size of a shard in bytes."""
        return self.shard_megabytes * 1_000_000

    def path(self, *names: str) -> str:
        """Returns a path in the folder of the set."""
        return posixpath.join(self.output, *names)

    def take_up(self, searched: Sequence[str]) -> None:
        """Checks that the output is free, and deletes what a stopped run left there.

        Args:
            searched: the folders that are searched for photos.

        Raises:
            ValueError: if it contains anything else, cannot be listed, or is inside one
                of these folders.
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
            raise ValueError(
                f"{self.output} contains a ranked set: give another --output"
            )
        for path in left:
            name = path.removeprefix(self.path(""))
            if not _OF_A_STOPPED_RUN.fullmatch(name):
                raise ValueError(
                    f"{self.output} is not empty and contains no ranked set, but {name}"
                )
        if inputs.exists(self.unread):
            left.append(self.unread)
        FileSystems.delete(left)
        _delete_all(self.path(_RECORDS))


class MakeSet(beam.PTransform):
    """Makes a set from the photos that `inputs.Photos` finds."""

    def __init__(self, to_make: SetToMake):
        super().__init__()
        self._set = to_make

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Adds this transform to a pipeline."""
        made, unread = pcoll | "make images" >> beam.ParDo(
            _MakeImages(self._set)
        ).with_outputs(_UNREAD, main="made")
        _ = unread | "unreadable" >> engine.WriteUnread(self._set.unread)
        # There is one set, so everything known about its photos is brought together.
        every = made | beam.Map(lambda each: (0, each)) | beam.GroupByKey()
        shards = (
            every
            | "divide" >> beam.ParDo(_Divide(self._set))
            | "spread shards" >> beam.Reshuffle()
            | "write shards" >> beam.ParDo(_WriteShard(self._set))
        )
        return every | "finish" >> beam.ParDo(_Finish(self._set), AsIter(shards))


class _MakeImages(beam.DoFn):
    """Writes a photo's records to a file."""

    def __init__(self, to_make: SetToMake):
        self._set = to_make

    def process(self, photo: inputs.Photo) -> Iterator[Any]:
        name, size = photo
        engine.counter(engine.PHOTOS).inc()
        path = os.fsdecode(name)
        shown = path.encode("utf-8", program.ERRORS).decode()
        try:
            content = self._content(path)
        except PhotoError as error:  # It cannot be part of a set.
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
            # Two attempts at the same photo write different files; one of them is used.
            name = uuid.uuid4().hex
            whole_files.copy(local, to_make.path(_RECORDS, name))
        return name, lengths.tobytes()


class _Divide(beam.DoFn):
    """Determines each shard's name and parts from what is known about all photos."""

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
    """Assembles a shard."""

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
    """Writes the manifest and set.json once all shards exist."""

    def __init__(self, to_make: SetToMake):
        self._set = to_make

    def process(
        self, every: tuple[int, Iterable[_Made]], shards: Iterable[str]
    ) -> Iterator[str]:
        del shards  # Only to wait for them.
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
            # set.json says that the set is complete, so it comes last.
            for file in sorted(folder.iterdir(), key=lambda file: file.suffix):
                whole_files.copy(file, to_make.path(file.name))
        _delete_all(to_make.path(_RECORDS))
        # Left by attempts whose worker died.
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
    """Returns the photos in the set's order, each once even if it was found twice."""
    # Of duplicates, one with images comes last, always the same one.
    ordered = sorted(every, key=lambda each: (each[0], each[2]))
    return list({each[0]: each for each in ordered}.values())


def _with_images(photos: Iterable[_Made]) -> list[_Made]:
    return [each for each in photos if each[2]]


def _places(made: Iterable[_Made], limit: int) -> Iterator[_Place]:
    """Fills shards as `stores.Shards` does: what does not fit begins the next one."""
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
    """Deletes a folder and its content, if it exists."""
    (found,) = FileSystems.match([posixpath.join(folder, "*")])
    FileSystems.delete([file.path for file in found.metadata_list])
    if FileSystems.get_scheme(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)


def _is_inside(path: str, folder: str) -> bool:
    if FileSystems.get_scheme(path) or FileSystems.get_scheme(folder):
        return path.startswith(posixpath.join(folder, ""))
    return Path(path).resolve().is_relative_to(Path(folder).resolve())
