"""Makes ranked sets: every photo of a folder at every level of a preset, on disk.

What an image holds is decided by the preset, the seed, the photo and its path: not by
the other photos, the number of workers, or how often the work was interrupted.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import hashlib
import itertools
import json
import sys
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import tensorflow as tf
import tqdm

from distortions import _uint8
from distortions import jpeg
from distortions import jpeg2000
from distortions import photo_files
from distortions import ranked_set
from distortions.registry import Preset
from distortions.registry import Row

PRISTINE = "pristine"

# Where a distortion is a file's compression, that file is kept.
_ENCODERS: Mapping[Callable[..., tf.Tensor], tuple[str, Callable[..., tf.Tensor]]] = {
    jpeg.jpeg: ("jpg", jpeg.encode_jpeg),
    jpeg2000.jpeg2000: ("jp2", jpeg2000.encode_jpeg2000),
}


@dataclasses.dataclass(frozen=True)
class Version:
    """An image to be made: a photo under a row of the preset, or itself if it is None.

    Attributes:
        content: the photo's path in its folder.
        row: the distortion.
        level: 0 for the photo itself.
        seed: of what is random.
    """

    content: str
    row: Row | None
    level: int
    seed: tuple[int, int] | None

    @property
    def name(self) -> str:
        """The distortion; empty where it is the photo itself."""
        return self.row.name if self.row else ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from all others of a set."""
        return self.content, self.name, self.level

    @property
    def format(self) -> str:
        """How it is encoded: png, jpg or jp2."""
        return self._encoder[0] if self._encoder else "png"

    def encode(self, photo: np.ndarray) -> bytes:
        """Makes the image of the photo, uint8 [h, w, 3], and the file that holds it."""
        # Asked for in each thread; a graphics processor would round otherwise.
        with tf.device("CPU:0"):
            image = _uint8.to_float(tf.constant(photo))
            if self._encoder:
                _, encode = self._encoder
                return encode(image, *self._arguments.values()).numpy()
            if self.row:
                image = self.row.distort(image, self.level, seed=self.seed)
            # Level 6 saves a tenth, and takes two to four times as long.
            return tf.io.encode_png(_uint8.from_float(image), compression=1).numpy()

    def image(self, file: str, offset: int, length: int) -> ranked_set.Image:
        """Its line of the manifest, when it is in a file."""
        return ranked_set.Image(
            file,
            offset,
            length,
            self.content,
            self.name,
            self.row.number if self.row else None,
            self.level,
            self._arguments,
            self.seed,
        )

    @property
    def _encoder(self) -> tuple[str, Callable[..., tf.Tensor]] | None:
        return _ENCODERS.get(self.row.function) if self.row else None

    @property
    def _arguments(self) -> dict[str, float]:
        return self.row.arguments(self.level) if self.row else {}


def seed_of(seed: int, content: str, name: str, level: int) -> tuple[int, int]:
    """The seed of one image, two int32, from that of the set."""
    digest = hashlib.sha256(json.dumps([seed, content, name, level]).encode()).digest()
    return (
        int.from_bytes(digest[:4], "little", signed=True),
        int.from_bytes(digest[4:8], "little", signed=True),
    )


class Generation:
    """A set to be made, or to be gone on with.

    Args:
        photos: the folder of the photos.
        output: the folder of the set: missing, empty, or left by the same generation.
        preset: what to make of each photo.
        seed: decides all that is random.
        format: "files", an image each, or "tfrecord", shards of many.
        shard_megabytes: how large a shard may become, unless by a single image.
        crop: side of the middle of each photo that is taken for it, in pixels; a photo
            whose side is shorter keeps that side. 0 for whole photos.
        workers: how many images are made at the same time.

    Raises:
        ValueError: if there is nothing to make, or the output is of something else.
        OSError: if the output cannot be written to.
    """

    def __init__(
        self,
        photos: Path,
        output: Path,
        preset: Preset,
        *,
        seed: int,
        format: str,
        workers: int,
        shard_megabytes: int = 200,
        crop: int = 0,
    ):
        self._photos, self._output = photos, output
        self._preset, self._seed = preset, seed
        self._crop, self._workers = crop, workers
        self._contents = photo_files.find(photos)
        if output.resolve().is_relative_to(photos.resolve()):
            raise ValueError(
                f"the output, {output}, must not be inside the folder of the photos, "
                f"{photos}: its images would be taken for photos"
            )
        self._description: dict[str, Any] = {
            "layout": ranked_set.LAYOUT,
            "finished": False,
            "preset": preset.name,
            "source": preset.source,
            "seed": seed,
            "format": format,
            "crop": crop,
            "num_levels": preset.num_levels,
            "distortions": [ranked_set.describe(row) for row in preset.rows],
            "made_with": {"tensorflow": tf.__version__, "pillow": PIL.__version__},
            "photos": {
                content: ranked_set.size_of(photos / content)
                for content in self._contents
            },
            "unreadable": {},
        }
        if format == "tfrecord":
            self._description["shard_megabytes"] = shard_megabytes
        self._take_up()
        self._store: _Files | _Shards = (
            _Files(output)
            if format == "files"
            else _Shards(output, shard_megabytes * 1_000_000)
        )

    @property
    def num_photos(self) -> int:
        """How many photos were found."""
        return len(self._contents)

    def run(self) -> dict[str, str]:
        """Makes the images that are not there yet.

        Returns:
            What was wrong with the photos that could not be read, by content. If that
            is all of them, the set stays unfinished.

        Raises:
            OSError: if the images cannot be written.
        """
        versions = [v for content in self._contents for v in self._versions(content)]
        done = self._store.done(versions)
        unreadable: dict[str, str] = {}
        bar = tqdm.tqdm(
            desc=self._preset.name,
            total=len(versions),
            initial=len(done),
            unit=" images",
            mininterval=1.0,
            dynamic_ncols=True,
        )

        def leave_out(content: str, reason: str) -> None:
            unreadable[content] = reason
            bar.write(f"left out: {content}: {reason}", file=sys.stderr)
            bar.total -= len(ranked_set.versions(self._preset))

        pool = concurrent.futures.ThreadPoolExecutor(self._workers)
        with bar:
            try:
                tasks = self._tasks(done, leave_out)
                for made in _in_order(pool, tasks, ahead=2 * self._workers):
                    self._store.write(*made)
                    bar.update()
            finally:
                pool.shutdown(cancel_futures=True)
        if len(unreadable) < len(self._contents):
            self._store.finish([v for v in versions if v.content not in unreadable])
            self._write_description(finished=True, unreadable=unreadable)
        return unreadable

    def _versions(self, content: str) -> list[Version]:
        return [
            Version(
                content,
                row,
                level,
                seed_of(self._seed, content, row.name, level)
                if row is not None and row.random
                else None,
            )
            for row, level in ranked_set.versions(self._preset)
        ]

    def _tasks(
        self,
        done: Collection[tuple[str, str, int]],
        leave_out: Callable[[str, str], None],
    ) -> Iterator[Callable[[], tuple[Version, bytes, tuple[int, ...]]]]:
        """What the workers have to do, photo by photo."""
        for content in self._contents:
            missing = [v for v in self._versions(content) if v.key not in done]
            if not missing:
                continue
            path = self._photos / content
            try:
                photo = photo_files.read(path)
            except photo_files.PhotoError as error:
                leave_out(content, str(error).removeprefix(f"{path}: "))
                continue
            photo = _middle(photo, self._crop)
            for version in missing:
                yield functools.partial(_make, version, photo)

    def _take_up(self) -> None:
        """Claims the output, or checks that it was claimed for the same set."""
        self._output.mkdir(parents=True, exist_ok=True)
        former = ranked_set.read_description(self._output)
        if former is None:
            others = (file.name for file in self._output.iterdir())
            other = next((n for n in others if not n.endswith(".partial")), None)
            if other is not None:
                raise ValueError(
                    f"{self._output} is not empty and holds no ranked set, but {other}"
                )
            self._write_description(finished=False)
            return
        differences = _differences(former, json.loads(json.dumps(self._description)))
        if differences:
            raise ValueError(
                f"{self._output} holds another set: {'; '.join(differences)}. Give the "
                "same options to go on with it, or another --output"
            )

    def _write_description(self, **changed: object) -> None:
        ranked_set.write_description(self._output, self._description | changed)


class _Files:
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
        ranked_set.write_whole(path, contents)

    def finish(self, versions: list[Version]) -> None:
        """Writes the manifest of these images, all of which are there."""
        lines = (
            v.image(_file_of(v), 0, ranked_set.size_of(self._path(v)) or 0)
            for v in versions
        )
        ranked_set.write_images(ranked_set.manifest(self._folder), lines)

    def _path(self, version: Version) -> Path:
        return self._folder / _file_of(version)


class _Shards:
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
            self._writer = tf.io.TFRecordWriter(str(self._path(".partial")))
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
        self._writer.close()
        self._path(".partial").rename(self._path(".tfrecord"))
        ranked_set.write_images(self._path(".csv"), self._lines)
        self._full.append(self._lines)
        self._lines, self._size = [], 0

    def _path(self, suffix: str, number: int | None = None) -> Path:
        number = len(self._full) if number is None else number
        return self._folder / f"ranked-{number:05}{suffix}"


def _middle(photo: np.ndarray, crop: int) -> np.ndarray:
    if not crop:
        return photo
    top, left = (max(side - crop, 0) // 2 for side in photo.shape[:2])
    return photo[top : top + crop, left : left + crop]


def _make(
    version: Version, photo: np.ndarray
) -> tuple[Version, bytes, tuple[int, ...]]:
    try:
        return version, version.encode(photo), photo.shape[:2]
    except Exception as error:
        what = f"{version.name} {version.level}".strip()
        error.add_note(f"while making {what} of {version.content}")
        raise


def _in_order(
    pool: concurrent.futures.Executor, tasks: Iterator[Callable[[], Any]], *, ahead: int
) -> Iterator[Any]:
    """Yields the tasks' results in their order, working on a few more meanwhile."""
    waiting: collections.deque[concurrent.futures.Future] = collections.deque()
    for task in tasks:
        waiting.append(pool.submit(task))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()


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


def _differences(former: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Says in what the options of two sets differ."""
    former = {"crop": 0} | former  # Sets were of whole photos before there were crops.
    found = [
        f"its {name} is {former.get(name)}, not {now.get(name)}"
        for name in ("preset", "seed", "format", "shard_megabytes", "crop")
        if former.get(name) != now.get(name)
    ]
    names = [[row["name"] for row in of["distortions"]] for of in (former, now)]
    if names[0] != names[1] and former["preset"] == now["preset"]:
        found.append(f"its distortions are {','.join(names[0])}")
    elif names[0] == names[1] and former["distortions"] != now["distortions"]:
        found.append(f"the table of {now['preset']} has changed since")
    photos, photos_now = former["photos"], now["photos"]
    for change, contents in {
        "new": photos_now.keys() - photos.keys(),
        "gone": photos.keys() - photos_now.keys(),
        "changed": {
            content
            for content in photos.keys() & photos_now.keys()
            if photos[content] != photos_now[content]
        },
    }.items():
        if contents:
            found.append(f"photos {change}: {len(contents)}, such as {min(contents)}")
    return found
