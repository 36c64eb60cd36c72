"""Writing files and folders atomically: whole or not at all.

Content is first written beside its destination, under a name that ends in ".partial";
it is flushed to disk, and then moved into place in one step. If a process is killed,
the disk fills up or the power fails, what was there before remains, or nothing, and
perhaps a ".partial" file, which nobody reads: whoever has locked a folder
(`folder_lock`) can `clear` it.
"""

import contextlib
import errno
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

ENDING = ".partial"
_ANY = "." + 8 * "[0-9a-f]" + ENDING  # The names that `_beside` gives.


def write(path: Path, contents: bytes, *, sync_folder: bool = True) -> None:
    """Writes a file atomically: it is never seen half written.

    Args:
        path: the file; its folder has to exist.
        contents: its bytes.
        sync_folder: whether the file is certain to exist after a power cut. If not, it
            may be missing then, but not half written; with many files that is faster.

    Raises:
        OSError: if it cannot be written; what was there before remains.
    """
    beside = _beside(path)
    try:
        with beside.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        _name(error, beside, path)
        raise
    if sync_folder:
        sync(path.parent)


def check(path: Path) -> None:
    """Checks that a file can be written, without changing anything.

    Raises:
        OSError: if it cannot.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    beside = _beside(path)
    try:
        beside.touch()
    except OSError as error:
        _name(error, beside, path)
        raise
    beside.unlink()


@contextlib.contextmanager
def made_beside(path: Path) -> Iterator[Path]:
    """Yields a temporary path with the same file name, moved to `path` at the end.

    Args:
        path: the file or folder to write; what is there is replaced. Its folder has to
            exist.

    Yields:
        Where to write it: in a temporary folder, which may also be used for other files
        and is deleted at the end.

    Raises:
        OSError: if it cannot be written; what was there before remains.
    """
    folder = _beside(path)
    made = folder / path.name
    try:
        folder.mkdir()
        yield made
        _sync_all(made)
        if path.is_dir() and not path.is_symlink():
            # Only an empty folder can be replaced. For an instant there is none.
            former = folder / f"former{ENDING}"
            path.rename(former)
            try:
                made.rename(path)
            except BaseException:
                former.rename(path)
                raise
        else:
            made.replace(path)
        sync(path.parent)
    except BaseException as error:
        _name(error, made, path)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove(folder: Path) -> None:
    """Deletes a folder, if it exists, so that it is never seen half deleted."""
    beside = _beside(folder)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(beside)
        shutil.rmtree(beside)


def clear(folder: Path) -> None:
    """Deletes what killed processes left half written in a folder and its subfolders.

    Args:
        folder: a folder that nobody else is writing to.
    """
    for left in list(folder.rglob(_ANY)):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def clear_beside(path: Path) -> None:
    """Deletes what killed processes left half written of a file or folder.

    Args:
        path: as for `made_beside`; nobody else may be writing to it.
    """
    for left in list(path.parent.glob(f"{_ANY}/{glob.escape(path.name)}")):
        shutil.rmtree(left.parent, ignore_errors=True)


def sync(path: Path) -> None:
    """Flushes a file's contents, or a folder's list of names, to disk."""
    if os.name == "nt":  # It cannot open folders, or flush files opened for reading.
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_all(path: Path) -> None:
    if path.is_dir():
        for entry in path.iterdir():
            _sync_all(entry)
    sync(path)


def _beside(path: Path) -> Path:
    # No other process or thread uses the same name, and none is too long.
    return path.with_name(f".{secrets.token_hex(4)}{ENDING}")


def _name(error: BaseException, beside: Path, path: Path) -> None:
    """Replaces the temporary file's name in an error with that of the destination."""
    names = (None, str(beside), str(beside.parent))
    if isinstance(error, OSError) and error.errno and error.filename in names:
        error.filename = str(path)
