"""Layers are frozen, and compute in less, only while they are asked to."""

import keras
import pytest
from toy_training import convolutional

from rankiqa_tf import layers


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
