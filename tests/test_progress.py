"""The line that tells how far a run is."""

import io
import sys

from rankiqa_tf.scores import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(total, monkeypatch, *, delay=0.0, terminal=True):
    """What the standard error shows of three photos, a fourth being skipped."""
    file = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setattr(progress, "_DELAY", delay)
    with progress.shown(total) as line:
        line.skip()
        for _ in range(3):
            line.advance()
            with line.beside(file):
                file.write("a row\n")
    return file.getvalue()


def test_a_terminal_shows_photos_a_second_and_time_left(monkeypatch):
    text = run(10, monkeypatch)
    last = text.split("\r")[-3]
    # One of ten need not be scored.
    assert " 3/9 [" in last
    assert "photos/s" in last
    assert "<" in last  # Between time gone and time left.
    # Rows stand on lines of their own.
    assert text.count("\ra row\n") == 3


def test_without_a_number_of_photos_there_is_no_time_left(monkeypatch):
    last = run(None, monkeypatch).split("\r")[-3]
    assert last.startswith("3 photos [")
    assert "<" not in last


def test_what_is_short_shows_nothing(monkeypatch):
    assert "photos" not in run(10, monkeypatch, delay=60.0)


def test_only_a_terminal_shows_it(monkeypatch):
    assert run(10, monkeypatch, terminal=False) == 3 * "a row\n"


def test_without_tqdm_nothing_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert run(10, monkeypatch) == 3 * "a row\n"
