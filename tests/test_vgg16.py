"""VGG-16: the paper's size, loaded convolutions against NumPy, and Keras' weights."""

import itertools

import keras
import numpy as np
import pytest
from convolution import convolve
from convolution import largest

from rankiqa_tf import models
from rankiqa_tf.models import vgg16

CHANNELS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)


def test_levels_are_those_of_numpy(tmp_path):
    generator = np.random.default_rng(0)
    arrays = {}
    for number, (inputs, outputs) in enumerate(itertools.pairwise(CHANNELS)):
        kernel = generator.normal(0, (9 * inputs / 2) ** -0.5, (3, 3, inputs, outputs))
        arrays[f"conv{number:02}_kernel"] = kernel.astype(np.float16)
        bias = generator.normal(0, 0.1, outputs)
        arrays[f"conv{number:02}_bias"] = bias.astype(np.float16)
    path = tmp_path / "vgg16.npz"
    np.savez(path, **arrays)
    images = generator.random((1, 35, 49, 3), np.float32)
    x = (images - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    expected = []
    for number in range(13):
        x = convolve(x, arrays[f"conv{number:02}_kernel"].astype(float))
        x = np.maximum(x + arrays[f"conv{number:02}_bias"], 0)
        if number in (1, 3, 6, 9, 12):  # The ends of the stages.
            x = largest(x, 2, 2)
            expected.append(x)
    backbone, levels = vgg16.build(weights=str(path), levels=("conv5",))
    found = keras.Model(backbone.input, levels).predict_on_batch(images)
    assert list(levels) == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    for name, level in zip(levels, expected, strict=True):
        np.testing.assert_allclose(found[name], level, rtol=1e-3, atol=1e-3)


def test_weights_of_keras_give_the_features_of_keras(tmp_path):
    keras.utils.set_random_seed(4)
    keras_network = keras.applications.VGG16(weights=None, include_top=False)
    path = tmp_path / "vgg16.weights.h5"
    keras_network.save_weights(path)
    images = np.random.default_rng(1).random((2, 33, 67, 3), np.float32)
    expected = keras_network.predict_on_batch(
        keras.applications.vgg16.preprocess_input(images * 255)
    )
    assert expected.std() > 0.1
    backbone, _ = vgg16.build(weights=str(path), levels=("conv5",))
    np.testing.assert_allclose(
        backbone.predict_on_batch(images), expected, rtol=1e-3, atol=1e-3
    )


@pytest.fixture(scope="module")
def model():
    """The paper's network: 537 MB."""
    keras.utils.set_random_seed(5)
    return models.build("vgg16")


def test_it_has_the_parameters_of_the_papers_network(model):
    convolutions = sum(
        9 * inputs * outputs + outputs
        for inputs, outputs in itertools.pairwise(CHANNELS)
    )
    expected = convolutions + (7 * 7 * 512 + 1) * 4096 + (4096 + 1) * 4096 + 4097
    assert model.count_params() == expected == 134_264_641


def test_it_scores_crops_of_224(model):
    assert model.input_shape == (None, 224, 224, 3)
    assert model.output_shape == (None,)
    scores = model.predict_on_batch(
        np.random.default_rng(2).random((2, 224, 224, 3), np.float32)
    )
    assert np.isfinite(scores).all()
    assert scores[0] != scores[1]


def test_a_photo_of_any_size_is_scored_without_the_fully_connected_layers():
    model = models.build("vgg16", levels="conv1,conv3")
    assert model.input_shape == (None, None, None, 3)
    assert model.predict_on_batch(np.ones((1, 61, 47, 3), np.float32)).shape == (1,)
