"""Scoring in threads, in forked workers, and beside whatever else Keras is used for."""

import json

import keras
import numpy as np
import pytest
import toy_training
from programs import start
from tiny_models import fully_convolutional

from rankiqa_tf.model import Model
from rankiqa_tf.training import layers


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What tests/toy_concurrency.py prints."""
    folder = tmp_path_factory.mktemp("models")
    code = "import sys; sys.path.append('tests'); import toy_concurrency"
    process = start("-c", f"{code}; toy_concurrency.main({str(folder)!r})")
    printed, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(printed.splitlines()[-1])


def test_two_models_in_four_threads_score_as_one_after_the_other(found):
    assert found["threads"] is True


def test_one_interpreter_in_four_threads_scores_as_one_after_the_other(found):
    assert found["threads_of_litert"] is True


def test_a_worker_forked_before_tensorflow_is_used_loads_a_model_and_scores(found):
    assert found["fork_before"] == found["score"]


@pytest.mark.parametrize("way", ["score", "many", "map", "load"])
def test_a_worker_forked_later_says_what_to_do_and_does_not_hang(found, way):
    assert found[f"fork_{way}"].startswith(
        "RuntimeError: this process was forked from one in which TensorFlow had been "
        "used"
    )
    assert "'spawn' or 'forkserver'" in found[f"fork_{way}"]


def test_a_spawned_worker_scores_whatever_its_parent_did(found):
    assert found["spawn"] == found["score"]


def test_an_interpreter_of_litert_scores_in_a_forked_worker(found):
    assert found["fork_litert"] == found["litert"]


@pytest.fixture
def policy():
    """Whatever a test sets, the next finds what there was."""
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_the_users_precision_does_not_change_scores(name, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (61, 47, 3), np.uint8)
    model = fully_convolutional()
    model.save(tmp_path / "model.keras")
    expected = model.score(image)
    keras.config.set_dtype_policy(name)
    loaded = Model.load(tmp_path / "model.keras")
    assert loaded.score(image) == expected
    assert keras.config.dtype_policy().name == name
    # A loaded model is saved and loaded as it was.
    loaded.save(tmp_path / "again.keras")
    keras.config.set_dtype_policy("float32")
    assert Model.load(tmp_path / "again.keras").score(image) == expected


@pytest.mark.usefixtures("policy")
def test_training_leaves_keras_as_it_was(tmp_path):
    model = toy_training.convolutional()
    before = keras.config.dtype_policy().name, keras.config.floatx()
    toy_training.train(
        model, tmp_path, steps=2, precision="mixed_bfloat16", frozen_layers=1
    )
    assert (keras.config.dtype_policy().name, keras.config.floatx()) == before
    assert all(layer.trainable for layer in layers.leaves(model))
    assert {layer.dtype_policy.name for layer in layers.leaves(model)} == {"float32"}
    dense = keras.layers.Dense(2)
    assert dense.compute_dtype == "float32"
