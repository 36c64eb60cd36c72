"""Runs Pillow in worker processes, so that several images can be processed at a time.

Pillow holds the global interpreter lock while it encodes or decodes JPEG 2000, so that
no other thread, such as one of Dataset.map, can run any Python
(benchmarks/pillow_workers.md). Also, a crash in a worker does not end this process.
"""

import atexit
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from distortions import _pillow_worker
from distortions import _uint8
from distortions import cores

_PROGRAM = Path(__file__).with_name("_pillow_worker.py")
_START = "import runpy, sys; runpy.run_path(sys.argv[1])['main']()"
_MAX_WORKERS = cores.available()


def run(
    operation: str,
    source: tf.Tensor,
    *arguments: tf.Tensor,
    seed: tf.Tensor | None = None,
    returns: tf.DType = tf.uint8,
) -> tf.Tensor:
    """Runs a Pillow operation, eagerly or in a graph.

    It works in the Python process that traced it and in its forks; it cannot be part of
    a SavedModel or run on a tf.data service.

    Args:
        operation: a key of _pillow_worker.OPERATIONS.
        source: uint8 [height, width, 3], or the bytes of a file, a scalar string.
        arguments: scalar tensors that the operation takes.
        seed: int32 [2], for operations that take two more numbers.
        returns: tf.uint8 if the operation makes an image, tf.string if it makes a file.

    Returns:
        An image, uint8 [height, width, 3], or the bytes of a file, a scalar string.
    """

    def call_with(
        source: np.ndarray | bytes, *arrays: np.ndarray
    ) -> np.ndarray | bytes:
        if np.ndim(source) == 0:  # Bare bytes in a graph, an array eagerly.
            source = np.asarray(source, object).item()
        numbers = [number for array in arrays for number in np.ravel(array).tolist()]
        return call(operation, source, *numbers)

    inputs = [source, *arguments, *([] if seed is None else [seed])]
    return tf.numpy_function(call_with, inputs, returns, stateful=False)


def remade(
    operation: str,
    image: tf.Tensor,
    *arguments: tf.Tensor,
    seed: tf.Tensor | None = None,
) -> tf.Tensor:
    """Runs an operation from image to image, float32 [h, w, 3] in [0, 1]."""
    made = run(operation, _uint8.from_float(image), *arguments, seed=seed)
    return tf.ensure_shape(_uint8.to_float(made), image.shape)


def encoded(operation: str, image: tf.Tensor, *arguments: tf.Tensor) -> tf.Tensor:
    """Runs an operation that encodes such an image to a file, a scalar string."""
    pixels = _uint8.from_float(image)
    file = run(operation, pixels, *arguments, returns=tf.string)
    return tf.ensure_shape(file, [])


def decoded(file: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """Decodes the image, with this static shape, that `encoded` encoded."""
    return tf.ensure_shape(_uint8.to_float(run("decode", file)), shape)


def call(
    operation: str, source: np.ndarray | bytes, *arguments: float
) -> np.ndarray | bytes:
    """Runs a Pillow operation on values, as `run` does on tensors."""
    header: dict[str, Any] = {"operation": operation, "arguments": arguments}
    data: Any = source
    if isinstance(source, np.ndarray):
        header["shape"] = source.shape
        data = np.ascontiguousarray(source).reshape(-1).data
    with _places:
        worker = _idle_worker() or _new_worker()
        try:
            _pillow_worker.write_message(worker.stdin, header, data)
            reply = _pillow_worker.read_message(worker.stdout)
        except BrokenPipeError:
            reply = None
        except BaseException:  # Such as Ctrl-C, with half an answer in the pipe.
            worker.kill()
            _close(worker)
            raise
        if reply is None:
            worker.kill()
            code = _close(worker)
            raise RuntimeError(
                f"the process {worker.pid} that ran Pillow's {operation} ended before "
                f"it was done, with exit code {code}: -9 may mean that memory ran out. "
                "The next image gets another process"
            )
        _idle.append(worker)
    header, data = reply
    if "error" in header:
        raise RuntimeError(f"Pillow's {operation} failed: {header['error']}")
    if "shape" in header:
        return np.frombuffer(data, np.uint8).reshape(header["shape"])
    return bytes(data)


def _idle_worker() -> subprocess.Popen | None:
    while True:
        try:
            worker = _idle.pop()
        except IndexError:  # Checking first would be racy: other threads pop too.
            return None
        if worker.poll() is None:
            return worker
        _close(worker)  # It was killed from outside.


def _close(worker: subprocess.Popen) -> int:
    for pipe in (worker.stdin, worker.stdout):
        if pipe:
            pipe.close()
    return worker.wait()


def _new_worker() -> subprocess.Popen:
    # Workers find Pillow where this process does.
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _START, str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | {"PYTHONPATH": paths},
        )
    except OSError as error:
        raise RuntimeError(
            f"Pillow runs in processes of its own, and {sys.executable!r} cannot be "
            f"started as one: {error}"
        ) from error


def _begin() -> None:
    """Resets to no workers: at first, and in a forked process."""
    global _places, _idle
    _places = threading.BoundedSemaphore(_MAX_WORKERS)
    _idle = []


def _end() -> None:
    while _idle:
        _close(_idle.pop())


_places: threading.BoundedSemaphore
_idle: list[subprocess.Popen]
_begin()
atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)
