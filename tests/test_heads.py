"""Heads: pooling and fitted layers against closed forms in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf.models import heads

IMAGES = np.random.default_rng(0).random((40, 9, 7, 3), np.float32)
BATCHES = (IMAGES[:16], IMAGES[16:32], IMAGES[32:])


def build(standardised=True):
    """A small network of one level, with means and deviations as features."""
    keras.utils.set_random_seed(3)
    image = keras.Input([None, None, 3])
    level = keras.layers.Conv2D(4, 3)(10 * image)
    pooled = [heads.mean_over_space(level), heads.deviation_over_space(level)]
    if standardised:
        features = heads.standardised(pooled)
    else:
        features = keras.layers.Concatenate()(pooled)
    return heads.attach(keras.Model(image, level), features)


def features_of(model):
    last = keras.Model(model.input, model.get_layer("score").input)
    return last.predict_on_batch(IMAGES).astype(float)


def test_pooling_is_numpys_mean_and_deviation():
    levels = np.random.default_rng(1).normal(5, 3, (2, 6, 5, 4)).astype("f4")
    np.testing.assert_allclose(
        heads.mean_over_space(tf.constant(levels)), levels.mean((1, 2)), rtol=1e-5
    )
    np.testing.assert_allclose(
        heads.deviation_over_space(tf.constant(levels)), levels.std((1, 2)), rtol=1e-4
    )


def test_a_silent_channel_has_a_finite_slope():
    level = tf.zeros([1, 4, 4, 2])
    with tf.GradientTape() as tape:
        tape.watch(level)
        deviation = heads.deviation_over_space(level)
    np.testing.assert_array_equal(tape.gradient(deviation, level), level)


def test_fitted_features_have_mean_0_and_variance_1():
    model = build()
    raw = features_of(build(standardised=False))
    heads.fit_standardisation(model, iter(BATCHES))
    features = features_of(model)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(features.var(0), 1, atol=1e-3)
    np.testing.assert_allclose(
        features, (raw - raw.mean(0)) / raw.std(0), rtol=1e-3, atol=1e-3
    )


def test_training_does_not_change_the_standardisation():
    model = build()
    heads.fit_standardisation(model, BATCHES)
    before = model.get_layer("standardise").get_weights()
    model(IMAGES, training=True)
    np.testing.assert_array_equal(model.get_layer("standardise").get_weights(), before)
    assert not model.get_layer("standardise").trainable_variables


def test_a_head_without_standardisation_is_left_as_it_is():
    model = build(standardised=False)
    before = model.get_weights()
    heads.fit_standardisation(model, BATCHES)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("standardised", [True, False])
@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_fitted_score_is_the_ridge_regression_of_least_squares(penalty, standardised):
    model = build(standardised)
    heads.fit_standardisation(model, BATCHES)
    before = model.get_weights()[:-2]
    targets = 50 + 20 * np.random.default_rng(2).normal(size=40)
    photos = zip(IMAGES[:, np.newaxis], targets, strict=True)
    assert heads.fit_score(model, photos, penalties=[penalty]) == penalty
    # Mean squared error plus penalty is one sum of squares with a row more for each
    # weight; the constant, last, has none.
    features = features_of(model)
    count, size = features.shape
    rows = np.column_stack([features, np.ones(count)]) / count**0.5
    rows = np.vstack([rows, penalty**0.5 * np.eye(size, size + 1)])
    values = np.append(targets / count**0.5, np.zeros(size))
    expected = np.linalg.lstsq(rows, values, rcond=None)[0]
    np.testing.assert_allclose(
        model.predict_on_batch(IMAGES),
        features @ expected[:-1] + expected[-1],
        rtol=1e-3,
    )
    kernel, bias = model.get_layer("score").get_weights()
    np.testing.assert_allclose(kernel[:, 0], expected[:-1], rtol=0.02, atol=0.02)
    np.testing.assert_allclose(bias, expected[-1:], rtol=1e-3)
    for weight, old in zip(model.get_weights(), before, strict=False):
        np.testing.assert_array_equal(weight, old)  # The rest is left as it was.


def test_the_penalty_taken_is_best_for_photos_left_out():
    model = build()
    heads.fit_standardisation(model, BATCHES)
    features = features_of(model).astype(np.float64)
    generator = np.random.default_rng(3)
    targets = features @ generator.normal(size=features.shape[1])
    targets += generator.normal(scale=targets.std(), size=len(targets))
    penalties = [1e-3, 1e-2, 1e-1, 1.0, 10.0]

    def error_of_one_left_out(penalty):
        errors = []
        for left_out in range(len(targets)):
            others = np.arange(len(targets)) != left_out
            x, y = features[others], targets[others]
            x_mean, y_mean = x.mean(0), y.mean()
            # The penalty is against the mean over all photos, so its sum stays.
            gram = (x - x_mean).T @ (x - x_mean) + len(targets) * penalty * np.eye(
                x.shape[1]
            )
            weights = np.linalg.solve(gram, (x - x_mean).T @ (y - y_mean))
            guess = (features[left_out] - x_mean) @ weights + y_mean
            errors.append((guess - targets[left_out]) ** 2)
        return np.mean(errors)

    photos = zip(IMAGES[:, np.newaxis], targets, strict=True)
    chosen = heads.fit_score(model, photos, penalties=penalties)
    assert chosen == min(penalties, key=error_of_one_left_out)


def test_a_photo_counts_as_the_mean_of_its_crops():
    model, same = build(standardised=False), build(standardised=False)
    targets = np.random.default_rng(4).normal(size=20)
    heads.fit_score(
        model,
        zip(IMAGES.reshape(20, 2, *IMAGES.shape[1:]), targets, strict=True),
        penalties=[0.1],
    )
    # What is fitted is the mean of scores: it has the mean of the targets.
    scores = model.predict_on_batch(IMAGES).reshape(20, 2).mean(1)
    np.testing.assert_allclose(scores.mean(), targets.mean(), atol=1e-4)
    features = features_of(same).reshape(20, 2, -1).mean(1)
    centred = features - features.mean(0)
    gram = centred.T @ centred / 20 + 0.1 * np.eye(centred.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (targets - targets.mean()) / 20)
    np.testing.assert_allclose(
        scores, centred @ weights + targets.mean(), rtol=1e-2, atol=1e-3
    )
