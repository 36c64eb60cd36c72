"""Elements made by the workers of a tf.data service, in the order of their numbers.

    grpc://dispatcher:5050

What workers make comes in any order, and what a worker that dies had taken to make
never comes. But every element is a function of its number alone, whoever makes it: each
comes with its number, is put in its place, and one that is lost is made here. So the
data set is the same as without a service, element by element.

A worker runs TensorFlow's operations only. Functions in Python, such as Pillow's
codecs, stay in the process that made them.
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
_HELD_BYTES = 256 << 20  # Of elements that came before those they follow,
_HELD = 16  # but so many at least.


def check_address(address: str) -> tuple[str, int]:
    """Host and port of a dispatcher's address.

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
    """Who makes elements: the service at this address; if it is empty, this process."""
    return Service(address).of_numbers if address else parallel.of_numbers


def kinds_in_python(preset: distortions.Preset) -> list[str]:
    """The names of the distortions that no worker can make; a trace of each tells."""

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
    """A tf.data service, by the address of its dispatcher.

    Args:
        address: grpc://host:port.

    Raises:
        ValueError: if the address is of another form.
    """

    def __init__(self, address: str):
        self._address = address
        self._host, self._port = check_address(address)

    def check(self) -> None:
        """Checks that the dispatcher answers and has a worker that does.

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
        """The elements of the numbers first to last - 1, as `parallel` makes them.

        Args:
            first: the first number.
            last: the number after the last.
            make: from an int64 scalar to an element; has to be made of TensorFlow's
                operations, those of random numbers with seeds of their own.

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

        # What did not come is made by the data set, as it is where there is no service:
        # on all cores, and to the bit.
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
        """What the workers make of a data set, each element once, in any order."""
        service = tf.data.experimental.service
        return made.apply(
            service.distribute(
                service.ShardingPolicy.DYNAMIC,
                self._address,
                compression=None,  # Noise and photos: it costs more than it saves.
            )
        )

    def _ask(self, make: Callable[[tf.Tensor], tf.Tensor]) -> Any:
        """What a worker makes of a number.

        Raises:
            ValueError: if it cannot, or none answers.
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
    """Whether a concrete function, or one that it calls, calls Python."""
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    return any(node.op in _PYTHON for node in nodes)


def _bytes_of(spec: Any) -> int:
    """The bytes of an element, whose shapes are all known."""
    return sum(
        math.prod(each.shape.as_list()) * each.dtype.size
        for each in tf.nest.flatten(spec)
    )


def _in_a_line(error: Exception) -> str:
    return str(getattr(error, "message", error)).strip().splitlines()[0]
