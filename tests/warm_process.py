"""A process that has imported TensorFlow, from which those of programs are forked.

    python tests/warm_process.py SOCKET

Importing TensorFlow and Keras takes longer than most programs that tests run. Nothing
else happens before the fork, no tensor is made and none of our modules is imported; so
what a program says, and its exit code, are those of one that was started. Whether a
program imports TensorFlow, and whether it does so too early, only that one shows.

Each connection to the socket is a program to run: one line of JSON, answered by the
exit code when it has ended. It ends when its standard input does.
"""

import json
import os
import runpy
import select
import signal
import socket
import sys


def serve(path: str) -> dict:
    """Forks a process for each request; only in these it returns, with the request."""
    import keras  # noqa: F401
    import tensorflow as tf  # noqa: F401

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        connection, _ = listener.accept()
        if not os.fork():
            break
        connection.close()
        while any(_reaped()):
            pass
    # This process waits for the program, and tells how it ended.
    request = json.loads(connection.makefile().readline())
    if program := os.fork():
        _, status = os.waitpid(program, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    listener.close()
    return request


def _reaped() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def become(request: dict) -> None:
    """Runs what the request says, in this process."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    places = (
        (os.devnull, os.O_RDONLY),
        *((request[name], os.O_WRONLY) for name in ("output", "errors")),
    )
    for number, (place, mode) in enumerate(places):
        file = os.open(place, mode)
        os.dup2(file, number)
        os.close(file)
    # Tests that run in a shell's background ignore it, and so would this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    kind, *arguments = request["arguments"]
    if kind == "-m":
        sys.argv, sys.path[0] = arguments, request["folder"]
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        code, *arguments = arguments
        sys.argv, sys.path[0] = ["-c", *arguments], ""
        exec(code, {"__name__": "__main__"})
    else:  # A script, whose neighbours hide no modules, as with Python's -P.
        sys.argv = [kind, *arguments]
        del sys.path[0]
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    become(serve(sys.argv[1]))
