"""Writing files in any of Beam's file systems atomically: whole or not at all."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems


@contextlib.contextmanager
def created(path: str) -> Iterator[BinaryIO]:
    """Opens a file for writing that gets its name once it is complete.

    Until then it has a temporary name that no other attempt uses: a runner may have two
    workers do the same work. The last one's file stays.
    """
    beside = f"{path}.{uuid.uuid4().hex}.partial"
    try:
        with FileSystems.create(
            beside, compression_type=CompressionTypes.UNCOMPRESSED
        ) as file:
            yield file
            file.flush()
            # Works for local files; elsewhere, closing does the same.
            with contextlib.suppress(AttributeError, OSError):
                os.fsync(file.fileno())
        FileSystems.rename([beside], [path])
    except BaseException:
        with contextlib.suppress(Exception):
            FileSystems.delete([beside])
        raise


def copy(local: Path, path: str) -> None:
    """Copies a local file to another file system."""
    with local.open("rb") as source, created(path) as file:
        shutil.copyfileobj(source, file)


def copy_part(path: str, start: int, length: int, to: BinaryIO) -> None:
    """Appends part of a file, `length` bytes from `start`, to an open one.

    Raises:
        OSError: if the file ends before the part does.
    """
    with FileSystems.open(
        path, compression_type=CompressionTypes.UNCOMPRESSED
    ) as source:
        source.seek(start)
        while length:
            piece = source.read(min(length, 2**20))
            if not piece:
                raise OSError(f"{path} ends {length} bytes too early")
            to.write(piece)
            length -= len(piece)
