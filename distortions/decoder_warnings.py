"""Collects decoders' warnings and assigns them to the file being decoded.

Pillow issues Python warnings; libtiff, inside Pillow, and libjpeg, inside TensorFlow,
write to the process' stderr. Neither names the file. Both are shared by the whole
process, so one decoder at a time is listened to, and everything else is passed on.
"""

import contextlib
import os
import re
import tempfile
import threading
import warnings
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path

import PIL

_LOCK = threading.Lock()
_STDERR = 2

# libtiff: a function or file, and a sentence. libjpeg: from its table of messages,
# jerror.h, the beginnings of its decoder's messages.
_OF_DECODERS = re.compile(
    r"[\w.]+: .*\.$|"
    r"(Application transferred|Arithmetic|Bogus|CCIR601|Cannot|Corrupt JPEG data|"
    r"Didn't expect|Fractional|Sampling|Requested|Scan script|Suspension|Unexpected|"
    r"Empty|Huffman table|Improper call|Inconsistent|Input file|Insufficient memory|"
    r"Invalid|Maximum supported|Memory limit|Missing|Not a JPEG|Premature end|"
    r"Quantization table|Too many|Unknown Adobe|Unsupported|Warning: unknown JFIF)\b"
)


@contextlib.contextmanager
def collected() -> Iterator[list[str]]:
    """Collects what decoders say inside the `with` block, one block at a time.

    Yields:
        A list that, when the block ends, has each message once, as one line.
    """
    messages: list[str] = []
    found: list[warnings.WarningMessage] = []
    lines: list[str] = []
    with _LOCK:
        try:
            with warnings.catch_warnings(record=True) as found, _stderr() as lines:
                warnings.simplefilter("always")
                yield messages
        finally:
            messages += dict.fromkeys([*_of_pillow(found), *_of_libraries(lines)])


@contextlib.contextmanager
def muted(start: str) -> Iterator[None]:
    """Removes lines with this prefix from the process' stderr, whoever writes them."""
    lines: list[str] = []
    with _LOCK:
        try:
            with _stderr() as lines:
                yield
        finally:
            _write(line for line in lines if not line.startswith(start))


def _of_pillow(found: list[warnings.WarningMessage]) -> Iterator[str]:
    """Yields Pillow's warnings; issues all others again."""
    for warning in found:
        if Path(PIL.__file__).parent in Path(warning.filename).parents:
            yield " ".join(str(warning.message).split())
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def _of_libraries(lines: list[str]) -> Iterator[str]:
    """Yields what decoders wrote; writes everything else again."""
    for line in lines:
        if _OF_DECODERS.match(line):
            yield line.removeprefix("tempfile.tif: ")  # Pillow's name for all files.
        else:
            _write([line])


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        os.write(_STDERR, f"{line}\n".encode(errors="surrogateescape"))


@contextlib.contextmanager
def _stderr() -> Iterator[list[str]]:
    """Captures the lines written to stderr by any code in the process."""
    lines: list[str] = []
    try:
        before = os.dup(_STDERR)
    except OSError:  # It is closed.
        yield lines
        return
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), _STDERR)
        try:
            yield lines
        finally:
            os.dup2(before, _STDERR)
            os.close(before)
            file.seek(0)
            text = file.read().decode(errors="surrogateescape")
            lines += text.splitlines()
