"""What a SavedModel may do: compute, and neither read nor write anything else.

A SavedModel is a program, in TensorFlow's operations: some of them read and write
files, call other machines or run Python. TensorFlow runs what it is given, some of it
while it loads a model. So a model is looked through first: every operation that loading
or a request can reach must be one that changes nothing, or one of the few others that
models need. That leaves out time and memory, which a model may take as it likes.
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

# Those that change something, or depend on what did, and that models cannot do without:
# variables, calls, branches, loops and assertions; and the data sets, of one photo, by
# which ours pass over files that cannot be decoded. Other data sets read files.
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
# Those that TensorFlow takes to change nothing, but that read files, write them where a
# debugger would look, or hand over to other programs.
_REACHING_OUT = re.compile(
    "ReadFile|MatchingFiles|InitializeTableFrom.*|PyFunc.*|.*Dataset.*|Debug.*|Reader.*"
    "|Xla(Custom|Launch).*|TfLite.*|.*TPU.*|.*Summary.*"
)


def read(folder: Path) -> saved_model_pb2.SavedModel:
    """Reads what a SavedModel consists of, and runs nothing.

    Raises:
        ValueError: if it is damaged, or not of TensorFlow 2, or an operation of it that
            loading or a request may reach does more than compute.
    """
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception as error:  # Of protobuf, which has one for each implementation.
        raise ValueError(f"{folder}/saved_model.pb is damaged: {error}") from error
    for graph in saved.meta_graphs:
        if not graph.HasField("object_graph_def"):
            # TensorFlow runs what such a model says while it loads it.
            raise ValueError(f"{folder} is a SavedModel of TensorFlow 1, or damaged")
        for name in _operations(graph):
            if not _only_computes(name):
                raise ValueError(
                    f"{folder} is not loaded: it holds the operation {name}, which can "
                    "do more than compute. A SavedModel is a program"
                )
    return saved


def _only_computes(name: str) -> bool:
    """Whether an operation is known to change nothing and to read nothing."""
    if name in _NEEDED:
        return True
    definition = op_def_registry.get(name)
    return not (
        definition is None or definition.is_stateful or _REACHING_OUT.fullmatch(name)
    )


def _operations(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[str]:
    """The operations that can be reached but by saving the model or restoring it."""
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
