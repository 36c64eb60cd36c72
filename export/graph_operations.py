"""Checks that a SavedModel only computes, and neither reads nor writes anything else.

A SavedModel is a program made of TensorFlow's operations, some of which read and write
files, contact other machines or run Python. TensorFlow runs whatever it is given, part
of it while loading a model. So a model is inspected first: every operation that loading
or a request can reach has to be stateless, or one of the few others that models need.
This does not limit the time and memory a model takes.
"""

import re
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path

from tensorflow.core.framework import attr_value_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

# Stateful operations that models cannot do without: variables, calls, branches, loops
# and assertions; and the data sets of a single photo with which our models skip files
# that cannot be decoded. Other data sets read files.
_NEEDED = frozenset(
    {
        *("Assert", "AssignVariableOp", "Case", "DisableCopyOnRead", "If"),
        *("PartitionedCall", "ReadVariableOp", "ResourceGather"),
        *("StatefulPartitionedCall", "VarHandleOp", "VarIsInitializedOp"),
        *("VariableShape", "While"),
        *("ConcatenateDataset", "DatasetToSingleElement", "IgnoreErrorsDataset"),
        *("MapDataset", "OptionsDataset", "TakeDataset", "TensorDataset"),
    }
)
# Operations that TensorFlow counts as stateless, but that read files, write them for a
# debugger, or pass data to other programs.
_REACHING_OUT = re.compile(
    "ReadFile|MatchingFiles|InitializeTableFrom.*|PyFunc.*|.*Dataset.*|Debug.*|Reader.*"
    "|Xla(Custom|Launch).*|TfLite.*|.*TPU.*|.*Summary.*"
)


def read(folder: Path) -> saved_model_pb2.SavedModel:
    """Reads a SavedModel's definition without running anything.

    Raises:
        ValueError: if it is damaged, not from TensorFlow 2, or contains an operation
            that loading or a request may reach and that does more than compute.
    """
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception as error:  # Each protobuf implementation raises its own.
        raise ValueError(f"{folder}/saved_model.pb is damaged: {error}") from error
    for graph in saved.meta_graphs:
        if not graph.HasField("object_graph_def"):
            # TensorFlow runs parts of such a model while loading it.
            raise ValueError(f"{folder} is a SavedModel of TensorFlow 1, or damaged")
        for name in _operations(graph):
            if not _only_computes(name):
                raise ValueError(
                    f"{folder} is not loaded: it holds the operation {name}, which can "
                    "do more than compute. A SavedModel is a program"
                )
    return saved


def _only_computes(name: str) -> bool:
    """Whether an operation is known to be stateless and to read nothing."""
    if name in _NEEDED:
        return True
    definition = op_def_registry.get(name)
    return not (
        definition is None or definition.is_stateful or _REACHING_OUT.fullmatch(name)
    )


def _operations(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[str]:
    """Yields all operations except those only reached by saving or restoring."""
    functions = {each.signature.name: each for each in graph.graph_def.library.function}
    saver = graph.saver_def
    keeping = {
        name.partition(":")[0].removeprefix("^")
        for name in (saver.save_tensor_name, saver.restore_op_name)
    }
    nodes = [node for node in graph.graph_def.node if node.name not in keeping]
    ahead = list(graph.object_graph_def.concrete_functions)
    seen: set[str] = set()
    while nodes or ahead:
        for node in nodes:
            called = [node.op, *_functions_of(node.attr.values())]
            inner = [name for name in called if name in functions]
            ahead += inner
            if node.op not in functions:
                yield node.op
        name = ahead.pop() if ahead else ""
        known = name in functions and name not in seen
        seen.add(name)
        nodes = list(functions[name].node_def) if known else []


def _functions_of(values: Iterable[attr_value_pb2.AttrValue]) -> Iterator[str]:
    for value in values:
        if value.HasField("func"):
            yield value.func.name
            yield from _functions_of(value.func.attr.values())
        for each in value.list.func:
            yield each.name
            yield from _functions_of(each.attr.values())


if __name__ == "__main__":
    sys.exit("export.graph_operations is a library; the program is python -m export")
