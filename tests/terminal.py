"""A terminal for what is shown on terminals only."""

import contextlib
import os
import termios


class Terminal:
    """A terminal of its own, to be read once."""

    def __init__(self):
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (24, 100))
        self.file = os.fdopen(slave, "w", encoding="utf-8")

    def read(self):
        self.file.close()
        found = b""
        # At its end Linux gives an error, and others nothing.
        with contextlib.suppress(OSError):
            while piece := os.read(self._master, 10_000):
                found += piece
        os.close(self._master)
        return found.decode()
