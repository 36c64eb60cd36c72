"""Starts a part of a tf.data service, whose workers make the images of training.

    python -m rankiqa_tf.data_service --role=dispatcher --port=5050
    python -m rankiqa_tf.data_service --role=worker --dispatcher=one:5050 --host=two
    python -m rankiqa_tf.train --data_service=grpc://one:5050 ...

One dispatcher, and on each machine whose cores are to be used one worker. Workers read
the photos by the paths that the trainer has, and need its versions of this package and
of TensorFlow. They may come and go while a training runs: what one that dies had begun,
the trainer makes. There is no encryption and no authentication: run it in a network of
your own.

Exit code: 0 if SIGTERM or Ctrl-C ended it; 2 if it could not begin.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions")

from absl import flags

from distortions import exit_codes
from distortions import program

_ROLE = flags.DEFINE_enum(
    "role",
    None,
    ["dispatcher", "worker"],
    "Which part: the dispatcher, which trainers ask, or a worker, which makes images.",
    required=True,
)
_PORT = flags.DEFINE_integer(
    "port",
    0,
    "The port to listen on; 0 for any free one, which is printed.",
    lower_bound=0,
    upper_bound=65535,
)
_DISPATCHER = flags.DEFINE_string(
    "dispatcher", "", "Of a worker, the dispatcher's host:port."
)
_HOST = flags.DEFINE_string(
    "host",
    "localhost",
    "Of a worker, the name or address by which trainers on other machines reach it. "
    "The default serves trainers on this machine only.",
)
_WAIT = flags.DEFINE_integer(
    "wait",
    60,
    "Of a worker, how many seconds to wait for a dispatcher that is not there yet.",
    lower_bound=0,
)
program.begin(
    __name__,
    __doc__,
    {
        "Every part": ["role", "port"],
        "A worker": ["dispatcher", "host", "wait"],
    },
)

import os
import signal
import socket
import sys
import time
from typing import NoReturn

import tensorflow as tf

from rankiqa_tf.data import decode
from rankiqa_tf.data import service

_POLL_SECONDS = 0.2


def main(argv: list[str]) -> int:
    """Runs what the flags say until a signal ends it, and returns the exit code."""
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: signals.append(number))
    decode.load_operations()  # Those that graphs of trainers have.
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        server = _dispatcher() if _ROLE.value == "dispatcher" else _worker(signals)
    except (ValueError, OSError, tf.errors.OpError) as error:
        said = str(error).strip().splitlines()[0]
        print(f"error: {said}", file=sys.stderr)
        return exit_codes.NOTHING_BEGUN
    _keep(server, until=signals)


def _keep(server: object, *, until: list[int]) -> NoReturn:
    """Keeps a server until a signal has come, then ends the process."""
    # Not by an event: the signal may come to one of TensorFlow's threads, and Python
    # sees it when its own runs again.
    while not until:
        time.sleep(_POLL_SECONDS)
    # Deleting a worker's server waits for its dispatcher, which may be gone for good.
    # Trainers go on without a part that ends like this, as when it is killed.
    sys.stdout.flush()
    os._exit(exit_codes.DONE)


def _dispatcher() -> tf.data.experimental.service.DispatchServer:
    if _DISPATCHER.value:
        raise ValueError("dispatcher is for a worker: leave it out")
    _check_free(_PORT.value)
    server = tf.data.experimental.service.DispatchServer(
        tf.data.experimental.service.DispatcherConfig(port=_PORT.value)
    )
    port = server.target.rpartition(":")[2]
    print(f"dispatcher: grpc://{socket.gethostname()}:{port}", flush=True)
    return server


def _worker(signals: list[int]) -> tf.data.experimental.service.WorkerServer:
    if not _DISPATCHER.value:
        raise ValueError("a worker needs --dispatcher=host:port")
    try:
        address = service.check_address(f"grpc://{_DISPATCHER.value}")
    except ValueError:
        raise ValueError(
            f"dispatcher must be host:port, not {_DISPATCHER.value!r}"
        ) from None
    _check_free(_PORT.value)
    _wait_for(address, signals)
    server = tf.data.experimental.service.WorkerServer(
        tf.data.experimental.service.WorkerConfig(
            dispatcher_address=_DISPATCHER.value,
            worker_address=f"{_HOST.value}:%port%",
            port=_PORT.value,
        )
    )
    print(f"worker of {_DISPATCHER.value}, reached as {_HOST.value}", flush=True)
    return server


def _check_free(port: int) -> None:
    """Raises an OSError if a port is taken: TensorFlow would end the process."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("", port))
        except OSError as error:
            raise OSError(f"port {port} is taken: {error}") from None


def _wait_for(address: tuple[str, int], signals: list[int]) -> None:
    """Waits until a dispatcher takes connections.

    Raises:
        ValueError: if none does in time.
    """
    until = time.monotonic() + _WAIT.value
    while not signals:
        try:
            socket.create_connection(address, 5.0).close()
        except OSError as error:
            if time.monotonic() >= until:
                raise ValueError(
                    f"no dispatcher answers at {_DISPATCHER.value} ({error}): start it "
                    "first, by --role=dispatcher, or give another --wait"
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


if __name__ == "__main__":
    program.run(main)
