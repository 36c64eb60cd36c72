"""Elements made by the workers of a tf.data service, in order.

    grpc://dispatcher:5050

Workers deliver elements in any order, and those a worker was making when it died never
arrive. But every element is a function of its number alone, whoever makes it. So each
is sent with its number and put in its place, and lost ones are made here: the data set
is the same as without a service, element by element.

A worker runs TensorFlow operations only. Python functions, such as Pillow's codecs,
stay in the process that created them.
"""

import math
import queue
import re
import socket
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import distortions
from rankiqa_tf.data import arrivals
from rankiqa_tf.data import parallel

_ADDRESS = re.compile(r"grpc://(\[[^\]]+\]|[^:/\[\]]+):(\d{1,5})")
_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 20.0
_PATIENCE_SECONDS = 30.0
_HELD_BYTES = 256 << 20  # Memory for elements that arrive early,
_HELD = 16  # or this many, if that is more.


def check_address(address: str) -> tuple[str, int]:
    """Returns host and port of a dispatcher's address.

    Raises:
        ValueError: if it is not of the form grpc://host:port.
    """
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found[2]) < 1 << 16:
        raise ValueError(
            f"must be grpc://host:port, such as grpc://10.0.0.7:5050, not {address!r}"
        )
    return found[1].strip("[]"), int(found[2])


def maker(address: str) -> parallel.Maker:
    """Returns a maker that uses the service at an address, or this process if empty."""
    return Service(address).of_numbers if address else parallel.of_numbers


def kinds_in_python(preset: distortions.Preset) -> list[str]:
    """Returns the names of distortions no worker can make, found by tracing each."""

    def calls_python(row: distortions.Row) -> bool:
        def distort(
            image: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
        ) -> tf.Tensor:
            return row.at(strength).distort(image, seed=seed)

        traced = tf.function(distort, autograph=False).get_concrete_function(
            tf.TensorSpec([None, None, 3]),
            tf.TensorSpec([]),
            tf.TensorSpec([2], tf.int32),
        )
        return _calls_python(traced)

    return [row.name for row in preset.rows if calls_python(row)]


class Service:
    """A tf.data service, given by the address of its dispatcher.

    Args:
        address: grpc://host:port.

    Raises:
        ValueError: if the address does not have that form.
    """

    def __init__(self, address: str):
        self._address = address
        self._host, self._port = check_address(address)

    def check(self) -> None:
        """Checks that the dispatcher answers and has a worker that answers.

        Raises:
            ValueError: if not, within seconds.
        """
        try:
            socket.create_connection((self._host, self._port), _CONNECT_SECONDS).close()
        except OSError as error:
            raise ValueError(
                f"no data service answers at {self._address}: {error}; start one by "
                "python -m rankiqa_tf.data_service --role=dispatcher"
            ) from None
        self._ask(lambda number: number)

    def check_reads(self, file: Path) -> None:
        """Checks that a worker reads the same bytes from a file as this process does.

        Raises:
            ValueError: if not.
        """
        path = str(file.absolute())

        def digest() -> tf.Tensor:
            return tf.strings.to_hash_bucket_fast(tf.io.read_file(path), 1 << 62)

        if self._ask(lambda _: digest()) != digest().numpy():
            raise ValueError(
                f"a worker of the data service {self._address} reads another file as "
                f"{path}: every worker needs the photos by the paths they have here"
            )

    def of_numbers(
        self, first: int, last: int, make: Callable[[tf.Tensor], Any]
    ) -> tf.data.Dataset:
        """Returns the elements numbered first to last - 1, as `parallel` makes them.

        Args:
            first: the first number.
            last: one past the last number.
            make: from an int64 scalar to an element; may use only TensorFlow
                operations, and random ones only with explicit seeds.

        Raises:
            ValueError: if it calls Python.
        """
        graph = tf.function(
            make, input_signature=[tf.TensorSpec([], tf.int64)], autograph=False
        )
        if _calls_python(graph.get_concrete_function()):
            raise ValueError(
                "what is to be made calls functions in Python, which no worker of a "
                "data service can: leave data_service out"
            )
        spec = tf.data.Dataset.range(1).map(graph).element_spec
        nothing = tf.nest.map_structure(
            lambda each: np.zeros(each.shape, each.dtype.as_numpy_dtype), spec
        )

        def come(number: int) -> Iterator[tuple[int, Any]]:
            numbers = tf.data.Dataset.range(number, last)
            made = parallel.map_in_order(numbers, lambda n: (n, graph(n)))
            for n, element in self._distributed(made):
                yield int(n), (n, True, element)

        def elements() -> Iterator[Any]:
            return arrivals.in_order(
                first,
                last,
                come=come,
                make=lambda number: (number, False, nothing),
                held=max(_HELD, _HELD_BYTES // _bytes_of(spec)),
                patience=_PATIENCE_SECONDS,
                say=self._say,
            )

        # Missing elements are made by the same data set as without a service: on all
        # cores, and identical bit by bit.
        came = tf.data.Dataset.from_generator(
            elements,
            output_signature=(
                tf.TensorSpec([], tf.int64),
                tf.TensorSpec([], tf.bool),
                spec,
            ),
        )
        return parallel.map_in_order(
            came,
            lambda number, has_come, element: tf.cond(
                has_come, lambda: element, lambda: graph(number)
            ),
        )

    def _distributed(self, made: tf.data.Dataset) -> tf.data.Dataset:
        """Returns what workers make of a data set, each element once, in any order."""
        service = tf.data.experimental.service
        return made.apply(
            service.distribute(
                service.ShardingPolicy.DYNAMIC,
                self._address,
                compression=None,  # Noise and photos: not worth compressing.
            )
        )

    def _ask(self, make: Callable[[tf.Tensor], tf.Tensor]) -> Any:
        """Returns what a worker makes of a number.

        Raises:
            ValueError: if it fails, or no worker answers.
        """
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def ask() -> None:
            try:
                made = tf.data.Dataset.range(1).map(make)
                (answer,) = self._distributed(made).take(1).as_numpy_iterator()
            except Exception as error:
                answers.put(error)
            else:
                answers.put(answer)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=_ANSWER_SECONDS)
        except queue.Empty:
            raise ValueError(
                f"{self._address} takes connections, but no worker of a data service "
                f"answered within {_ANSWER_SECONDS:g} seconds: start one by python -m "
                f"rankiqa_tf.data_service --role=worker --dispatcher={self._host}:"
                f"{self._port}"
            ) from None
        if isinstance(answer, Exception):
            raise ValueError(
                f"a worker of the data service {self._address} failed: "
                f"{_in_a_line(answer)}; every worker needs this version of TensorFlow, "
                "and the photos by the paths they have here"
            )
        return answer

    def _say(self, reason: str) -> None:
        print(
            f"data service {self._address}: {reason.splitlines()[0]}; what is missing "
            "is made here until more comes",
            file=sys.stderr,
        )


def _calls_python(traced: Any) -> bool:
    """Whether a concrete function, or any function it calls, calls Python."""
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    return any(node.op in _PYTHON for node in nodes)


def _bytes_of(spec: Any) -> int:
    """Returns the size in bytes of an element whose shapes are all known."""
    return sum(
        math.prod(each.shape.as_list()) * each.dtype.size
        for each in tf.nest.flatten(spec)
    )


def _in_a_line(error: Exception) -> str:
    return str(getattr(error, "message", error)).strip().splitlines()[0]
