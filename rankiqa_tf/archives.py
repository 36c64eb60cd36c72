"""Reading untrusted zip archives: model files, weights and spreadsheets.

Python's zipfile believes whatever a file says about itself. Here an archive is checked
before anything is unpacked, so that it takes no more memory than its size suggests and
nothing is written outside the folder it is unpacked to.
"""

import stat
import zipfile

from distortions import outside

_EXPANSION = 100  # Weights compress to half their size at best, tables to a twentieth.
_FLOOR = 64 << 20  # Bytes that may always be unpacked.


def check(archive: zipfile.ZipFile) -> None:
    """Checks the names and sizes of an archive's entries.

    Raises:
        ValueError: if two entries have the same name, or if one would be written
            outside the folder it is unpacked to, is a link, or unpacks to more than 64
            MiB and more than a hundred times its compressed size.
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
    """Returns the content of an entry.

    Args:
        archive: the archive; need not have passed `check`.
        name: name of the entry.
        most: maximum size in bytes.

    Raises:
        ValueError: if there is no such entry, or it is too large, damaged or encrypted.
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
    except Exception as error:  # Each compression method raises its own errors.
        raise ValueError(f"its entry {name!r} cannot be read: {error}") from error
