"""Makes ranked sets: every photo of a folder at every level of a preset, on disk.

An image depends on the preset, the seed, the photo and its path, but not on the other
photos, the number of workers, or interruptions.
"""

import functools
import json
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import tensorflow as tf

from distortions import cores
from distortions import folder_lock
from distortions import photo_files
from distortions import progress
from distortions import whole_file
from distortions.photo_header import PhotoError
from distortions.registry import Preset
from distortions.sets import ranked_set
from distortions.sets import stores
from distortions.sets.version import Version
from distortions.sets.version import version_seed


class Generation:
    """A set to be made or continued.

    Args:
        photos: the folder of the photos.
        output: the folder of the set: missing, empty, or left by the same generation;
            the caller has to lock it (`folder_lock`).
        preset: the distortions of each photo.
        seed: decides everything random.
        format: "files", one per image, or "tfrecord", shards of many images.
        shard_megabytes: maximum size of a shard, unless a single image is larger.
        crop: side in pixels of the middle of each photo to use; a side of a photo that
            is shorter is kept. 0 for whole photos.
        workers: number of images made in parallel.

    Raises:
        ValueError: if there is nothing to make, or the output contains something else.
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
        for name in self._contents:
            try:
                name.encode()
            except UnicodeEncodeError:  # The set's files store it as UTF-8.
                raise ValueError(
                    f"names of photos must be UTF-8, and {name!r} in {photos} is not"
                ) from None
        if output.resolve().is_relative_to(photos.resolve()):
            raise ValueError(
                f"the output, {output}, must not be inside the folder of the photos, "
                f"{photos}: its images would be taken for photos"
            )
        self._description = describe(
            preset,
            {
                content: ranked_set.size_of(photos / content)
                for content in self._contents
            },
            seed=seed,
            format=format,
            shard_megabytes=shard_megabytes,
            crop=crop,
        )
        self._take_up()
        self._store: stores.Files | stores.Shards = (
            stores.Files(output)
            if format == "files"
            else stores.Shards(output, shard_megabytes * 1_000_000)
        )

    @property
    def num_photos(self) -> int:
        """Number of photos found."""
        return len(self._contents)

    def run(self) -> dict[str, str]:
        """Makes the images that do not exist yet.

        Returns:
            What was wrong with photos that could not be read, by content. If no photo
            can be read, the set stays unfinished.

        Raises:
            OSError: if the images cannot be written.
        """
        a_photo = len(ranked_set.versions(self._preset))
        unreadable: dict[str, str] = {}
        with progress.bar(self._preset.name, len(self._contents) * a_photo) as bar:

            def leave_out(content: str, reason: str) -> None:
                unreadable[content] = reason
                bar.write(f"left out: {content}: {reason}", file=sys.stderr)
                bar.total -= a_photo

            def skip(images: int) -> None:
                # Not made now, so they do not count towards the speed.
                bar.initial += images
                bar.last_print_n += images
                bar.n += images

            tasks = self._tasks(leave_out, skip)
            for made in cores.ahead(lambda task: task(), tasks, workers=self._workers):
                self._store.write(*made)
                bar.update()
        if len(unreadable) < len(self._contents):
            self._store.finish(
                version
                for content in self._contents
                if content not in unreadable
                for version in versions_of(self._preset, content, seed=self._seed)
            )
            self._write_description(finished=True, unreadable=unreadable)
        return unreadable

    def _tasks(
        self,
        leave_out: Callable[[str, str], None],
        skip: Callable[[int], None],
    ) -> Iterator[Callable[[], tuple[Version, bytes, tuple[int, ...]]]]:
        """Yields the workers' tasks, photo by photo, keeping only one photo in memory.

        Args:
            leave_out: called with a photo that cannot be read, and the reason.
            skip: called with the number of a photo's images that already exist.
        """
        for content in self._contents:
            versions = versions_of(self._preset, content, seed=self._seed)
            missing = self._store.missing(versions)
            skip(len(versions) - len(missing))
            if not missing:
                continue
            path = self._photos / content
            try:
                photo = photo_files.read(path)
            except PhotoError as error:
                leave_out(content, str(error).removeprefix(f"{path}: "))
                continue
            # Otherwise its versions could be made from different photos.
            if ranked_set.size_of(path) != self._description["photos"][content]:
                leave_out(content, "it was changed since the photos were listed")
                continue
            photo = middle(photo, self._crop)
            for version in missing:
                yield functools.partial(make, version, photo)

    def _take_up(self) -> None:
        """Claims the output, or checks that it was claimed for the same set."""
        self._output.mkdir(parents=True, exist_ok=True)
        former = ranked_set.read_description(self._output)
        if former is None:
            others = (file.name for file in self._output.iterdir())
            own = (whole_file.ENDING, folder_lock.NAME)
            other = next((name for name in others if not name.endswith(own)), None)
            if other is not None:
                raise ValueError(
                    f"{self._output} is not empty and contains no ranked set, but "
                    f"{other}"
                )
            self._write_description(finished=False)
            return
        differences = _differences(former, json.loads(json.dumps(self._description)))
        if differences:
            raise ValueError(
                f"{self._output} contains another set: {'; '.join(differences)}. Give "
                "the same options to continue it, or another --output"
            )
        whole_file.clear(self._output)

    def _write_description(self, **changed: object) -> None:
        ranked_set.write_description(self._output, self._description | changed)


def describe(
    preset: Preset,
    photos: Mapping[str, int | None],
    *,
    seed: int,
    format: str,
    shard_megabytes: int,
    crop: int,
) -> dict[str, Any]:
    """Returns the content of set.json for an unfinished set.

    Args:
        preset: as for `Generation`, like the options below.
        photos: sizes of the photos' files in bytes, by content; None if a file is gone.
        seed: as for `Generation`.
        format: as for `Generation`.
        shard_megabytes: as for `Generation`.
        crop: as for `Generation`.
    """
    description: dict[str, Any] = {
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
        "photos": dict(photos),
        "unreadable": {},
    }
    if format == "tfrecord":
        description["shard_megabytes"] = shard_megabytes
    return description


def versions_of(preset: Preset, content: str, *, seed: int) -> list[Version]:
    """Returns a photo's versions in order, each with a seed derived from the set's."""
    return [
        Version(
            content,
            row,
            level,
            version_seed(seed, content, row, level)
            if row is not None and row.random
            else None,
        )
        for row, level in ranked_set.versions(preset)
    ]


def middle(photo: np.ndarray, crop: int) -> np.ndarray:
    """Returns the middle of a photo, [h, w, 3]; the whole photo if `crop` is 0."""
    if not crop:
        return photo
    top, left = (max(side - crop, 0) // 2 for side in photo.shape[:2])
    return photo[top : top + crop, left : left + crop]


def make(version: Version, photo: np.ndarray) -> tuple[Version, bytes, tuple[int, ...]]:
    """Makes a version of a photo, uint8 [h, w, 3]; returns it, its file and sides."""
    try:
        return version, version.encode(photo), photo.shape[:2]
    except Exception as error:
        what = f"{version.name} {version.level}".strip()
        error.add_note(f"while making {what} of {version.content}")
        raise


def _tables(description: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of a set's table, without the prose about their sources."""
    return [
        {name: value for name, value in row.items() if name != "source"}
        for row in description["distortions"]
    ]


def _differences(former: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Describes how the options of two sets differ."""
    former = {"crop": 0} | former  # Before there were crops, sets had whole photos.
    found = [
        f"its {name} is {former.get(name)}, not {now.get(name)}"
        for name in ("preset", "seed", "format", "shard_megabytes", "crop")
        if former.get(name) != now.get(name)
    ]
    names = [[row["name"] for row in of["distortions"]] for of in (former, now)]
    if names[0] != names[1] and former["preset"] == now["preset"]:
        found.append(f"its distortions are {','.join(names[0])}")
    elif names[0] == names[1] and _tables(former) != _tables(now):
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
