"""The exit codes of the programs: a shell script can rely on them.

A program that has a meaning of its own for a code says so in its --help.
"""

from collections.abc import Mapping
from types import MappingProxyType

DONE = 0
FAILED = 1
NOTHING_BEGUN = 2
BELOW_MIN_SCORE = 3
BUG = 70  # EX_SOFTWARE of sysexits.h.
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h.
INTERRUPTED = 130  # What shells report of a program that Ctrl-C ended: 128 + SIGINT.
OUTPUT_CLOSED = 141  # Likewise: 128 + SIGPIPE.

MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        DONE: "Everything was done.",
        FAILED: "Something failed on the way, or some photos could not be read; the "
        "messages on the standard error say what.",
        NOTHING_BEGUN: "Nothing was begun: an option, a file or the installation is "
        "wrong, and the message says which.",
        BELOW_MIN_SCORE: "All photos were scored, and some score less than "
        "--min_score.",
        BUG: "A bug of the program. The message names the file with the traceback.",
        TRY_AGAIN: "Another machine of the training was lost. The same command on all "
        "machines resumes.",
        INTERRUPTED: "Stopped by Ctrl-C. Where the program says so, the same command "
        "resumes.",
        OUTPUT_CLOSED: "The reader of the output, such as head, closed it.",
    }
)
