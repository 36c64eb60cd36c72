"""Training in mixed precision: that it acts, and that it leaves no trace."""

import keras
import numpy as np
import pytest
from toy_training import SHAPE
from toy_training import Batches
from toy_training import convolutional
from toy_training import train

MIXED = pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])


def spied(seen):
    """A convolutional model that tells in what its maps are computed."""

    def spy(maps):
        seen.append(keras.backend.standardize_dtype(maps.dtype))
        return maps

    model = convolutional(between=[keras.layers.Activation(spy)])
    seen.clear()  # Of what was seen as it was built.
    return model


@MIXED
def test_maps_are_computed_in_it_in_training_alone(precision, tmp_path):
    seen = []
    model = spied(seen)
    evaluated = []

    def evaluate():
        seen.clear()
        model(np.zeros((1, *SHAPE), "f4"))
        evaluated.extend(seen)
        return {}

    options = {"precision": precision, "steps": 3, "evaluate_every": 2}
    train(model, tmp_path, evaluate=evaluate, **options)
    assert evaluated == ["float32"]
    seen.clear()
    train(model, tmp_path / "again", **options)
    assert seen == [precision.removeprefix("mixed_")]


@MIXED
def test_weights_come_near_those_of_float32(precision, tmp_path):
    model, expected, start = convolutional(), convolutional(), convolutional()
    # Small errors, so that no scaled gradient overflows and no update is left out.
    changes = {"steps": 4, "learning_rate": 0.01, "l2": 0.0}
    train(expected, tmp_path / "float32", Batches(scale=0.01), **changes)
    changes["precision"] = precision
    train(model, tmp_path / precision, Batches(scale=0.01), **changes)
    for mixed, exact, first in zip(
        model.get_weights(), expected.get_weights(), start.get_weights(), strict=True
    ):
        assert mixed.dtype == np.float32
        assert not np.array_equal(mixed, exact)  # It did act.
        way = np.linalg.norm(exact - first)
        assert np.linalg.norm(mixed - exact) < 0.05 * way


@MIXED
def test_the_trained_model_is_one_of_float32(precision, tmp_path):
    model = convolutional()
    image = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype("f4")
    model.predict_on_batch(image)  # It keeps the function this was traced to.
    train(model, tmp_path, precision=precision)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    other = convolutional(seed=1)
    other.set_weights(model.get_weights())
    expected = other.predict_on_batch(image)
    np.testing.assert_array_equal(model.predict_on_batch(image), expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(image), expected)


def test_float16_passes_over_an_update_whose_gradients_overflow(tmp_path):
    model = convolutional()
    train(
        model,
        tmp_path,
        Batches(scale=1e8),
        steps=1,
        precision="mixed_float16",
        l2=0.0,
    )
    for after, before in zip(
        model.get_weights(), convolutional().get_weights(), strict=True
    ):
        np.testing.assert_array_equal(after, before)
