"""Photos in files and folders, read as uint8 RGB [height, width, 3]."""

import collections
import dataclasses
import os
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from distortions import photo_decoding
from distortions import unread_kinds
from distortions.photo_header import PhotoError

# fmt: off
SUFFIXES = (
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".j2c", ".j2k", ".jfif", ".jif", ".jp2",
    ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".pbm", ".pgm", ".png",
    ".pnm", ".ppm", ".tif", ".tiff", ".webp",
    *((".heic", ".heif", ".hif") if photo_decoding.READS_HEIC else ()),
)
# fmt: on


class Paths(Collection[Path]):
    """An ordered collection of paths, stored as strings, in a quarter of the memory.

    Args:
        names: of the files.
    """

    def __init__(self, names: Sequence[str]):
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Path]:
        return map(Path, self._names)

    def __contains__(self, path: object) -> bool:
        return any(path == each for each in self)


@dataclasses.dataclass(frozen=True)
class Listing:
    """Photos found in files and folders.

    Attributes:
        photos: files to read as photos, in order.
        problems: for each path that gave none, what is wrong with it, in one line.
        passed_over: number of files in folders with unsupported photo formats, by
            format, for `unread_kinds.passed_over`.
    """

    photos: Paths
    problems: Sequence[str]
    passed_over: Mapping[str, int]


def search(paths: Sequence[str | Path], *, recursive: bool = True) -> Listing:
    """Lists photos: files as given, and photos inside folders.

    A file is accepted whatever its name. Folders are searched as by `find`. A path that
    does not exist, or a folder without photos, does not affect the others.

    Args:
        paths: files and folders.
        recursive: whether to search subfolders.
    """
    photos: list[str] = []
    problems: list[str] = []
    counts: collections.Counter[str] = collections.Counter()
    for path in map(Path, paths):
        if path.is_dir():
            found, others = _photos(path, recursive=recursive)
            photos += [str(path / name) for name in found]
            counts += others
            if not found:
                problems.append(_no_photos(path, others))
        elif path.exists():
            photos.append(str(path))
        else:
            problems.append(f"no such file or folder: {path}{_hint(path)}")
    return Listing(Paths(photos), problems, counts)


def find(folder: Path) -> list[str]:
    """Lists the photos anywhere in a folder, except hidden ones.

    Links to folders are followed. Each folder is searched only once, so circular links
    are harmless, and a photo is not listed again through a link to its folder.

    Returns:
        Their paths relative to the folder, with slashes, sorted.

    Raises:
        ValueError: if the folder does not exist, or contains no photo.
    """
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    found, others = _photos(folder)
    if not found:
        raise ValueError(_no_photos(folder, others))
    return found


def read(path: Path, *, warn: Callable[[str], None] | None = None) -> np.ndarray:
    """Reads a photo in any supported format; see `photo_decoding.decode`.

    Args:
        path: the file.
        warn: called with each of the decoder's warnings, as one line without the path;
            if None, warnings are dropped.

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo; its message
            starts with the path.
    """
    try:
        return photo_decoding.decode(path.read_bytes(), warn=warn)
    except OSError as error:
        raise PhotoError(f"{path}: {error.strerror}") from None
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None


def _photos(
    root: Path, *, recursive: bool = True
) -> tuple[list[str], collections.Counter[str]]:
    """Returns photos in a folder, sorted, and counts of other photo formats."""
    found = []
    others: collections.Counter[str] = collections.Counter()
    for file in _files(root, recursive=recursive):
        suffix = file.suffix.lower()
        if suffix in SUFFIXES:
            if file.is_file():
                found.append(file.relative_to(root).as_posix())
        elif kind := unread_kinds.of_name(suffix):
            others[kind] += 1
    return sorted(found), others


def _files(root: Path, *, recursive: bool) -> Iterator[Path]:
    """Yields the files in a folder that are not hidden, each folder's once."""
    searched: set[tuple[int, int]] = set()
    # Links wait until all real folders have been searched.
    waiting = collections.deque([root])
    while waiting:
        for name, folders, files in os.walk(waiting.popleft()):
            folder = Path(name)
            status = folder.stat()
            folders.sort()
            if (status.st_dev, status.st_ino) in searched:
                folders.clear()
                continue
            searched.add((status.st_dev, status.st_ino))
            folders[:] = [
                each for each in folders if recursive and not each.startswith(".")
            ]
            waiting += [
                folder / each for each in folders if (folder / each).is_symlink()
            ]
            yield from (folder / file for file in files if not file.startswith("."))


def _no_photos(folder: Path, others: Mapping[str, int]) -> str:
    text = f"no photos in {folder}; looked for files that end in {', '.join(SUFFIXES)}"
    return f"{text}; {unread_kinds.passed_over(others)}" if others else text


def _hint(path: Path) -> str:
    if not any(character in "*?[" for character in str(path)):
        return ""
    return (
        " (it looks like a pattern, which the shell replaces by the files that match, "
        "if there are any: give the folder, whose photos are then all taken)"
    )
