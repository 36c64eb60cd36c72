"""Weights chosen by evaluations."""

import math

import numpy as np
import pytest
import tensorflow as tf
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import kill
from toy_training import linear
from toy_training import train

from rankiqa_tf.training.best_weights import BestWeights


class Evaluations:
    """Gives the figures of a list, and keeps the weights that each evaluation saw."""

    def __init__(self, model, figures):
        self._model, self._figures = model, figures
        self.seen = []

    def __call__(self):
        self.seen.append(self._model.get_weights())
        return {"good": self._figures[len(self.seen) - 1], "other": 1.0}


def assert_weights(model, expected):
    for weight, other in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(weight, other)


def test_training_ends_with_the_weights_of_the_best_evaluation(tmp_path):
    model = linear()
    evaluations = Evaluations(model, [0.1, 0.7, 0.3, 0.7])
    train(
        model, tmp_path, steps=7, evaluate_every=2, evaluate=evaluations, monitor="good"
    )
    assert len(evaluations.seen) == 4  # After steps 2, 4, 6 and the last.
    assert_weights(model, evaluations.seen[1])  # The first of two that are as good.
    assert np.abs(model.get_weights()[0] - evaluations.seen[2][0]).max() > 1e-6


def test_the_last_step_may_be_the_best(tmp_path):
    model, other = linear(), linear()
    evaluations = Evaluations(model, [0.1, 0.2])
    options = {"evaluate": evaluations, "monitor": "good"}
    train(model, tmp_path / "a", steps=5, evaluate_every=3, **options)
    train(other, tmp_path / "b", steps=5)
    assert_same(model, other)


def test_a_complete_run_ends_with_the_best_weights_again(tmp_path):
    model = linear()
    options = {"steps": 4, "evaluate_every": 1, "monitor": "good"}
    evaluations = Evaluations(model, [0.5, 0.4, math.nan, 0.3])
    train(model, tmp_path, evaluate=evaluations, **options)
    assert_weights(model, evaluations.seen[0])
    again, batches = linear(seed=1), Batches()
    train(again, tmp_path, batches, evaluate=evaluations, **options)
    assert batches.asked == []
    assert_same(model, again)


def test_a_run_that_was_killed_chooses_as_if_it_had_not_been(tmp_path):
    model, other = linear(), linear()
    options = {"steps": 7, "evaluate_every": 1, "monitor": "good"}
    figures = [0.1, 0.2, 0.9, 0.3, 0.8, 0.4, 0.5]
    train(model, tmp_path / "a", evaluate=Evaluations(model, figures), **options)
    with pytest.raises(Killed):
        train(
            other,
            tmp_path / "b",
            Batches(at=5, action=kill),
            evaluate=Evaluations(other, figures),
            **options,
        )
    rest = Evaluations(other, figures[5:])  # From the checkpoint of step 5.
    train(other, tmp_path / "b", evaluate=rest, **options)
    assert_same(model, other)


def test_averaged_weights_are_what_is_evaluated_and_kept(tmp_path):
    model = linear()
    evaluations = Evaluations(model, [0.1, 0.7, 0.3])
    options = {"steps": 6, "evaluate_every": 2, "ema": 0.9}
    train(model, tmp_path, evaluate=evaluations, monitor="good", **options)
    assert_weights(model, evaluations.seen[1])


def test_without_any_figure_the_last_weights_stay():
    model = linear()
    before = model.get_weights()
    best = BestWeights(model)
    best.update(math.nan)
    best.restore()
    assert_weights(model, before)


def test_what_is_kept_does_not_change_with_the_model():
    model = linear()
    best = BestWeights(model)
    kept = model.get_weights()
    best.update(0.5)
    for variable in model.weights:
        variable.assign(tf.zeros_like(variable) + 7)
    best.update(0.4)
    best.restore()
    assert_weights(model, kept)
