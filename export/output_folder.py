"""The folder of an export: new or empty, or left by the same export unfinished."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from distortions import folder_lock
from distortions import whole_file

# Says of what the export is. It is there while one is under way, and stays where one
# was killed or not all forms were written: the same command makes them anew.
UNFINISHED = ".unfinished"


@contextlib.contextmanager
def begun(output: Path, about: str) -> Iterator[None]:
    """Makes the folder, or takes it up, and keeps other runs from it.

    Args:
        output: the folder.
        about: what tells the export from others.

    Raises:
        ValueError: if there is something else in the folder, or another run is at work
            there.
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
    """Marks an export as finished: its folder is not to be written to again."""
    (output / UNFINISHED).unlink(missing_ok=True)


def _taken(output: Path) -> ValueError:
    return ValueError(f"{output} is there already: name a new or empty folder")


if __name__ == "__main__":
    sys.exit("export.output_folder is a library; the program is python -m export")
