"""Program: _convert.py SAVED_MODEL OUTPUT FORM [CROPS] writes a TFLite file.

See tflite.py. It needs only TensorFlow, and is run by its path.

In float16 and int8, only the body of a network loses precision: everything except what
comes before it, the first convolutions, and after it, the head.
"""

import copy
import itertools
import math
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

SIGNATURE = "serving_default"
# The first convolutions see the finest structure, where quality shows, and their
# rounding errors propagate through all later layers. With no more than this share of
# the weights, they hardly affect the file size, but of EfficientNet-Lite0's layers they
# affect scores most: benchmarks/forms.md.
_IN_FRONT = 0.01
_WEIGHTED = (
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
)


def main(saved_model: str, output: str, form: str, crops: str = "") -> None:
    """Converts the SavedModel's serving_default."""
    converter = tf.lite.TFLiteConverter.from_saved_model(
        saved_model, signature_keys=[SIGNATURE]
    )
    if form in ("dynamic", "int8"):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "int8":
        signature = tf.saved_model.load(saved_model).signatures[SIGNATURE]
        shape = signature.structured_input_signature[1]["image"].shape
        converter.representative_dataset = lambda: _images(crops, shape[1], shape[2])
        content = _quantised(converter)
    else:
        content = converter.convert()
    if form == "float16":
        content = _halved(content)
    Path(output).write_bytes(content)


def _images(crops: str, height: int, width: int) -> Iterator[dict[str, np.ndarray]]:
    for crop in np.load(crops, mmap_mode="r"):
        missing = [(0, height - crop.shape[0]), (0, width - crop.shape[1]), (0, 0)]
        yield {"image": np.pad(crop, missing, "symmetric")[np.newaxis]}


def _halved(content: bytes) -> bytes:
    """Rounds the weights of the body to float16.

    The converter would round all weights, including the first convolutions and the
    head.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    graph = model.subgraphs[0]
    weights = _weights(model)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 3  # The first that accepts float16.
    model.operatorCodes.append(code)
    halves: dict[int, int] = {}  # The new tensor for each buffer.
    made: dict[int, schema.OperatorT] = {}  # The operation that produces each weight.
    for place in range(_front(weights), len(weights)):
        if not weights[place] or graph.operators[place].inputs[1] in made:
            continue
        number = graph.operators[place].inputs[1]
        tensor = graph.tensors[number]
        data = model.buffers[tensor.buffer].data
        if data is None or tensor.type != schema.TensorType.FLOAT32:
            continue  # Not a constant.
        if tensor.buffer not in halves:
            half, buffer = copy.copy(tensor), schema.BufferT()
            buffer.data = np.asarray(data).view("<f4").astype("<f2").view(np.uint8)
            half.type, half.name = schema.TensorType.FLOAT16, tensor.name + b"/float16"
            half.buffer = len(model.buffers)
            model.buffers.append(buffer)
            halves[tensor.buffer] = len(graph.tensors)
            graph.tensors.append(half)
        dequantize = schema.OperatorT()
        dequantize.opcodeIndex = len(model.operatorCodes) - 1
        dequantize.inputs, dequantize.outputs = [halves[tensor.buffer]], [number]
        made[number] = dequantize
        tensor.buffer = 0  # The empty buffer, used for computed tensors.
    graph.operators = [*made.values(), *graph.operators]
    for unused in halves.keys() - {tensor.buffer for tensor in graph.tensors}:
        model.buffers[unused].data = None
    return flatbuffer_utils.convert_object_to_bytearray(model)


def _quantised(converter: tf.lite.TFLiteConverter) -> bytes:
    """Quantises the body.

    The head computes means and deviations of maps, which differ a hundredfold in scale,
    and sums thousands of them. In 8 bits most of them would vanish.
    """
    # Not used for debugging, but it allows operations to be left out.
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=lambda: iter(())
    )
    debugger.options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_nodes=_ends(debugger.calibrated_model)
    )
    return debugger.get_nondebug_quantized_model()


def _ends(content: bytes) -> list[str]:
    """Returns the names of tensors computed before and after the body of a model."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    graph = model.subgraphs[0]
    weights = _weights(model)
    front = _front(weights)
    needed: set[int] = set()  # By operations of the body.
    names = []
    for place in reversed(range(len(weights))):
        operator = graph.operators[place]
        is_behind = not weights[place] and needed.isdisjoint(operator.outputs)
        if not is_behind:
            needed.update(operator.inputs)
        if is_behind or place < front:
            names += [
                graph.tensors[number].name.decode() for number in operator.outputs
            ]
    return names


def _front(weights: Sequence[int]) -> int:
    """Returns how many operations come before the body."""
    for place, passed in enumerate(itertools.accumulate(weights)):
        if passed > _IN_FRONT * sum(weights):
            return place
    return len(weights)


def _weights(model: schema.ModelT) -> list[int]:
    """Returns the number of weights of each operation: convolutions and dense layers.

    Layers with a single output, the score, or a single input, the curve, do not count.
    """
    graph = model.subgraphs[0]
    counts = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = max(code.builtinCode, code.deprecatedBuiltinCode)
        shape = graph.tensors[operator.inputs[1]].shape if kind in _WEIGHTED else (0,)
        is_dense = kind == schema.BuiltinOperator.FULLY_CONNECTED
        counts.append(0 if is_dense and min(shape) == 1 else math.prod(shape))
    return counts


if __name__ == "__main__":
    main(*sys.argv[1:])
