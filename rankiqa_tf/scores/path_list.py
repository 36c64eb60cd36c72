"""The photos named on a command line, directly or in a list on standard input."""

import collections
import dataclasses
import itertools
import os
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

from distortions import photo_files

STANDARD_INPUT = "-"
_PIECE = 2**16  # Bytes to ask for; a pipe returns what it has.


@dataclasses.dataclass
class Asked:
    """Photos to score.

    Attributes:
        photos: can be iterated over once.
        count: number of photos; None if a list supplies them one by one.
        problems: for each path without photos what is wrong with it, in one line;
            complete once all photos of a list have been iterated over.
        passed_over: number of files in folders with unsupported photo formats, by
            format; complete likewise.
    """

    photos: Iterator[Path]
    count: int | None
    problems: list[str]
    passed_over: collections.Counter[str]


def find(
    paths: Sequence[str], *, recursive: bool = True, standard_input: int = 0
) -> Asked:
    """Finds the photos to score.

    Args:
        paths: files and folders; "-" stands for a list on standard input, one path per
            line or separated by NULs, read as it arrives. Paths in it that are not
            folders count as photos, whether they exist or not.
        recursive: whether to search subfolders.
        standard_input: its file descriptor, read if "-" is given.

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
    """Yields the names in a list, each as soon as it arrives.

    Args:
        descriptor: of a file or pipe with NUL-terminated names, as `find -print0`
            writes them, or one name per line; the first terminator decides which.

    Raises:
        ValueError: if a line contains a NUL.
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
                "a line of the list on standard input contains a NUL: give either "
                "one path per line or a NUL after each"
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
