"""AlexNet: torchvision's sizes, and loaded convolutions against NumPy."""

import keras
import numpy as np
import pytest
from convolution import convolve
from convolution import largest

from rankiqa_tf import models
from rankiqa_tf.models import alexnet

SHAPES = ((11, 3, 64), (5, 64, 192), (3, 192, 384), (3, 384, 256), (3, 256, 256))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Path of a file with made convolutions, in half precision."""
    generator = np.random.default_rng(0)
    arrays = {}
    for number, (size, inputs, outputs) in enumerate(SHAPES):
        deviation = (size**2 * inputs / 2) ** -0.5
        kernel = generator.normal(0, deviation, (size, size, inputs, outputs))
        arrays[f"conv{number:02}_kernel"] = kernel.astype(np.float16)
        bias = generator.normal(0, 0.1, outputs)
        arrays[f"conv{number:02}_bias"] = bias.astype(np.float16)
    path = tmp_path_factory.mktemp("weights") / "alexnet.npz"
    np.savez(path, **arrays)
    return str(path)


def test_levels_are_those_of_numpy(weights):
    arrays = np.load(weights)
    images = np.random.default_rng(1).random((2, 83, 71, 3), np.float32)
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    x = np.pad((images - mean) / deviation, [(0, 0), (2, 2), (2, 2), (0, 0)])
    expected = {}
    for number, pooled in enumerate((True, True, False, False, True)):
        kernel = arrays[f"conv{number:02}_kernel"].astype(float)
        if number == 0:
            x = convolve(x, kernel, 4, padding="valid")
        else:
            x = convolve(x, kernel)
        x = np.maximum(x + arrays[f"conv{number:02}_bias"], 0)
        if pooled:
            x = largest(x, 3, 2)
        expected[f"conv{number + 1}"] = x
    backbone, levels = alexnet.build(weights=weights, levels=("conv5",))
    found = keras.Model(backbone.input, levels).predict_on_batch(images)
    assert list(levels) == list(expected)
    for name in levels:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=1e-3)


def test_its_smallest_image_is_the_least_that_leaves_conv5_a_place():
    backbone, _ = alexnet.build(levels=("conv5",))
    assert models.network("alexnet").smallest == 63
    assert backbone.compute_output_shape((1, 63, 227, 3)) == (1, 1, 6, 256)
    with pytest.raises(ValueError, match="zero or negative"):
        backbone.compute_output_shape((1, 62, 227, 3))


def test_layers_above_the_levels_are_not_in_the_model():
    model = models.build("alexnet", levels="conv1,conv2")
    assert model.input_shape == (None, None, None, 3)
    assert not any(layer.name == "conv3" for layer in model.layers)
    # Convolutions; two features a channel, which have two moments and a weight each.
    expected = (363 + 1) * 64 + (1600 + 1) * 192 + 3 * 2 * (64 + 192) + 1
    assert model.count_params() == expected


@pytest.fixture(scope="module")
def model(weights):
    """The whole network, as in the paper."""
    keras.utils.set_random_seed(3)
    return models.build("alexnet", weights=weights)


def test_it_has_the_parameters_of_torchvisions_with_one_output(model):
    # Convolutions 2,469,696; fc6 from 6 x 6 x 256; fc7; the score.
    expected = 2_469_696 + (9216 + 1) * 4096 + (4096 + 1) * 4096 + 4097
    assert model.count_params() == expected == 57_007_937
    assert model.input_shape == (None, 227, 227, 3)


def test_it_scores_as_numpy_and_drops_out_only_in_training(model):
    levels = {
        name: model.get_layer(name) for name in ("flatten", "fc6", "fc7", "score")
    }
    images = np.random.default_rng(2).random((2, 227, 227, 3), np.float32)
    x = keras.Model(model.input, levels["flatten"].output).predict_on_batch(images)
    assert x.shape == (2, 9216)
    for name in ("fc6", "fc7", "score"):
        kernel, bias = levels[name].get_weights()
        x = x @ kernel + bias
        if name != "score":
            # Xavier's, as Glorot's: uniform, of variance 2 / (inputs + outputs).
            assert np.var(kernel) == pytest.approx(2 / sum(kernel.shape), rel=0.01)
            x = np.maximum(x, 0)
    np.testing.assert_allclose(
        model.predict_on_batch(images), x[:, 0], rtol=1e-3, atol=1e-4
    )
    first, second = (np.array(model(images, training=True)) for _ in range(2))
    assert (first != second).all()
