"""What the programs share: how a command line is read and wrong ones end."""

import sys
from collections.abc import Callable

from absl import app
from absl import flags
from absl import logging


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


def _parse(argv: list[str]) -> list[str]:
    logging.set_verbosity(logging.WARNING)  # TensorFlow tells of each file it writes.
    flags.FLAGS.set_gnu_getopt()
    try:
        return flags.FLAGS(argv)
    except (flags.Error, OSError) as error:
        print(f"error: {error}\nPass --help to see the flags.", file=sys.stderr)
        sys.exit(2)
