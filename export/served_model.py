"""A SavedModel that answers requests, independent of the protocol."""

import sys
import threading
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from export import graph_operations

DEFAULT_SIGNATURE = "serving_default"

# Each request uses all cores; with two, one photo is decoded while another goes through
# the network. Waiting requests hold only their own data.
_AT_ONCE = 2


class RequestError(ValueError):
    """A request is invalid; the message says what would be valid."""


class NotFoundError(RequestError):
    """A request asks for a model or a version that is not served."""


class ServedModel:
    """A SavedModel with a name, safe for use by several threads.

    Attributes:
        name: its name in requests.
        version: 0 or more.
        folder: of the version.
        signature_defs: its signatures as stored in the file.
    """

    def __init__(self, folder: str | Path, *, name: str):
        """Loads a model.

        Args:
            folder: of a SavedModel, or of versions of one: then the subfolder with the
                highest number is used, as by TensorFlow Serving.
            name: its name in requests.

        Raises:
            ValueError: if there is no SavedModel, or it lacks a signature
                serving_default, or could do more than compute.
        """
        self.folder = path = _newest(Path(folder))
        self.name = name
        self.version = int(path.name) if path.name.isdecimal() else 1
        self.signature_defs = _signature_defs(path)
        if DEFAULT_SIGNATURE not in self.signature_defs:
            raise ValueError(f"{path} has no signature {DEFAULT_SIGNATURE}")
        try:
            loaded = tf.saved_model.load(str(path))
        except (tf.errors.OpError, OSError, ValueError) as error:
            raise ValueError(f"{path} cannot be loaded as a SavedModel: {error}") from (
                error
            )
        self._loaded = loaded  # Keeps the variables alive.
        self._functions = dict(loaded.signatures)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def check(self, name: str, version: int | None = None) -> None:
        """Checks that a request is for this model.

        Raises:
            NotFoundError: if it is not.
        """
        if name != self.name:
            raise NotFoundError(f"no model {name!r} is served here, but {self.name!r}")
        if version not in (None, self.version):
            raise NotFoundError(
                f"no version {version} of {name} is served here, but {self.version}"
            )

    def inputs(self, signature: str) -> dict[str, tf.TensorSpec]:
        """Returns the inputs of a signature, by name.

        Raises:
            RequestError: if there is no such signature.
        """
        if signature not in self._functions:
            raise RequestError(
                f"no signature {signature!r}; there are: "
                f"{', '.join(sorted(self._functions))}"
            )
        return dict(self._functions[signature].structured_input_signature[1])

    def run(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """Answers a request.

        Args:
            signature: its name.
            inputs: by name; texts as arrays of bytes objects.
            outputs: names of the desired outputs; all if empty.

        Returns:
            The outputs by name; texts as arrays of bytes objects.

        Raises:
            RequestError: if the signature does not have these inputs or outputs, or
                fails on the inputs.
        """
        specs = self.inputs(signature)
        if set(inputs) != set(specs):
            raise RequestError(
                f"signature {signature} takes {_listed(specs)}, not {_listed(inputs)}"
            )
        for name, value in inputs.items():
            _check(name, value, specs[name])
        function = self._functions[signature]
        absent = set(outputs) - set(function.structured_outputs)
        if absent:
            raise RequestError(
                f"signature {signature} gives {_listed(function.structured_outputs)}, "
                f"not {_listed(absent)}"
            )
        with self._turns:
            try:
                # By name: with positional arguments, TensorFlow first formats the photo
                # as text for an error message that nobody sees.
                given = {
                    name: tf.constant(value, specs[name].dtype)
                    for name, value in inputs.items()
                }
                found = function(**given)
            except tf.errors.InvalidArgumentError as error:
                raise RequestError(_reason(error)) from error
            wanted = outputs or list(found)
            return {name: _array(found[name]) for name in wanted}


def _check(name: str, value: np.ndarray, spec: tf.TensorSpec) -> None:
    got = tf.string if value.dtype == object else tf.as_dtype(value.dtype)
    if got != spec.dtype:
        raise RequestError(f"{name} must be {spec.dtype.name}, not {got.name}")
    if not spec.shape.is_compatible_with(value.shape):
        raise RequestError(
            f"{name} must have the shape {_shape(spec)}, not {list(value.shape)}"
        )


def _array(tensor: tf.Tensor) -> np.ndarray:
    value = tensor.numpy()
    if isinstance(value, bytes):  # NumPy's bytes arrays lose trailing zeros.
        value = np.array(value, object)
    return value


def _shape(spec: tf.TensorSpec) -> str:
    sides = ["any" if side is None else str(side) for side in spec.shape]
    return f"[{', '.join(sides)}]"


def _listed(names: object) -> str:
    return ", ".join(sorted(map(str, names))) or "nothing"  # type: ignore[call-overload]


def _reason(error: tf.errors.OpError) -> str:
    """Returns the message of an assertion in the graph, without its location."""
    lines = [line.strip() for line in error.message.splitlines()]
    said = [
        line
        for line in lines
        if line
        and not line.startswith(("Graph execution error", "Detected at", "<stack"))
    ]
    text = said[0] if said else type(error).__name__
    return text.removeprefix("assertion failed: [").split("]")[0].strip(" .")


def _newest(path: Path) -> Path:
    if path.is_dir() and not (path / "saved_model.pb").is_file():
        numbers = [each for each in path.iterdir() if each.name.isdecimal()]
        versions = [each for each in numbers if (each / "saved_model.pb").is_file()]
        path = max(versions, key=lambda each: int(each.name), default=path)
    if not (path / "saved_model.pb").is_file():
        hint = ""
        if path.suffix == ".keras":
            hint = f": export it first, with python -m export --model={path}"
        raise ValueError(f"{path} is not the folder of a SavedModel{hint}")
    return path


def _signature_defs(path: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    found: dict[str, meta_graph_pb2.SignatureDef] = {}
    for graph in graph_operations.read(path).meta_graphs:
        for name, definition in graph.signature_def.items():
            # Only copies outlive the graph, which may be large.
            found[name] = meta_graph_pb2.SignatureDef.FromString(
                definition.SerializeToString()
            )
    return found


if __name__ == "__main__":
    sys.exit("export.served_model is a library; the program is python -m export.serve")
