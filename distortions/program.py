"""What the programs share: how a command line is read and wrong ones end."""

import dataclasses
import sys
from collections.abc import Callable
from collections.abc import Sequence

from absl import app
from absl import flags
from absl import logging

from distortions.presets import PRESETS
from distortions.registry import Preset


def run(main: Callable[[list[str]], int]) -> None:
    """Reads the flags, calls main with the other arguments, exits with its code.

    Flags may follow other arguments. A wrong flag ends with exit code 2 and one line
    that says what was wrong: absl's own code for it, 1, means here that something
    failed on the way. Ctrl-C ends with 130 and without a traceback.
    """
    try:
        app.run(main, flags_parser=_parse)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def chosen(preset: str, names: Sequence[str]) -> Preset:
    """The preset of this name, of its distortions only those named; all if none is.

    Raises:
        ValueError: if there is no such preset or distortion; it lists those there are.
    """
    if preset not in PRESETS:
        given = f"no preset {preset!r}" if preset else "choose a --preset"
        raise ValueError(f"{given}; there are: {', '.join(PRESETS)}")
    for name in names:
        PRESETS[preset].row(name)
    rows = [row for row in PRESETS[preset].rows if not names or row.name in names]
    return dataclasses.replace(PRESETS[preset], rows=tuple(rows))


def _parse(argv: list[str]) -> list[str]:
    logging.set_verbosity(logging.WARNING)  # TensorFlow tells of each file it writes.
    flags.FLAGS.set_gnu_getopt()
    try:
        return flags.FLAGS(argv)
    except (flags.Error, OSError) as error:
        print(f"error: {error}\nPass --help to see the flags.", file=sys.stderr)
        sys.exit(2)
