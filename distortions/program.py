"""What the programs share: how a command line is read, and how whatever fails ends."""

import dataclasses
import errno
import io
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import app
from absl import flags
from absl import logging

from distortions import flag_files

if TYPE_CHECKING:
    from distortions.registry import Preset

# Of TensorFlow's errors: nodes and pipelines, which are named around what is said.
_WHERE = re.compile(
    r"\{\{.*?\}\}|Error in user-defined function .* Iterator::\S+: |\[Op:.*"
)
# What output cannot show is escaped: a name in another script, or one that is no text
# at all, must not end a program half-way.
ERRORS = "backslashreplace"
_FAILED = 1
_BUG = 70  # EX_SOFTWARE of sysexits.h.
# A disk, the part of it that a user may have, the size that a file may have.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MAKE_ROOM = "make room on that disk, and give the same command again"
_UNREAD = 141  # What shells say of a program that SIGPIPE ended: 128 + 13.


def run(main: Callable[[list[str]], int]) -> None:
    """Reads the flags, calls main with the other arguments, exits with its code.

    Flags may follow other arguments. A wrong flag ends with exit code 2 and one line
    that says what was wrong: absl's own code for it, 1, means here that something
    failed on the way. Ctrl-C ends with 130 and without a traceback, and so does a
    reader of the output that wants no more of it with 141.

    Nor does any exception that main lets through end in a traceback, but in a line that
    names its type, says what it says, and where the traceback was written to: a
    failure of the machine with 1; anything else with 70, for it is a bug. Nor does text
    that the output's encoding has no characters for: it is escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
    try:
        app.run(main, flags_parser=_parse)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # Who reads the output, such as head, wants no more of it. Python would write
        # what is left when it ends, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_UNREAD)
    except Exception as error:
        # What fails by the machine: full disks, too little memory, files that are gone.
        if isinstance(error, (OSError, MemoryError, *_op_errors())):
            advice = f": {_MAKE_ROOM}" if _is_full(error) else ""
            print(f"error: {_said(error)}{advice} ({_kept(error)})", file=sys.stderr)
            sys.exit(_FAILED)
        print(
            f"error: {_said(error)}. This is a bug of this program, please report it "
            f"({_kept(error)})",
            file=sys.stderr,
        )
        sys.exit(_BUG)


def _is_full(error: Exception) -> bool:
    """Whether a disk has no room."""
    if isinstance(error, _op_errors()):
        return any(os.strerror(number) in str(error) for number in _FULL)
    return isinstance(error, OSError) and error.errno in _FULL


def _op_errors() -> tuple[type[Exception], ...]:
    """The errors of TensorFlow's operations, if the process has TensorFlow."""
    tensorflow = sys.modules.get("tensorflow")
    return (tensorflow.errors.OpError,) if tensorflow else ()


def _said(error: Exception) -> str:
    """The type of an exception and what it says, in a line."""
    text = str(error)
    if isinstance(error, _op_errors()):
        text = re.sub(_WHERE, "", getattr(error, "message", text))
    lines = text.strip().splitlines()
    return ": ".join([type(error).__name__, *lines[:1]])


def _kept(error: Exception) -> str:
    """Writes an exception's traceback to a file, and says where."""
    try:
        handle, path = tempfile.mkstemp(
            prefix=f"{Path(sys.argv[0]).stem}-error-", suffix=".txt"
        )
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            print(f"python {sys.version}", *sys.argv, file=file)
            traceback.print_exception(error, file=file)
    except OSError as other:  # Such as a full disk.
        return f"its traceback could not be written: {other}"
    return f"traceback: {path}"


def chosen(preset: str, names: Sequence[str]) -> "Preset":
    """The preset of this name, with these of its distortions, or with all.

    Raises:
        ValueError: if there is no such preset or distortion; it lists those there are.
    """
    from distortions.presets import PRESETS  # With TensorFlow it takes seconds.
    from distortions.presets import find_preset

    if not preset:
        raise ValueError(f"choose a --preset; there are: {', '.join(PRESETS)}")
    found = find_preset(preset)
    for name in names:
        found.row(name)
    rows = [row for row in found.rows if not names or row.name in names]
    return dataclasses.replace(found, rows=tuple(rows))


def _parse(argv: list[str]) -> list[str]:
    logging.set_verbosity(logging.WARNING)  # TensorFlow tells of each file it writes.
    flags.FLAGS.set_gnu_getopt()
    try:
        return flags.FLAGS(flag_files.expand(argv))
    except (flags.Error, ValueError, OSError) as error:
        print(f"error: {error}\nPass --help to see the flags.", file=sys.stderr)
        sys.exit(2)
