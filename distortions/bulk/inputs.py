"""The photos of a pipeline: found by patterns and lists, read where it is their turn.

A photo is a pair of its path, as bytes, for a file's name need not be text, and the
size that its file had when it was found, in bytes; of a path that a list names, which
nobody has looked for yet, that is None.
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
    """Finds photos, and spreads them over the workers.

    Args:
        inputs: folders, searched with all folders in them, and patterns, in which *
            stands for anything but a slash and ** for anything. Of what they match,
            photos are taken by their names, hidden ones left out.
        lists: text files, or patterns of them, of one path a line: all of them are
            taken for photos.

    Raises:
        ValueError: if there are none, or one matches nothing or cannot be looked for.
    """

    def __init__(self, inputs: Sequence[str], lists: Sequence[str]):
        super().__init__()
        if not inputs and not lists:
            raise ValueError("name photos: folders or patterns as --input, or a --list")
        for each in (*map(pattern_of, inputs), *lists):
            check_matches(each)
        self._inputs, self._lists = tuple(inputs), tuple(lists)

    def expand(self, pbegin: beam.Pipeline) -> beam.PCollection:
        """Adds it to a pipeline."""
        found = [
            pbegin
            | "inputs" >> beam.Create(self._inputs)
            # Each may be searched by a worker of its own.
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
    """The pattern of all files that are meant."""
    if _WILDCARD.search(folder_or_pattern):
        return folder_or_pattern
    return posixpath.join(folder_or_pattern, "**")


def root_of(folder_or_pattern: str) -> str:
    """The folder that all files that are meant are in, as far as is known."""
    return posixpath.dirname(_WILDCARD.split(pattern_of(folder_or_pattern))[0])


def root_to_name_by(root: str, inputs: Sequence[str], lists: Sequence[str]) -> str:
    """The folder that photos are named by their paths in.

    Args:
        root: the one that was asked for; empty if none.
        inputs: as of `Photos`.
        lists: likewise.

    Raises:
        ValueError: if none was asked for, and the inputs are not of one folder.
    """
    roots = {root_of(each) for each in inputs}
    if root or (len(roots) == 1 and not lists):
        return root or roots.pop()
    raise ValueError(
        "give as --root the folder that photos are named by their paths in: a --list, "
        "and several --input, do not tell it"
    )


def check_matches(pattern: str) -> None:
    """Checks that a pattern matches any file.

    Raises:
        ValueError: if it does not, or cannot be looked for.
    """
    if not exists(pattern):
        raise ValueError(
            f"no file matches {pattern}: give a folder, or a pattern in which * stands "
            "for anything but a slash and ** for anything"
        )


def exists(pattern: str) -> bool:
    """Tells whether there is a file that a pattern matches.

    Raises:
        ValueError: if it cannot be looked for; the message says why.
    """
    try:
        (found,) = FileSystems.match([pattern], limits=[1])
    except Exception as error:  # Each file system has errors of its own.
        raise ValueError(f"{pattern} cannot be looked for: {_reason(error)}") from error
    return bool(found.metadata_list)


def read(path: str) -> bytes:
    """Reads a file of any of Beam's file systems.

    Raises:
        PhotoError: if it cannot be read, as when it has vanished since it was found;
            the message does not name the path.
    """
    try:
        with FileSystems.open(
            path, compression_type=CompressionTypes.UNCOMPRESSED
        ) as file:
            return file.read()
    except Exception as error:  # Each file system has errors of its own.
        raise PhotoError(_reason(error)) from None


class _Find(beam.DoFn):
    """From an input to its photos."""

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
    """What an error of a file system says, in a line, as local programs say it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return next(iter(str(error).splitlines()), "") or type(error).__name__
