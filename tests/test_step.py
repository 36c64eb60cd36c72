"""What a step does to the weights, against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from toy_training import SHAPE
from toy_training import Batches
from toy_training import adam
from toy_training import assert_trained
from toy_training import by_hand
from toy_training import caffe
from toy_training import convolutional
from toy_training import linear
from toy_training import squared_error
from toy_training import train
from toy_training import training

from rankiqa_tf.training.step import Learner

RULES = pytest.mark.parametrize(("optimizer", "rule"), [("sgd", caffe), ("adam", adam)])


def test_sgd_is_that_of_caffe_with_decay_inside_the_gradient(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, caffe(0.02, 3))
    train(model, tmp_path, decay_steps=3)
    assert_trained(model, kernel, bias)


def test_adam_is_that_of_its_paper(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, adam(0.02))
    train(model, tmp_path, optimizer="adam")
    assert_trained(model, kernel, bias)


def test_adamw_decays_kernels_alone_and_outside_the_gradient(tmp_path):
    model = linear()
    rule = adam(0.02, weight_decay=2.0)
    kernel, bias, _ = by_hand(model, 7, rule, update_bias=adam(0.02), l2=0.0)
    train(model, tmp_path, optimizer="adamw", weight_decay=2.0, l2=0.0)
    assert_trained(model, kernel, bias)


@RULES
def test_biases_and_new_layers_learn_at_the_rates_of_the_released_code(
    optimizer, rule, tmp_path
):
    model = linear()
    kernel, bias, _ = by_hand(
        model, 7, rule(0.001 * 10), update_bias=rule(0.001 * 10 * 2)
    )
    rates = {"learning_rate": 0.001, "caffe_rates": "score"}
    train(model, tmp_path, optimizer=optimizer, **rates)
    assert_trained(model, kernel, bias)


def test_only_the_layers_named_learn_at_the_rate_of_new_ones(tmp_path):
    model = convolutional()
    before = model.get_weights()
    options = {"optimizer": "adam", "caffe_rates": "conv2,score", "learning_rate": 1e-3}
    train(model, tmp_path, steps=1, **options)
    # Adam's first step is the rate itself, up or down, wherever there is a gradient.
    found = [
        np.abs(after - weight).max() / 1e-3
        for weight, after in zip(before, model.get_weights(), strict=True)
    ]
    np.testing.assert_allclose(found, [1, 2, 10, 20, 10, 20], rtol=1e-3)


def test_decay_outside_the_gradient_follows_the_rate_of_new_layers(tmp_path):
    model = linear()
    rule, of_bias = adam(0.001 * 10, weight_decay=2.0), adam(0.001 * 10 * 2)
    kernel, bias, _ = by_hand(model, 7, rule, update_bias=of_bias, l2=0.0)
    changes = {"optimizer": "adamw", "weight_decay": 2.0, "l2": 0.0}
    train(model, tmp_path, learning_rate=0.001, caffe_rates="score", **changes)
    assert_trained(model, kernel, bias)


@RULES
def test_long_gradients_are_clipped_by_their_norm_over_all_weights(
    optimizer, rule, tmp_path
):
    model = linear()
    kernel, bias, records = by_hand(model, 7, rule(0.02), clip_norm=20.0)
    norms = [record["gradient_norm"] for record in records]
    assert min(norms) < 20.0 < max(norms)  # Some are clipped, some are not.
    train(model, tmp_path, optimizer=optimizer, clip_norm=20.0)
    assert_trained(model, kernel, bias)


def test_the_norm_that_is_told_is_that_before_clipping():
    model = linear()
    *_, records = by_hand(model, 1, caffe(0.02))
    learner = Learner(
        model,
        squared_error,
        training(clip_norm=0.5),
        steps=7,
        learning_rate=0.02,
        seed=0,
    )
    (batch,) = Batches().dataset(0, 1)
    assert float(learner.step(batch)["gradient_norm"]) == pytest.approx(
        records[0]["gradient_norm"], rel=1e-4
    )


def averaged(start, records, name, ema):
    average = start.astype(float)
    for number, record in enumerate(records, 1):
        decay = min(ema, (1 + number) / (10 + number))
        average = decay * average + (1 - decay) * record[name]
    return average


def test_training_ends_with_the_average_of_the_weights(tmp_path):
    model = linear()
    start = model.get_weights()
    *_, records = by_hand(model, 8, caffe(0.01))
    # 0.3 is less than (1 + n) / (10 + n) from the third update on.
    train(model, tmp_path, steps=8, learning_rate=0.01, ema=0.3)
    kernel = averaged(start[0], records, "kernel", 0.3)
    assert_trained(model, kernel, averaged(start[1], records, "bias", 0.3))
    assert not np.allclose(kernel, records[-1]["kernel"], rtol=1e-2)


def test_averaged_weights_are_what_is_evaluated(tmp_path):
    model, seen = linear(), []
    start = model.get_weights()[0]
    *_, records = by_hand(model, 6, caffe(0.01))

    def evaluate():
        seen.append(model.get_weights()[0])
        return {}

    changes = {"steps": 6, "learning_rate": 0.01, "evaluate_every": 4}
    train(model, tmp_path, ema=0.9, **changes, evaluate=evaluate)
    expected = averaged(start, records[:4], "kernel", 0.9)
    np.testing.assert_allclose(seen[0], expected, rtol=1e-3, atol=1e-5)
    # And training went on from the weights, not from their average.
    expected = averaged(start, records, "kernel", 0.9)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-3, atol=1e-5)


def test_the_average_takes_in_the_statistics_of_batch_normalisation(tmp_path):
    means = []

    def trained(ema):
        model = convolutional(between=[keras.layers.BatchNormalization(name="norm")])
        folder = tmp_path / str(ema)
        train(model, folder, steps=1, learning_rate=0.0, ema=ema)
        means.append(np.array(model.get_layer("norm").moving_mean))

    trained(0.0)
    trained(0.9)
    # From 0; after one update d is 2 / 11.
    np.testing.assert_allclose(means[1], 9 / 11 * means[0], rtol=1e-5)


def test_frozen_layers_stay_as_they_are(tmp_path):
    model = convolutional(between=[keras.layers.BatchNormalization(name="norm")])
    before = {weight.path: weight.numpy() for weight in model.weights}
    train(model, tmp_path, frozen_layers=2)
    changed = {
        weight.path.split("/")[0]
        for weight in model.weights
        if not np.array_equal(weight.numpy(), before[weight.path])
    }
    assert changed == {"conv2", "score"}


def test_the_seed_decides_what_dropout_drops(tmp_path):
    def trained(seed, global_seed):
        model = convolutional(between=[keras.layers.Dropout(0.5, name="drop")])
        model.set_weights(convolutional().get_weights())
        keras.utils.set_random_seed(global_seed)
        copy = keras.models.clone_model(model)  # Its dropout has a new state.
        copy.set_weights(model.get_weights())
        folder = tmp_path / f"{seed}-{global_seed}"
        train(copy, folder, steps=3, seed=seed)
        return copy.get_weights()[0]

    first = trained(0, global_seed=1)
    np.testing.assert_array_equal(trained(0, global_seed=2), first)
    assert not np.array_equal(trained(1, global_seed=1), first)


def test_images_of_8_bits_are_trained_on_as_numbers_from_0_to_1():
    pixels = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), np.uint8)
    found = []
    for image in (pixels, pixels.astype("f4") / 255):
        model = linear()
        learner = Learner(
            model, squared_error, training(), steps=7, learning_rate=0.02, seed=0
        )
        learner.step({"image": tf.constant(image), "target": tf.range(4.0)})
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
