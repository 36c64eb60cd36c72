"""What photos are called beside each other: by the folders that they differ in."""

import itertools
import os
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path


def absolute(path: Path) -> Path:
    """The path from the top; links stay, as a link is a photo of its own name."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def of(photos: Iterable[Path]) -> tuple[Path, Mapping[Path, Path]]:
    """Finds the folder that all photos are in.

    Args:
        photos: paths, of which two may lead to one file.

    Returns:
        The folder, absolute (an empty path where there is none, as on two drives of
        Windows), and by photo its path in it.
    """
    parts = {photo: absolute(photo).parts for photo in photos}
    levels = zip(*(each[:-1] for each in parts.values()), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda one: len(set(one)) == 1, levels))
    folder = Path(*next(iter(parts.values()), ())[:shared])
    return folder, {photo: _inside(each, shared) for photo, each in parts.items()}


def _inside(parts: tuple[str, ...], shared: int) -> Path:
    if shared:
        return Path(*parts[shared:])
    return Path(parts[0].strip(":\\/"), *parts[1:])  # A drive becomes a folder.
