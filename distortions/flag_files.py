"""Flagfiles as editors write them: with a byte-order mark, in UTF-8 or UTF-16.

absl takes a mark for a part of the first line, and UTF-16 (which PowerShell writes) for
no text at all. So files are put in place of `--flagfile` before absl sees it.
"""

import codecs
import re
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

_FLAG = re.compile(r"--?flagfile(?:=(.*))?")


def expand(argv: Sequence[str]) -> list[str]:
    """Puts the lines of flagfiles in their place.

    As with absl, a line is an argument; empty lines and those that begin with # or //
    are passed over; a flagfile may name others, from the current folder on.

    Args:
        argv: the program and its arguments.

    Raises:
        ValueError: if a flagfile is not text, or names itself.
        OSError: if it cannot be read.
    """
    return [*argv[:1], *_expanded(argv[1:], ())]


def _expanded(arguments: Sequence[str], inside: tuple[Path, ...]) -> Iterator[str]:
    rest = iter(arguments)
    for argument in rest:
        match = _FLAG.fullmatch(argument)
        if argument == "--":
            yield argument
            yield from rest
        elif match is None:
            yield argument
        else:
            name = next(rest, "") if match[1] is None else match[1]
            if name:  # absl passes over an empty one.
                yield from _expanded(*_lines(Path(name).expanduser(), inside))


def _lines(path: Path, inside: tuple[Path, ...]) -> tuple[list[str], tuple[Path, ...]]:
    """The arguments in a file, and the files that they are in."""
    path = path.absolute()
    if path in inside:
        raise ValueError(f"flagfile {path} names itself")
    contents = path.read_bytes()
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if contents.startswith(marks) else "utf-8-sig"
    try:
        lines = contents.decode(encoding).splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"flagfile {path} is not text in UTF-8: {error}") from None
    said = [line.strip() for line in lines if not line.startswith(("#", "//"))]
    return [line for line in said if line], (*inside, path)
