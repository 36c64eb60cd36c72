"""Files that are written whole or not at all."""

from pathlib import Path


def write(path: Path, contents: bytes) -> None:
    """Writes a file so that it is never seen half written.

    Args:
        path: the file; its folder must be there.
        contents: its bytes.
    """
    beside = partial(path)
    beside.write_bytes(contents)
    beside.replace(path)


def partial(path: Path) -> Path:
    """The file beside it that holds what is written until it is whole."""
    return path.with_name(path.name + ".partial")
