"""Files and folders that are written whole or not at all.

What is written goes beside its place first, under a name that ends in ".partial"; it is
forced to the disk, and then takes its place in one step. A process that is killed, a
full disk or a power cut leaves what was there before, or nothing, and perhaps something
".partial", which nobody reads: whoever alone writes to a
folder (`folder_lock`) can `clear` it.
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
_ANY = "." + 8 * "[0-9a-f]" + ENDING  # As `_beside` names them.


def write(path: Path, contents: bytes, *, sync_folder: bool = True) -> None:
    """Writes a file so that it is never seen half written.

    Args:
        path: the file; its folder must be there.
        contents: its bytes.
        sync_folder: whether the file is sure to be there after a power cut. If not, it
            may be missing then, but not half written; of many files that is faster.

    Raises:
        OSError: if it cannot be written; what was there before is there still.
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
    """Checks that a file can be written, and leaves all as it is.

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
    """Gives a path of the same name to write to; what is there then takes its place.

    Args:
        path: the file or folder to write, of whose name nothing may be there yet, or
            what is to be replaced. Its folder must be there.

    Yields:
        Where to write it: in a folder of its own, where other files may be put too,
        which are deleted at the end.

    Raises:
        OSError: if it cannot be written; what was there before is there still.
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
    """Deletes a folder so that it is never seen half deleted; none may be there."""
    beside = _beside(folder)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(beside)
        shutil.rmtree(beside)


def clear(folder: Path) -> None:
    """Deletes what killed processes left half written in a folder, and below it.

    Args:
        folder: to which nobody else writes meanwhile.
    """
    for left in list(folder.rglob(_ANY)):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def clear_beside(path: Path) -> None:
    """Deletes what killed processes left half written of a file or folder.

    Args:
        path: to which nobody else writes meanwhile; by `made_beside`.
    """
    for left in list(path.parent.glob(f"{_ANY}/{glob.escape(path.name)}")):
        shutil.rmtree(left.parent, ignore_errors=True)


def sync(path: Path) -> None:
    """Forces a file's contents, or a folder's list of names, to the disk."""
    if os.name == "nt":  # Which opens no folders, and files to read are not forced.
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
    # No other process or thread has the same name, and none is too long.
    return path.with_name(f".{secrets.token_hex(4)}{ENDING}")


def _name(error: BaseException, beside: Path, path: Path) -> None:
    """Names in an error the file that was to be written, not the one beside it."""
    names = (None, str(beside), str(beside.parent))
    if isinstance(error, OSError) and error.errno and error.filename in names:
        error.filename = str(path)
