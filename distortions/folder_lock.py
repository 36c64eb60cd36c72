"""Locks a folder or file so that only one run writes to it, and records which.

The lock is a system lock (`flock`) on a file that says who holds it. However a holder
ends, even killed or by a power cut, its lock ends too: a leftover file is taken over,
and a later process with the same number is never mistaken for the holder. Over NFS the
server keeps such locks, so they work between machines. On Windows, and on file systems
without locks, nothing is locked.
"""

import contextlib
import datetime
import errno
import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows.
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}
# Without permission to create a file, writing fails later anyway, with a better
# message.
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}

_held: set[int] = set()  # Descriptors.


class HeldError(ValueError):
    """Another run writes there."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Locks a folder against other runs; creates it if needed.

    A folder that was created is deleted again if nothing was written to it.

    Raises:
        HeldError: if another run has locked it; the message says which, and since when.
        OSError: if the folder cannot be created.
    """
    is_new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _lock(folder / NAME, folder):
            yield
    finally:
        if is_new:
            with contextlib.suppress(OSError):  # It is not empty.
                folder.rmdir()


@contextlib.contextmanager
def held_file(path: Path) -> Iterator[None]:
    """Locks a file against other runs, whether it exists or not.

    Raises:
        HeldError: as for `held`.
        OSError: if its folder does not exist.
    """
    with _lock(path.with_name(f".{path.name}{NAME}"), path):
        yield


@contextlib.contextmanager
def _lock(file: Path, of: Path) -> Iterator[None]:
    try:
        descriptor = _acquire(file)
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        yield
        return
    if descriptor is None:
        raise HeldError(f"another run writes to {of}: {_holder(file)}")
    home = os.getpid()
    try:
        _held.add(descriptor)
        _say(descriptor, file)
        yield
    finally:
        if os.getpid() == home:  # A forked child has released it.
            # Deleted while locked: whoever waits for it then sees that the file
            # changed.
            with contextlib.suppress(OSError):  # On Windows it is in use.
                file.unlink(missing_ok=True)
            _held.discard(descriptor)
            os.close(descriptor)


def _acquire(file: Path) -> int | None:
    """Locks a file; returns None if another process has locked it."""
    while True:
        # Python closes its descriptors in programs that a process starts.
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _flock(descriptor)
            if os.path.samestat(os.fstat(descriptor), file.stat()):
                return descriptor
        except FileNotFoundError:
            pass  # Its holder has deleted it in the meantime.
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _flock(descriptor: int) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _say(descriptor: int, file: Path) -> None:
    """Writes to a locked file who holds it."""
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(_identity(), indent=1).encode() + b"\n")
    except OSError as error:
        error.filename = str(file)
        raise


def _identity() -> dict[str, str | int]:
    program = Path(sys.argv[0]).name if sys.argv else ""
    return {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "command": shlex.join([program, *sys.argv[1:]]),
        "since": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def _holder(file: Path) -> str:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return (
            f"process {known['process']} on {known['host']}, since {known['since']}: "
            f"{known['command']}"
        )
    except (OSError, ValueError, KeyError, TypeError):  # It has only just started.
        return "a process that has not said yet which it is"


def _let_go_in_child() -> None:
    # A forked child shares its parent's locks, and would keep them if the parent died.
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
