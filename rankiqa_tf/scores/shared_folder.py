"""Names of photos relative to the folder they have in common."""

import itertools
import os
from collections.abc import Iterable
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """Returns the absolute path without resolving links: a link counts as a photo."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def of(folders: Iterable[Path]) -> Path:
    """Returns the deepest folder that contains or equals all of these.

    Returns:
        Its absolute path; an empty one if there is none, as for two drives on Windows.
    """
    levels = zip(*(absolute(folder).parts for folder in folders), strict=False)
    shared = itertools.takewhile(lambda names: len(set(names)) == 1, levels)
    return Path(*(names[0] for names in shared))


def inside(path: str | os.PathLike[str], folder: Path) -> Path:
    """Names a file by its position relative to a folder.

    Args:
        path: the file.
        folder: from `of`.

    Returns:
        A relative path, with a ".." for each level above the folder that the file is
        in; different files have different ones.
    """
    parts, home = absolute(path).parts, folder.parts
    pairs = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(parts, home, strict=False)
    )
    shared = sum(1 for _ in pairs)
    if not shared:  # A drive becomes a folder.
        return Path(parts[0].strip(":\\/"), *parts[1:])
    return Path(*[".."] * (len(home) - shared), *parts[shared:])
