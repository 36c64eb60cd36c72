"""Layers are frozen, or compute in lower precision, only while asked to."""

import keras
import numpy as np
import pytest
from toy_training import convolutional

from rankiqa_tf.training import layers


def nested():
    """A model with a frozen preprocessing before a model inside it."""
    image = keras.Input((None, None, 3))
    preprocess = keras.layers.Conv2D(3, 1, name="preprocess", trainable=False)
    return keras.Model(image, convolutional()(preprocess(image)))


def policies(model):
    return {layer.name: layer.dtype_policy.name for layer in layers.leaves(model)}


def test_neither_pixels_nor_scores_lose_precision():
    model = nested()
    before = policies(model)
    with layers.computing_in(model, "mixed_bfloat16"):
        mixed = {name for name, policy in policies(model).items() if "mixed" in policy}
    assert mixed == {"conv1", "conv2"}
    assert policies(model) == before


def test_policies_are_as_before_after_an_error_too():
    model = convolutional()
    before = policies(model)
    with (
        pytest.raises(RuntimeError, match="in training"),
        layers.computing_in(model, "mixed_float16"),
    ):
        raise RuntimeError("in training")
    assert policies(model) == before


def trainable(model):
    return [layer.name for layer in layers.leaves(model) if layer.trainable_weights]


def test_the_first_layers_with_weights_are_frozen_and_then_as_before():
    model = nested()
    assert trainable(model) == ["conv1", "conv2", "score"]
    with layers.frozen(model, 3):  # The preprocessing has weights too.
        assert trainable(model) == ["score"]
    assert trainable(model) == ["conv1", "conv2", "score"]


def test_not_all_can_be_frozen():
    model = nested()
    with (
        pytest.raises(ValueError, match=r"4 frozen layers leave nothing.*has 4 layers"),
        layers.frozen(model, 4),
    ):
        pass
    assert trainable(model) == ["conv1", "conv2", "score"]


def normalised():
    norms = [
        keras.layers.BatchNormalization(name="first", momentum=0.7),
        keras.layers.BatchNormalization(name="frozen", trainable=False),
    ]
    return convolutional(between=norms)


def test_statistics_are_gathered_to_their_mean_over_batches():
    model = normalised()
    frozen = [weight.numpy() for weight in model.get_layer("frozen").weights]
    random = np.random.default_rng(0)
    batches = [random.random((5, 2, 3, 3), np.float32) * n for n in (1, 2, 3)]
    maps = keras.Model(model.input, model.get_layer("first").input)
    seen = [np.array(maps(batch)) for batch in batches]
    layers.gather_statistics(model, iter(batches))
    norm = model.get_layer("first")
    means = np.mean([each.mean((0, 1, 2)) for each in seen], 0)
    np.testing.assert_allclose(norm.moving_mean, means, rtol=1e-4, atol=1e-6)
    variances = np.mean([each.var((0, 1, 2)) for each in seen], 0)
    np.testing.assert_allclose(norm.moving_variance, variances, rtol=1e-4)
    for before, weight in zip(frozen, model.get_layer("frozen").weights, strict=True):
        np.testing.assert_array_equal(weight, before)


def test_afterwards_statistics_follow_as_slowly_as_before():
    model = normalised()
    random = np.random.default_rng(0)
    images = random.random((5, 2, 3, 3), np.float32)
    layers.gather_statistics(model, [images])
    norm = model.get_layer("first")
    gathered = np.array(norm.moving_mean)
    maps = keras.Model(model.input, norm.input)
    other = random.random((5, 2, 3, 3), np.float32)
    model(other, training=True)
    seen = np.array(maps(other)).mean((0, 1, 2))
    expected = 0.7 * gathered + 0.3 * seen
    np.testing.assert_allclose(norm.moving_mean, expected, rtol=1e-4, atol=1e-6)
