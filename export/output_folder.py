"""The output folder of an export: new, empty, or left unfinished by the same export."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from distortions import folder_lock
from distortions import whole_file

# Describes the export. It exists while an export is in progress, and remains if it was
# killed or not all forms were written: the same command then starts over.
UNFINISHED = ".unfinished"


@contextlib.contextmanager
def begun(output: Path, about: str) -> Iterator[None]:
    """Creates the folder or takes over an unfinished one, and locks it.

    Args:
        output: the folder.
        about: what distinguishes the export from others.

    Raises:
        ValueError: if the folder contains something else, or another run is using it.
        OSError: if it cannot be written to.
    """
    if output.exists() and not output.is_dir():
        raise _taken(output)
    with folder_lock.held(output):
        marker = output / UNFINISHED
        if marker.exists():
            if marker.read_text(encoding="utf-8") != about:
                raise ValueError(
                    f"{output} holds an unfinished export of another model or of other "
                    "options: give those, or name a new or empty folder"
                )
        elif any(output.glob("[!.]*")):
            raise _taken(output)
        whole_file.clear(output)
        whole_file.write(marker, about.encode())
        try:
            yield
        finally:
            if not any(output.glob("[!.]*")):  # Nothing was written.
                finish(output)


def finish(output: Path) -> None:
    """Marks an export as finished; its folder can then no longer be written to."""
    (output / UNFINISHED).unlink(missing_ok=True)


def _taken(output: Path) -> ValueError:
    return ValueError(f"{output} is there already: name a new or empty folder")


if __name__ == "__main__":
    sys.exit("export.output_folder is a library; the program is python -m export")
