"""What is set from the first batches before a new model is trained."""

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf.models import heads
from rankiqa_tf.models import model_file
from rankiqa_tf.training.stages import preparation

IMAGES = np.random.default_rng(0).random((64, 9, 7, 3), np.float32)


class FirstImages:
    """Batches of 16 of the images."""

    size = 16

    def dataset(self, start, stop):
        batches = IMAGES.reshape(4, 16, 9, 7, 3)
        return tf.data.Dataset.from_tensor_slices({"image": batches}).take(stop - start)


def normalised():
    """Of which nothing is known: a random normalisation far from what it is given."""
    keras.utils.set_random_seed(3)
    image = keras.Input([None, None, 3])
    level = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(50 * image))
    features = heads.standardised([heads.mean_over_space(level)])
    model = heads.attach(keras.Model(image, level), features)
    return model, keras.Model(image, features)


def metadata(*stages):
    return model_file.Metadata(
        network="shallow",
        crop_size=9,
        levels="last",
        pooling="mean",
        score_range=None,
        trained_on="",
        stages=stages,
    )


def test_a_new_models_features_are_standardised_as_it_is_scored_by():
    model, features = normalised()
    preparation.standardise(model, metadata(), FirstImages())
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
    preparation.standardise(model, metadata("rank"), FirstImages())
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
