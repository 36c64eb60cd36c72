"""Runs a program several times in one process, as importing TensorFlow is slow.

Not in pytest's process, where programs that have flags of the same name could meet.
"""

import json
import os
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


def run_several(name, calls):
    """Calls the program of this module with lists of arguments.

    Returns:
        Exit code, output and errors of each call.
    """
    arguments = json.dumps([list(map(str, call)) for call in calls])
    done = subprocess.run(
        [sys.executable, "-c", _SEVERAL, name, arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]
