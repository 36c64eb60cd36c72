"""Heads: pooling and fitted layers against closed forms in NumPy."""

import tracemalloc

import keras
import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf.models import heads
from rankiqa_tf.models.curve import Curve

IMAGES = np.random.default_rng(0).random((40, 9, 7, 3), np.float32)
BATCHES = (IMAGES[:16], IMAGES[16:32], IMAGES[32:])


CHANNELS = (4, 4, 2)  # Of the parts that `build` joins.


def build(standardised=True):
    """A small network: means and deviations of a level, and means of another."""
    keras.utils.set_random_seed(3)
    image = keras.Input([None, None, 3])
    level = keras.layers.Conv2D(4, 3)(10 * image)
    pooled = [heads.mean_over_space(level), heads.deviation_over_space(level)]
    level = keras.layers.Conv2D(2, 3)(level)
    pooled.append(heads.mean_over_space(level))
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


def raw_features_of(model, images):
    """The features below the standardisation, or below the score without one."""
    names = [layer.name for layer in model.layers]
    name = "standardise" if "standardise" in names else "score"
    extract = keras.Model(model.input, model.get_layer(name).input)
    return extract.predict_on_batch(images).astype(float)


def in_equal_parts(features):
    """Standardised, each joined part with a third of a sum of variances of 1."""
    features = (features - features.mean(0)) / features.std(0)
    parts = np.split(features, np.cumsum(CHANNELS)[:-1], axis=1)
    return np.hstack([part / (3 * part.shape[1]) ** 0.5 for part in parts])


@pytest.mark.parametrize("standardised", [True, False])
@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_fitted_score_is_the_ridge_regression_of_least_squares(penalty, standardised):
    model = build(standardised)
    before = model.layers[1].get_weights()
    targets = 50 + 20 * np.random.default_rng(2).normal(size=40)
    photos = zip(IMAGES[:, np.newaxis], targets, strict=True)
    heads.fit_score(model, photos, penalty=penalty)
    # Mean squared error plus penalty is one sum of squares with a row more for each
    # weight; the constant, last, has none.
    features = in_equal_parts(raw_features_of(model, IMAGES))
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
    for weight, old in zip(model.layers[1].get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)  # The rest is left as it was.


def test_features_of_a_fitted_score_have_a_sum_of_variances_of_1():
    model = build()
    heads.fit_score(model, zip(IMAGES[:, np.newaxis], range(40), strict=True))
    features = features_of(model)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-4)
    expected = np.repeat([1 / 12, 1 / 12, 1 / 6], CHANNELS)
    np.testing.assert_allclose(features.var(0), expected, rtol=1e-2)


def test_fitting_holds_the_features_of_photos_twice_and_no_more(monkeypatch):
    photos, features = 300, 4000
    rows = np.random.default_rng(0).random((photos, features), np.float32)
    shares = np.full(features, float(features))
    fitted = []
    monkeypatch.setattr(heads, "extractor", lambda *_: (lambda n: rows[n], shares))
    monkeypatch.setattr(heads, "_set_score", lambda _, found: fitted.append(found))
    tracemalloc.start()
    try:
        heads.fit_score(None, ((n, n / photos) for n in range(photos)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # As they are and standardised, in float64; what photos have to do with each other
    # is a twentieth of that. A list of rows besides, and one more copy, would be 3.5.
    assert 1.9 < peak / (photos * features * 8) < 2.5
    np.testing.assert_allclose(fitted[0].mean, rows.mean(0, dtype=float), rtol=1e-6)


def test_more_photos_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(heads, "_physical_memory", lambda: 16_001_650)
    heads.check_memory(build(), 100_000)  # 10 features each, in float64, twice.
    with pytest.raises(
        ValueError, match=r"100,001 of them, with 10 features each, take 0 GB"
    ):
        heads.check_memory(build(), 100_001)
    monkeypatch.setattr(heads, "_physical_memory", lambda: None)
    heads.check_memory(build(), 10**12)


def test_a_photo_counts_as_the_mean_of_its_crops():
    model = build(standardised=False)
    targets = np.random.default_rng(4).normal(size=20)
    photos = zip(IMAGES.reshape(20, 2, *IMAGES.shape[1:]), targets, strict=True)
    heads.fit_score(model, photos, penalty=0.1)
    scores = model.predict_on_batch(IMAGES).reshape(20, 2).mean(1)
    features = raw_features_of(model, IMAGES).reshape(20, 2, -1).mean(1)
    features = in_equal_parts(features)
    gram = features.T @ features / 20 + 0.1 * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, features.T @ (targets - targets.mean()) / 20)
    np.testing.assert_allclose(
        scores, features @ weights + targets.mean(), rtol=1e-2, atol=1e-3
    )


LINE = Curve(((0.0, 40.0), (2.0, 45.0)))
BENT = Curve(((12.0, 10.0), (12.5, 30.0), (13.0, 31.0), (14.0, 70.0)))


@pytest.mark.parametrize("curve", [LINE, BENT])
def test_a_model_with_a_curve_gives_its_value_for_the_score_before(curve):
    model = build()
    before = model.predict_on_batch(IMAGES)
    assert before.min() < 12 < 14 < before.max()  # Beyond the ends of the bent one.
    ended = heads.append_curve(model, curve)
    assert ended.output_shape == (None,)
    np.testing.assert_allclose(
        ended.predict_on_batch(IMAGES), curve(before), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("curve", [LINE, BENT])
def test_without_its_curve_a_model_is_as_before(curve):
    model = build()
    before = model.predict_on_batch(IMAGES)
    found = heads.remove_curve(heads.append_curve(model, curve), curve)
    np.testing.assert_allclose(
        found.predict_on_batch(IMAGES), before, rtol=1e-4, atol=1e-5
    )
    names = [layer.name for layer in build().layers[-3:]]
    assert [layer.name for layer in found.layers[-3:]] == names


def test_a_curve_is_not_trained():
    model = build()
    names = [weight.path for weight in model.trainable_variables]
    ended = heads.append_curve(model, BENT)
    assert [weight.path for weight in ended.trainable_variables] == names


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_pooling_of_half_precision_computes_in_single(dtype):
    # Squares pass float16's greatest number, 65504, and sums much more so.
    level = 1000 * np.random.default_rng(5).random((2, 33, 41, 3))
    level = tf.cast(level, dtype)
    known = level.numpy().astype(float)
    for pool, expected in (
        (heads.mean_over_space, known.mean((1, 2))),
        (heads.deviation_over_space, known.std((1, 2))),
    ):
        found = pool(level)
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4)
