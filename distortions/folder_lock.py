"""A folder or file that one run alone writes to, and who that is.

The lock is the system's own (`flock`) on a file that says who holds it. However a
holder ends, killed or by a power cut, its lock ends too: what it left of the file is
taken over, and no process that has its number by now is ever taken for it. Over NFS the
server keeps such locks, so that they hold between machines; on Windows, and where a
file system has none, nothing is locked.
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
# Who may make no file cannot write otherwise either, and hears so where it matters.
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}

_held: set[int] = set()  # Descriptors.


class HeldError(ValueError):
    """Another run writes there."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps other runs from writing to a folder, which is made if need be.

    If nothing was written to a folder that was made, it is deleted again.

    Raises:
        HeldError: if another run does; it says who that is, and since when.
        OSError: if the folder cannot be made.
    """
    is_new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _lock(folder / NAME, folder):
            yield
    finally:
        if is_new:
            with contextlib.suppress(OSError):  # There is something in it.
                folder.rmdir()


@contextlib.contextmanager
def held_file(path: Path) -> Iterator[None]:
    """Keeps other runs from writing to a file, whether it is there or not.

    Raises:
        HeldError: as of `held`.
        OSError: if its folder is not there.
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
        if os.getpid() == home:  # A forked child has let it go.
            # Deleted while it is held: who waits for it sees that it is another file.
            with contextlib.suppress(OSError):  # On Windows it is in use.
                file.unlink(missing_ok=True)
            _held.discard(descriptor)
            os.close(descriptor)


def _acquire(file: Path) -> int | None:
    """Locks a file; None if another has."""
    while True:
        # Python's descriptors are closed in the programs that a process starts.
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _flock(descriptor)
            if os.path.samestat(os.fstat(descriptor), file.stat()):
                return descriptor
        except FileNotFoundError:
            pass  # Its holder deleted it meanwhile.
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
    except (OSError, ValueError, KeyError, TypeError):  # It has just begun.
        return "a process that has not said yet which it is"


def _let_go_in_child() -> None:
    # A forked child shares its parent's locks, and would hold them when that is dead.
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
