"""The photos of a pipeline: found by patterns and lists, and read when needed.

A photo is a pair: its path, as bytes since a file's name need not be text, and the size
of its file in bytes when it was found. The size is None for paths from a list, which
have not been looked up yet.
"""

import collections
import os
import posixpath
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from distortions import photo_files
from distortions import unread_kinds
from distortions.bulk import engine
from distortions.photo_header import PhotoError

Photo = tuple[bytes, int | None]

_WILDCARD = re.compile(r"[*?[]")


class Photos(beam.PTransform):
    """Finds photos, and distributes them among the workers.

    Args:
        inputs: folders, searched recursively, and patterns, in which * stands for
            anything but a slash and ** for anything. Of the matching files, photos are
            recognised by their names; hidden ones are left out.
        lists: text files, or patterns of them, with one path per line; all paths are
            treated as photos.

    Raises:
        ValueError: if there are none, or one matches nothing or cannot be looked up.
    """

    def __init__(self, inputs: Sequence[str], lists: Sequence[str]):
        super().__init__()
        if not inputs and not lists:
            raise ValueError(
                "no photos given: give folders or patterns as --input, or a --list"
            )
        for each in (*map(pattern_of, inputs), *lists):
            check_matches(each)
        self._inputs, self._lists = tuple(inputs), tuple(lists)

    def expand(self, pbegin: beam.Pipeline) -> beam.PCollection:
        """Adds this transform to a pipeline."""
        found = [
            pbegin
            | "inputs" >> beam.Create(self._inputs)
            # Each may be searched by a different worker.
            | "spread inputs" >> beam.Reshuffle()
            | "find" >> beam.ParDo(_Find())
        ]
        for number, each in enumerate(self._lists):
            found.append(
                pbegin
                | f"list {number}" >> beam.io.ReadFromText(each, coder=BytesCoder())
                | f"paths {number}" >> beam.FlatMap(_listed)
            )
        return tuple(found) | beam.Flatten() | "spread photos" >> beam.Reshuffle()


def pattern_of(folder_or_pattern: str) -> str:
    """Returns the pattern that matches all files of a folder or pattern."""
    if _WILDCARD.search(folder_or_pattern):
        return folder_or_pattern
    return posixpath.join(folder_or_pattern, "**")


def root_of(folder_or_pattern: str) -> str:
    """Returns the innermost folder known to contain all matching files."""
    return posixpath.dirname(_WILDCARD.split(pattern_of(folder_or_pattern))[0])


def root_to_name_by(root: str, inputs: Sequence[str], lists: Sequence[str]) -> str:
    """Returns the folder that photos' names are relative to.

    Args:
        root: the folder asked for; empty if none.
        inputs: as for `Photos`.
        lists: as for `Photos`.

    Raises:
        ValueError: if none was asked for, and the inputs do not share a single folder.
    """
    roots = {root_of(each) for each in inputs}
    if root or (len(roots) == 1 and not lists):
        return root or roots.pop()
    raise ValueError(
        "give --root, the folder that photos' names are relative to: it cannot be "
        "told from a --list or from several --input"
    )


def check_matches(pattern: str) -> None:
    """Checks that a pattern matches at least one file.

    Raises:
        ValueError: if it does not, or cannot be looked up.
    """
    if not exists(pattern):
        raise ValueError(
            f"no file matches {pattern}: give a folder, or a pattern in which * stands "
            "for anything but a slash and ** for anything"
        )


def exists(pattern: str) -> bool:
    """Whether a pattern matches at least one file.

    Raises:
        ValueError: if it cannot be looked up; the message says why.
    """
    try:
        (found,) = FileSystems.match([pattern], limits=[1])
    except Exception as error:  # Each file system has its own errors.
        raise ValueError(f"{pattern} cannot be listed: {_reason(error)}") from error
    return bool(found.metadata_list)


def read(path: str) -> bytes:
    """Reads a file from any of Beam's file systems.

    Raises:
        PhotoError: if it cannot be read, for example because it has vanished since it
            was found; the message does not name the path.
    """
    try:
        with FileSystems.open(
            path, compression_type=CompressionTypes.UNCOMPRESSED
        ) as file:
            return file.read()
    except Exception as error:  # Each file system has its own errors.
        raise PhotoError(_reason(error)) from None


class _Find(beam.DoFn):
    """Turns an input into its photos."""

    def process(self, folder_or_pattern: str) -> Iterator[Photo]:
        (found,) = FileSystems.match([pattern_of(folder_or_pattern)])
        root = root_of(folder_or_pattern)
        others: collections.Counter[str] = collections.Counter()
        for file in found.metadata_list:
            names = posixpath.relpath(file.path, root or ".").split("/")
            suffix = posixpath.splitext(names[-1])[1].lower()
            if any(name.startswith(".") for name in names):
                continue
            if suffix in photo_files.SUFFIXES:
                yield os.fsencode(file.path), file.size_in_bytes
            elif kind := unread_kinds.of_name(suffix):
                others[kind] += 1
        for kind, count in others.items():
            engine.counter(engine.PASSED_OVER, kind).inc(count)


def _listed(line: bytes) -> Iterable[Photo]:
    path = line.removesuffix(b"\r")
    return [(path, None)] if path else []


def _reason(error: Exception) -> str:
    """Returns the reason for a file system's error in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return next(iter(str(error).splitlines()), "") or type(error).__name__
