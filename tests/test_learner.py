"""What a step does to the weights, against NumPy."""

import keras
import numpy as np
import pytest
from toy_training import Batches
from toy_training import adam
from toy_training import assert_trained
from toy_training import by_hand
from toy_training import caffe
from toy_training import convolutional
from toy_training import linear
from toy_training import plan
from toy_training import squared_error
from toy_training import train

from rankiqa_tf.training.step import Learner

RULES = pytest.mark.parametrize(("optimizer", "rule"), [("sgd", caffe), ("adam", adam)])


def test_sgd_is_that_of_caffe_with_decay_inside_the_gradient(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, caffe(0.02, 3))
    train(model, tmp_path, plan(decay_steps=3))
    assert_trained(model, kernel, bias)


def test_adam_is_that_of_its_paper(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, adam(0.02))
    train(model, tmp_path, plan(optimizer="adam"))
    assert_trained(model, kernel, bias)


def test_adamw_decays_kernels_alone_and_outside_the_gradient(tmp_path):
    model = linear()
    rule = adam(0.02, weight_decay=2.0)
    kernel, bias, _ = by_hand(model, 7, rule, update_bias=adam(0.02), l2=0.0)
    train(model, tmp_path, plan(optimizer="adamw", weight_decay=2.0, l2=0.0))
    assert_trained(model, kernel, bias)


@RULES
def test_biases_and_head_learn_at_rates_of_their_own(optimizer, rule, tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, rule(0.01 * 3), update_bias=rule(0.01 * 3 * 2))
    rates = {"learning_rate": 0.01, "head_rate": 3.0, "bias_rate": 2.0}
    train(model, tmp_path, plan(optimizer=optimizer, **rates))
    assert_trained(model, kernel, bias)


def test_only_the_layers_named_learn_at_the_rate_of_the_head(tmp_path):
    before = convolutional().get_weights()
    model = convolutional()
    heads = {"head_rate": 0.0, "head_layers": ("conv2", "score")}
    train(model, tmp_path, plan(optimizer="adam", **heads))
    same = [
        np.array_equal(first, second)
        for first, second in zip(before, model.get_weights(), strict=True)
    ]
    assert same == [False, False, True, True, True, True]


def test_decay_outside_the_gradient_follows_the_rate_of_the_head(tmp_path):
    model = linear()
    rule = adam(0.01 * 3, weight_decay=2.0)
    kernel, bias, _ = by_hand(model, 7, rule, update_bias=adam(0.01 * 3), l2=0.0)
    changes = {"optimizer": "adamw", "weight_decay": 2.0, "l2": 0.0, "head_rate": 3.0}
    train(model, tmp_path, plan(learning_rate=0.01, **changes))
    assert_trained(model, kernel, bias)


@RULES
def test_long_gradients_are_clipped_by_their_norm_over_all_weights(
    optimizer, rule, tmp_path
):
    model = linear()
    kernel, bias, records = by_hand(model, 7, rule(0.02), clip_norm=20.0)
    norms = [record["gradient_norm"] for record in records]
    assert min(norms) < 20.0 < max(norms)  # Some are clipped, some are not.
    train(model, tmp_path, plan(optimizer=optimizer, clip_norm=20.0))
    assert_trained(model, kernel, bias)


def test_the_norm_that_is_told_is_that_before_clipping():
    model = linear()
    *_, records = by_hand(model, 1, caffe(0.02))
    learner = Learner(model, squared_error, plan(clip_norm=0.5))
    (batch,) = Batches().dataset(0, 1)
    assert float(learner.step(batch)["gradient_norm"]) == pytest.approx(
        records[0]["gradient_norm"], rel=1e-4
    )


@RULES
def test_accumulated_batches_are_one_large_batch(optimizer, rule, tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 12, rule(0.02), accumulate=3, clip_norm=20.0)
    changes = {"steps": 12, "accumulate": 3, "clip_norm": 20.0}
    train(model, tmp_path, plan(optimizer=optimizer, **changes))
    assert_trained(model, kernel, bias)


def test_decay_steps_are_batches_however_many_make_an_update(tmp_path):
    model = linear()
    kernel, bias, _ = by_hand(model, 8, caffe(0.02, decay_steps=4), accumulate=2)
    train(model, tmp_path, plan(steps=8, accumulate=2, decay_steps=4))
    assert_trained(model, kernel, bias)


def averaged(start, records, name, ema):
    average = start.astype(float)
    for number, record in enumerate(records, 1):
        decay = min(ema, (1 + number) / (10 + number))
        average = decay * average + (1 - decay) * record[name]
    return average


@pytest.mark.parametrize("accumulate", [1, 2])
def test_training_ends_with_the_average_of_the_weights(accumulate, tmp_path):
    model = linear()
    start = model.get_weights()
    *_, records = by_hand(model, 8, caffe(0.01), accumulate=accumulate)
    train(
        model,
        tmp_path,
        # 0.3 is less than (1 + n) / (10 + n) from the third update on.
        plan(steps=8, learning_rate=0.01, accumulate=accumulate, ema=0.3),
    )
    kernel = averaged(start[0], records, "kernel", 0.3)
    assert_trained(model, kernel, averaged(start[1], records, "bias", 0.3))
    assert not np.allclose(kernel, records[-1]["kernel"], rtol=1e-2)


def test_looks_are_taken_at_the_averaged_weights(tmp_path):
    model, seen = linear(), []
    start = model.get_weights()[0]
    *_, records = by_hand(model, 6, caffe(0.01))

    def look():
        seen.append(model.get_weights()[0])
        return {}

    changes = {"steps": 6, "learning_rate": 0.01, "look_every": 4}
    train(model, tmp_path, plan(ema=0.9, **changes), look=look)
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
        train(model, folder, plan(steps=1, learning_rate=0.0, ema=ema))
        means.append(np.array(model.get_layer("norm").moving_mean))

    trained(0.0)
    trained(0.9)
    # From 0; after one update d is 2 / 11.
    np.testing.assert_allclose(means[1], 9 / 11 * means[0], rtol=1e-5)


def test_frozen_layers_stay_as_they_are(tmp_path):
    model = convolutional(between=[keras.layers.BatchNormalization(name="norm")])
    before = {weight.path: weight.numpy() for weight in model.weights}
    train(model, tmp_path, plan(frozen_layers=2))
    changed = {
        weight.path.split("/")[0]
        for weight in model.weights
        if not np.array_equal(weight.numpy(), before[weight.path])
    }
    assert changed == {"conv2", "score"}


def test_the_seed_of_the_plan_decides_what_dropout_drops(tmp_path):
    def trained(seed, global_seed):
        model = convolutional(between=[keras.layers.Dropout(0.5, name="drop")])
        model.set_weights(convolutional().get_weights())
        keras.utils.set_random_seed(global_seed)
        copy = keras.models.clone_model(model)  # Its dropout has a new state.
        copy.set_weights(model.get_weights())
        folder = tmp_path / f"{seed}-{global_seed}"
        train(copy, folder, plan(steps=3, seed=seed))
        return copy.get_weights()[0]

    first = trained(0, global_seed=1)
    np.testing.assert_array_equal(trained(0, global_seed=2), first)
    assert not np.array_equal(trained(1, global_seed=1), first)
