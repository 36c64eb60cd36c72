"""Programs in processes of their own, as users start them."""

import atexit
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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


def _environment(more):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return env | more


def start(*arguments, **environment):
    """Starts Python with these arguments, which Ctrl-C stops as in a terminal."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in a shell's background ignore it, and so would their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run(*arguments, **environment):
    """Runs Python with these arguments to its end, where TensorFlow is imported.

    It is forked from a process that has imported TensorFlow and Keras (see
    warm_process.py), which saves two seconds; not for what tests when they are
    imported, or whether.

    Returns:
        A subprocess.CompletedProcess, its output and errors as texts.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        output.touch()
        errors.touch()
        request = {
            "arguments": [*map(str, arguments)],
            "environment": _environment(environment),
            "folder": str(Path.cwd()),
            "output": str(output),
            "errors": str(errors),
        }
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_warm_process())
            connection.sendall(json.dumps(request).encode() + b"\n")
            code = connection.makefile().read()
        assert code, "the process that programs are forked from has died"
        return subprocess.CompletedProcess(
            arguments, int(code), output.read_text(), errors.read_text()
        )


@functools.cache
def _warm_process():
    """Starts it, until the tests end; gives the path of its socket."""
    folder = tempfile.mkdtemp()  # A socket's path may not be long.
    atexit.register(shutil.rmtree, folder)
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("warm_process.py"), f"{folder}/s"],
        env=_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    assert process.stdout.readline() == "ready\n"
    return f"{folder}/s"


def run_several(name, calls, *, first="", warm=True):
    """Calls the program of this module with lists of arguments, all in one process.

    Importing TensorFlow is slow; and in pytest's own process, programs that have flags
    of the same name could meet.

    Args:
        name: of the module.
        calls: its arguments, a list for each call.
        first: Python to run before the module is imported.
        warm: whether TensorFlow may be imported already (see `run`).

    Returns:
        Exit code, output and errors of each call.
    """
    arguments = json.dumps([list(map(str, call)) for call in calls])
    program = "-c", first + _SEVERAL, name, arguments
    if warm:
        done = run(*program)
        output, errors = done.stdout, done.stderr
    else:
        output, errors = start(*program).communicate()
    # LiteRT tells of it past Python, and cannot be told not to.
    errors = re.sub(r"INFO: Created TensorFlow Lite XNNPACK .*\n", "", errors)
    assert not errors, errors
    return [json.loads(line) for line in output.splitlines()]
