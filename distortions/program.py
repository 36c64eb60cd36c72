"""What the programs share: how a command line is read, and how whatever fails ends.

A program defines its flags, calls `begin`, imports what is slow, such as TensorFlow,
and defines its main. So --help and the message about a wrong flag come at once.
"""

import contextlib
import dataclasses
import errno
import io
import os
import re
import sys
import tempfile
import traceback
import types
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NoReturn
from typing import TypeVar

from absl import app
from absl import flags
from absl import logging

from distortions import exit_codes
from distortions import flag_files
from distortions import program_help

if TYPE_CHECKING:
    from distortions.registry import Preset

T = TypeVar("T")

# Of TensorFlow's errors: nodes and pipelines, which are named around what is said.
_WHERE = re.compile(
    r"\{\{.*?\}\}|Error in user-defined function .* Iterator::\S+: |\[Op:.*"
)
# What output cannot show is escaped: a name in another script, or one that is no text
# at all, must not end a program half-way.
ERRORS = "backslashreplace"
# A disk, the part of it that a user may have, the size that a file may have.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MAKE_ROOM = "make room on that disk, and give the same command again"
# What absl says of a flag that has to be given; and is not.
_MISSING = re.compile(r"Flag --(\w+) must have a value other than None")


# Names that other programs, and earlier versions of this one, have for a thing, where
# absl finds no flag that is spelt alike.
_SAID_ELSEWHERE: Mapping[str, Sequence[str]] = types.MappingProxyType(
    {
        "batch_size": ("photos_per_batch", "finetune_batch"),
        "crop": ("crop_size",),
        "epochs": ("rank_steps", "finetune_steps"),
        "input": ("photos",),
        "json": ("format",),
        "kinds": ("distortions",),
        "learning_rate": ("rank_learning_rate", "finetune_learning_rate"),
        "output": ("workdir", "report"),
        "output_dir": ("output", "workdir"),
        "photos": ("input",),
        "scores_dir": ("data_dir",),
        "steps": ("rank_steps", "finetune_steps"),
        "workdir": ("output",),
    }
)


@dataclasses.dataclass
class _Program:
    """The program that this process runs, as far as `begin` was told of it.

    Attributes:
        docstring: its module's.
        groups: its options by heading.
        arguments: its command line without the flags, once that is read.
        held: what it holds until it ends.
    """

    docstring: str = ""
    groups: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    arguments: list[str] | None = None
    held: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)


_program = _Program()


def begin(
    name: str, docstring: str | None, groups: Mapping[str, Sequence[str]]
) -> None:
    """Reads the command line of a program, before it imports what is slow.

    Prints what --help asks for and exits with 0; a wrong flag exits with 2 and a line
    that says what is wrong. Where the module is imported, and not run, nothing is read
    until `run`.

    Args:
        name: the module's __name__.
        docstring: the module's, of which --help prints the opening, up to its first
            examples, and the sentences from "Exit code:" on.
        groups: the names of its flags by heading, in the order in which --help is to
            print them.
    """
    _program.docstring, _program.groups = docstring or "", groups
    if name == "__main__":
        _escape_what_cannot_be_shown()
        _program.arguments = _parse(sys.argv)


def run(main: Callable[[list[str]], int]) -> None:
    """Reads the flags, calls main with the other arguments, exits with its code.

    Flags may follow other arguments, and may have been read by `begin`. A wrong flag
    ends with exit code 2 and one line that says what was wrong: absl's own code for it,
    1, means here that something failed on the way. Ctrl-C ends with 130 and without a
    traceback, and so does a reader of the output that wants no more of it with 141.

    An exception that main lets through ends in one line: its type, its message, and the
    file that the traceback was written to. A failure of the machine exits with 1,
    anything else with 70, for it is a bug. Text that the output's encoding has no
    characters for is escaped.
    """
    _escape_what_cannot_be_shown()
    read, _program.arguments = _program.arguments, None
    try:
        with _program.held:
            app.run(main, flags_parser=lambda argv: read or _parse(argv))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(exit_codes.INTERRUPTED)
    except BrokenPipeError:
        _end_unread()
    except Exception as error:
        # What fails by the machine: full disks, too little memory, files that are gone.
        if isinstance(error, (OSError, MemoryError, *_op_errors())):
            advice = f": {_MAKE_ROOM}" if _is_full(error) else ""
            print(f"error: {_said(error)}{advice} ({_kept(error)})", file=sys.stderr)
            sys.exit(exit_codes.FAILED)
        print(
            f"error: {_said(error)}. This is a bug of this program, please report it "
            f"({_kept(error)})",
            file=sys.stderr,
        )
        sys.exit(exit_codes.BUG)


def fail(error: Exception, code: int) -> int:
    """Prints what is wrong in one line on the standard error, and returns the code."""
    said = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        said = f"{error.filename}: {error.strerror}"  # Without the error's number.
    print(f"error: {said}", file=sys.stderr)
    return code


def hold(context: contextlib.AbstractContextManager[T]) -> T:
    """Enters a context, such as a lock on a folder, and leaves it when `run` ends."""
    return _program.held.enter_context(context)


def _end_unread() -> NoReturn:
    """Ends where whoever reads the output, such as head, wants no more of it."""
    # Python would write what is left when it ends, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(exit_codes.OUTPUT_CLOSED)


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
    if flag := program_help.asked(argv[1:]):
        try:
            print(
                program_help.text(flag, _program.docstring, _program.groups), flush=True
            )
        except BrokenPipeError:
            _end_unread()
        sys.exit(exit_codes.DONE)
    try:
        return flags.FLAGS(flag_files.expand(argv))
    except (flags.Error, ValueError, OSError) as error:
        said = str(error)
        if missing := _MISSING.search(said):
            help_text = re.sub(r"^<.*?>: ", "", str(flags.FLAGS[missing[1]].help))
            said = f"give --{missing[1]}: {help_text}"
        elif isinstance(error, flags.UnrecognizedFlagError) and "?" not in said:
            others = _SAID_ELSEWHERE.get(error.flagname, ())
            there = [name for name in others if name in flags.FLAGS]
            said += f". Did you mean: {', '.join(there)} ?" if there else ""
        print(f"error: {said}\nPass --help to see the flags.", file=sys.stderr)
        sys.exit(exit_codes.NOTHING_BEGUN)


def _escape_what_cannot_be_shown() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
