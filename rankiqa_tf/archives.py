"""Zip archives from strangers: model files, weights and spreadsheets are such.

Python's zipfile takes whatever a file says of itself. Here an archive is checked before
anything of it is unpacked: it costs no more memory than its size lets one expect, and
what is written of it to a folder stays in that folder.
"""

import stat
import zipfile

from distortions import outside

_EXPANSION = 100  # Weights shrink to a half at best, and tables to a twentieth.
_FLOOR = 64 << 20  # Bytes that may always be unpacked.


def check(archive: zipfile.ZipFile) -> None:
    """Checks what an archive says of its entries.

    Raises:
        ValueError: if two have the same name, or if one leads out of the folder that it
            is unpacked to, is a link, or unpacks to more than a hundred times what it
            takes in the file, and to more than 64 MiB.
    """
    seen = set()
    for entry in archive.infolist():
        name = entry.filename
        if name in seen:
            raise ValueError(f"two of its entries are called {name!r}")
        seen.add(name)
        if outside.leads_out(name):
            raise ValueError(f"its entry {name!r} leads out of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"its entry {name!r} is a link")
        if entry.file_size > max(_FLOOR, _EXPANSION * entry.compress_size):
            raise ValueError(
                f"its entry {name!r} would unpack from {entry.compress_size:,} to "
                f"{entry.file_size:,} bytes"
            )


def read(archive: zipfile.ZipFile, name: str, *, most: int) -> bytes:
    """Reads an entry.

    Args:
        archive: of which `check` may not be true.
        name: of the entry.
        most: bytes that it may have.

    Raises:
        ValueError: if there is none, it has more, or it is damaged or encrypted.
    """
    try:
        size = archive.getinfo(name).file_size
        if size > most:
            raise ValueError(
                f"its entry {name!r} has {size:,} bytes; at most {most:,} are expected"
            )
        return archive.read(name)
    except ValueError:
        raise
    except Exception as error:  # Each way to compress has its own errors.
        raise ValueError(f"its entry {name!r} cannot be read: {error}") from error
