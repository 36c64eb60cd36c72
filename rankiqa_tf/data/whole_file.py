"""Writing text files atomically: whole or not at all."""

from pathlib import Path

from distortions import whole_file


def write(path: Path, text: str, *, errors: str = "strict") -> None:
    """Writes a UTF-8 file, whole or not at all; line endings are not converted.

    Args:
        path: the file; its folder has to exist.
        text: what to write.
        errors: how to handle characters UTF-8 cannot encode, as for `open`.
    """
    whole_file.write(path, text.encode("utf-8", errors))
