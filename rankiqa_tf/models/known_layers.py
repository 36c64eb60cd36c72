"""Allow-list of the layers and operations that a model file may contain.

A .keras file names classes and functions, which Keras looks up and calls while opening
the file. Keras' safe mode rejects those known to run code, but more are found time and
again. So here only what is known to compute tensors from tensors and do nothing else is
accepted, before Keras sees the file. That covers everything our networks and those of
keras.applications consist of.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from rankiqa_tf.models import misgiven

# fmt: off
_LAYERS = frozenset({
    "Activation", "ActivityRegularization", "AdaptiveAveragePooling2D",
    "AdaptiveMaxPooling2D", "Add", "AlphaDropout", "Attention", "Average",
    "AveragePooling2D", "BatchNormalization", "CenterCrop", "Concatenate", "Conv1D",
    "Conv2D", "Conv2DTranspose", "Cropping2D", "Dense", "DepthwiseConv2D", "Dot",
    "Dropout", "ELU", "EinsumDense", "Flatten", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GroupNormalization", "Identity", "InputLayer",
    "LayerNormalization", "LeakyReLU", "MaxPooling2D", "Maximum", "Minimum",
    "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute",
    "RMSNormalization", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing",
    "SeparableConv2D", "Softmax", "SpatialDropout2D", "SpectralNormalization",
    "Subtract", "UnitNormalization", "UpSampling2D", "ZeroPadding2D",
})
_CORE_OPERATIONS = frozenset({"Cast", "Shape", "Slice", "StopGradient", "Unstack"})
_FUNCTIONS = frozenset({  # Activations.
    "celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
})
_VALUES = frozenset({"__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__",
                     "__tensor__"})
# fmt: on
_MOST_TOLD = 200  # Maximum number of characters quoted from a file.
# Classes by the module a file names. Keras' own modules change with its versions, but
# the names of their classes do not.
_KNOWN = (
    (r"keras\.layers|keras\.src\.layers\..*", _LAYERS),
    (
        r"keras|keras\.models|keras\.src\.models\.(functional|model|sequential)",
        frozenset({"Functional", "Model", "Sequential"}),
    ),
    (r"keras|keras\.dtype_policies", frozenset({"DTypePolicy"})),
    (r"keras\.src\.ops\.core", _CORE_OPERATIONS),
    (r"keras\.src\.applications\.convnext", frozenset({"LayerScale"})),
    (
        r"keras\.src\.applications\.inception_resnet_v2",
        frozenset({"CustomScaleLayer"}),
    ),
)
# Modules accepted as a whole: array operations, initializers, regularizers and
# constraints.
_KNOWN_MODULES = re.compile(
    r"keras\.src\.ops\.(math|nn|numpy)"
    r"|keras\.(initializers|regularizers|constraints)"
    r"|keras\.src\.(initializers|regularizers|constraints)\..*"
)


def check(config: bytes) -> None:
    """Checks the configuration of a model, the entry config.json of its file.

    Raises:
        ValueError: if it is not a configuration, or names anything unknown; the message
            says what to do with a trusted file.
    """
    try:
        found = json.loads(config)
        if not isinstance(found, dict):
            raise ValueError("it is not a JSON object")
        strange = unknown(found)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its {misgiven.CONFIG} is damaged: {error}") from error
    if strange:
        raise ValueError(
            f"it names {strange}, which is not known to do nothing but "
            "compute. If you trust whoever made the file, open it with "
            "keras.models.load_model and make a Model of that"
        )


def unknown(config: dict[str, Any]) -> str | None:
    """Returns the first unknown class or function in a configuration, or None.

    Args:
        config: the configuration of a model, as Keras writes it.
    """
    # The settings a model was compiled with are never read.
    read = {name: part for name, part in config.items() if name != "compile_config"}
    return next((_name(each) for each in _named(read) if not _is_known(each)), None)


def _named(part: Any) -> Iterator[dict[str, Any]]:
    """Yields what part of a configuration has Keras look up, outermost first."""
    if isinstance(part, dict):
        if "class_name" in part:
            yield part
        part = part.values()
    elif not isinstance(part, list):
        return
    for each in part:
        yield from _named(each)


def _is_known(part: dict[str, Any]) -> bool:
    name, module = part["class_name"], part.get("module")
    registered = part.get("registered_name")
    if name == "function":
        return module == "builtins" and str(part.get("config")) in _FUNCTIONS
    if module is None:
        return str(name) in _VALUES
    if not isinstance(name, str) or not isinstance(module, str):
        return False
    # What a process has registered takes precedence over a module's content.
    if registered not in (None, name, f"{module}>{name}"):
        return False
    return bool(_KNOWN_MODULES.fullmatch(module)) or any(
        name in names and re.fullmatch(modules, module) for modules, names in _KNOWN
    )


def _name(part: dict[str, Any]) -> str:
    """Returns a short description of what a part names."""
    is_function = part["class_name"] == "function"
    name = part.get("config") if is_function else part["class_name"]
    told = f"{part.get('module')}.{name}"
    if (registered := part.get("registered_name")) not in (None, name):
        told += f" (registered as {registered})"
    return told[:_MOST_TOLD].encode("unicode_escape").decode()
