"""Programs in processes of their own, as users start them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_SEVERAL = """
import contextlib, importlib, io, json, sys
from absl.testing import flagsaver
from distortions import program

name, calls = sys.argv[1:]
main = importlib.import_module(name).main
for arguments in json.loads(calls):
    output, errors = io.StringIO(), io.StringIO()
    sys.argv = [name, *arguments]
    with flagsaver.flagsaver(), contextlib.redirect_stdout(output):
        with contextlib.redirect_stderr(errors):
            try:
                program.run(main)
            except SystemExit as stop:
                code = stop.code
    print(json.dumps([code, output.getvalue(), errors.getvalue()]))
"""


def start(*arguments, **environment):
    """Starts Python with these arguments, which Ctrl-C stops as in a terminal."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=env | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in a shell's background ignore it, and so would their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run_several(name, calls, *, first=""):
    """Calls the program of this module with lists of arguments, all in one process.

    Importing TensorFlow is slow; and in pytest's own process, programs that have flags
    of the same name could meet.

    Args:
        name: of the module.
        calls: its arguments, a list for each call.
        first: Python to run before TensorFlow is imported.

    Returns:
        Exit code, output and errors of each call.
    """
    arguments = json.dumps([list(map(str, call)) for call in calls])
    output, errors = start("-c", first + _SEVERAL, name, arguments).communicate()
    # LiteRT tells of it past Python, and cannot be told not to.
    errors = re.sub(r"INFO: Created TensorFlow Lite XNNPACK .*\n", "", errors)
    assert not errors, errors
    return [json.loads(line) for line in output.splitlines()]
