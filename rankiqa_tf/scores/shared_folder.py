"""What photos are called beside each other: by the folders that they differ in."""

import itertools
import os
from collections.abc import Iterable
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path from the top; links stay, as a link is a photo of its own name."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def of(folders: Iterable[Path]) -> Path:
    """Finds the folder that all of these are in, or are.

    Returns:
        Its absolute path; an empty one if there is none, as on two drives of Windows.
    """
    levels = zip(*(absolute(folder).parts for folder in folders), strict=False)
    shared = itertools.takewhile(lambda names: len(set(names)) == 1, levels)
    return Path(*(names[0] for names in shared))


def inside(path: str | os.PathLike[str], folder: Path) -> Path:
    """Names a file by its place in a folder.

    Args:
        path: the file.
        folder: as `of` gives it.

    Returns:
        A relative path, with a ".." for each level that the file is outside of the
        folder; another file's is another.
    """
    parts, home = absolute(path).parts, folder.parts
    pairs = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(parts, home, strict=False)
    )
    shared = sum(1 for _ in pairs)
    if not shared:  # A drive becomes a folder.
        return Path(parts[0].strip(":\\/"), *parts[1:])
    return Path(*[".."] * (len(home) - shared), *parts[shared:])
