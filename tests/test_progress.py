"""The progress line of a run."""

import io
import os
import re
import subprocess
import sys
import time

from programs import ROOT
from terminal import Terminal

from distortions import progress


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
        "from distortions import progress\n"
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


def test_a_loop_shows_what_it_is_about_and_how_far_it_is(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    made = []
    for item in progress.over("abc", 3, "evaluate", unit="images"):
        made.append(item)
        time.sleep(0.15)  # Longer than a line is shown for at the least.
    assert made == ["a", "b", "c"]
    text = terminal.read()
    assert "evaluate: " in text
    assert " 2/3 [" in text
    assert "images/s" in text
    assert "\n" not in text  # Nothing is left of it.


def test_the_line_of_the_main_task_stays_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    with progress.bar("rank", 48, done=24) as line:
        line.update(24)
    text = terminal.read()
    assert "rank:  50%" in text
    assert re.search(r"rank: 100%.* 48/48 \[.*images/s\]\r\n$", text)


def test_without_a_terminal_the_main_task_is_counted_and_not_shown(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.bar("rank", 48) as line:
        line.update(24)
        line.write("step 1: srocc 0.5", file=sys.stderr)
        assert line.n == 24
    assert sys.stderr.getvalue() == "step 1: srocc 0.5\n"


def test_what_cannot_be_counted_is_named_while_it_lasts(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    with progress.busy("write model.tflite"):
        pass
    text = terminal.read()
    assert "write model.tflite ..." in text
    assert text.endswith("\r")  # Where the line was, others write.
