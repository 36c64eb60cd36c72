"""The progress line of a run."""

import contextlib
import io
import os
import re
import subprocess
import sys
import termios

from programs import ROOT

from rankiqa_tf.scores import progress


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


def run(total, monkeypatch, *, delay=0.0):
    """Scores three photos that are written beside the line, after one is skipped."""
    monkeypatch.setattr(progress, "_DELAY", delay)
    with progress.shown(total) as line:
        line.skip()
        for _ in range(3):
            line.advance()
            with line.beside(sys.stderr):
                print("a row", file=sys.stderr, flush=True)


def test_a_terminal_shows_photos_a_second_and_time_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    run(10, monkeypatch)
    text = terminal.read()
    last = re.findall(r"[^\r]*photos/s[^\r]*", text)[-1]
    # One of ten need not be scored.
    assert " 3/9 [" in last
    assert "<" in last  # Between time gone and time left.
    # Rows stand on lines of their own.
    assert text.count("\ra row\r\n") == 3


def test_without_a_number_of_photos_there_is_no_time_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    run(None, monkeypatch)
    last = re.findall(r"[^\r]*photos/s[^\r]*", terminal.read())[-1]
    assert last.startswith("3 photos [")
    assert "<" not in last


def test_what_is_short_shows_nothing(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    run(10, monkeypatch, delay=60.0)
    assert "photos" not in terminal.read()


def test_only_a_terminal_shows_it(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    run(10, monkeypatch)
    assert sys.stderr.getvalue() == 3 * "a row\n"


def test_without_tqdm_nothing_is_shown(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    run(10, monkeypatch)
    assert terminal.read() == 3 * "a row\r\n"


def test_it_is_shown_at_once_while_decoders_are_listened_to():
    terminal = Terminal()
    # What they write is held back until a photo is decoded, then written a line each.
    program = (
        "import time\n"
        "from distortions import decoder_warnings\n"
        "from rankiqa_tf.scores import progress\n"
        "progress._DELAY = 0\n"
        "with progress.shown(3) as line, decoder_warnings.collected():\n"
        "    for _ in range(3):\n"
        "        time.sleep(0.15)\n"
        "        line.advance()\n"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=terminal.file,
        check=True,
    )
    text = terminal.read()
    assert " 2/3 [" in text
    assert "\n" not in text
