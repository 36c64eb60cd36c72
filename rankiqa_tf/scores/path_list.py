"""The photos that a command line names, itself or by a list on the standard input."""

import collections
import dataclasses
import itertools
import os
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

from distortions import photo_files

STANDARD_INPUT = "-"
_PIECE = 2**16  # Bytes that are asked for; a pipe gives what it has.


@dataclasses.dataclass
class Asked:
    """Photos to score.

    Attributes:
        photos: to be gone through once.
        count: how many they are; None if a list tells them one by one.
        problems: what is wrong with each path that gave none, in a line each; of a
            list, known when its photos are gone through.
        passed_over: numbers of files in folders that are photos of kinds that are not
            read, by kind; likewise.
    """

    photos: Iterator[Path]
    count: int | None
    problems: list[str]
    passed_over: collections.Counter[str]


def find(
    paths: Sequence[str], *, recursive: bool = True, standard_input: int = 0
) -> Asked:
    """Finds the photos that are asked for.

    Args:
        paths: files and folders; "-" is a list of some on the standard input, one a
            line or with a NUL after each, taken up as it comes. Those of a list that
            are no folders are photos, be they there or not.
        recursive: whether folders in folders are searched.
        standard_input: its descriptor, read if it is asked for.

    Raises:
        ValueError: if there are none.
    """
    named = [path for path in paths if path != STANDARD_INPUT]
    found = photo_files.search(named, recursive=recursive)
    asked = Asked(
        iter(found.photos),
        len(found.photos),
        list(found.problems),
        collections.Counter(found.passed_over),
    )
    if len(named) < len(paths):
        asked.count = None
        listed = _search(asked, names(standard_input), recursive=recursive)
        asked.photos = itertools.chain(asked.photos, listed)
    first = next(asked.photos, None)
    if first is None:
        raise ValueError(
            "; ".join(asked.problems)
            or "the standard input names no photos: give one a line, as find does"
        )
    asked.photos = itertools.chain([first], asked.photos)
    return asked


def names(descriptor: int) -> Iterator[str]:
    """Yields the names that a list holds, each as soon as it is there.

    Args:
        descriptor: of a file or pipe of names with a NUL after each, as `find -print0`
            writes them, or one a line; which of them is told by what comes first.

    Raises:
        ValueError: if a line holds a NUL.
    """
    rest, end = b"", b""
    while piece := os.read(descriptor, _PIECE):
        rest += piece
        if not end:
            end = next((each for each in (b"\0", b"\n") if each in rest), b"")
        if end:
            *whole, rest = rest.split(end)
            yield from _decoded(whole, end)
    yield from _decoded([rest], end)


def _decoded(found: Sequence[bytes], end: bytes) -> Iterator[str]:
    for name in found:
        text = name if end == b"\0" else name.removesuffix(b"\r")
        if b"\0" in text:
            raise ValueError(
                "a line of the list on the standard input holds a NUL: give either one "
                "path a line or a NUL after each"
            )
        if text:
            yield os.fsdecode(text)


def _search(asked: Asked, listed: Iterator[str], *, recursive: bool) -> Iterator[Path]:
    try:
        for path in map(Path, listed):
            if not path.is_dir():
                yield path
                continue
            found = photo_files.search([path], recursive=recursive)
            asked.problems += found.problems
            asked.passed_over.update(found.passed_over)
            yield from found.photos
    except ValueError as error:  # The list itself is wrong from here on.
        asked.problems.append(str(error))
