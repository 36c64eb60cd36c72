"""What a run starts from: a model, and what its first batches set."""

import dataclasses
import random

import keras
import numpy as np
import tensorflow as tf
import tiny_models

from rankiqa_tf import config as config_lib
from rankiqa_tf import library
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads
from rankiqa_tf.training.stages import preparation

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 9, 7, 3), np.uint8)
IMAGES = PIXELS.astype(np.float32) / 255


class FirstImages:
    """Batches of 16 of the images."""

    size = 16

    def dataset(self, start, stop):
        batches = PIXELS.reshape(4, 16, 9, 7, 3)
        return tf.data.Dataset.from_tensor_slices({"image": batches}).take(stop - start)


def normalised():
    """Of which nothing is known: a random normalisation far from what it is given."""
    keras.utils.set_random_seed(3)
    image = keras.Input([None, None, 3])
    level = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(50 * image))
    features = heads.standardised([heads.mean_over_space(level)])
    model = heads.attach(keras.Model(image, level), features)
    return model, keras.Model(image, features)


def known(*stages):
    return Metadata(
        network="shallow",
        crop_size=9,
        levels="last",
        score_range=None,
        trained_on="",
        stages=stages,
    )


def test_a_new_models_features_are_standardised_as_it_is_scored_by():
    model, features = normalised()
    preparation.standardise(Model(model, known()), FirstImages())
    found = features.predict_on_batch(IMAGES)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(found.var(0), 1, atol=1e-3)
    # The mean of 50 times numbers of 0..1 is no longer taken for 0.
    norm = next(
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    maps = keras.Model(model.input, norm.input).predict_on_batch(IMAGES)
    np.testing.assert_allclose(
        norm.moving_mean, maps.mean((0, 1, 2)), rtol=1e-3, atol=1e-4
    )


def test_a_trained_model_is_left_as_it_is():
    model, _ = normalised()
    before = model.get_weights()
    preparation.standardise(Model(model, known("rank")), FirstImages())
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_a_run_begins_with_a_model_that_the_package_carries(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    carried = tiny_models.fully_convolutional()
    carried.save(tmp_path / "weights" / "tiny.keras")
    monkeypatch.setattr(library.resources, "files", lambda package: tmp_path)
    # It decides the network, whatever the options say.
    config = config_lib.of_options(init="tiny", network="shallow", levels="no such")
    found = preparation.start(config)
    assert found.metadata.network == "MobileNetV2"
    for weight, old in zip(
        found.network.get_weights(), carried.network.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, old)


def test_what_is_known_of_a_models_scores_ends_with_its_training(tmp_path):
    tiny = tiny_models.fully_convolutional()
    metadata = dataclasses.replace(
        tiny.metadata,
        scale=(0.0, 1.0),
        scale_of="mean opinion scores",
        percentiles=tuple(range(101)),
        percentiles_of="101 photos",
    )
    Model(tiny.network, metadata).save(tmp_path / "model.keras")
    config = config_lib.of_options(init=str(tmp_path / "model.keras"))
    assert preparation.start(config).metadata == tiny.metadata


def weights_of(**options):
    model = preparation.start(config_lib.of_options(**options))
    return np.concatenate([w.ravel() for w in model.network.get_weights()])


def test_the_seed_decides_the_first_weights_whatever_python_drew_before():
    found = []
    for state in (1, 2):
        random.seed(state)
        expected = random.Random(state).random()
        found.append(weights_of(seed=3))
        assert random.random() == expected  # Python's generator is left alone.
    np.testing.assert_array_equal(*found)
    assert (weights_of(seed=4) != found[0]).any()
