"""Text files that are written whole or not at all."""

from pathlib import Path

from distortions import whole_file


def write(path: Path, text: str, *, errors: str = "strict") -> None:
    """Writes a file in UTF-8, whole or not at all; line ends stay as they are.

    Args:
        path: the file; its folder must be there.
        text: what to write.
        errors: what becomes of characters that UTF-8 has not, as `open` takes it.
    """
    whole_file.write(path, text.encode("utf-8", errors))
