"""Weights chosen by looks, and training that ends early."""

import math

import numpy as np
import pytest
import tensorflow as tf
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import kill
from toy_training import linear
from toy_training import plan
from toy_training import train

from rankiqa_tf.training.best_weights import BestWeights


class Looks:
    """Gives the figures of a list, and keeps the weights that each look saw."""

    def __init__(self, model, figures):
        self._model, self._figures = model, figures
        self.seen = []

    def __call__(self):
        self.seen.append(self._model.get_weights())
        return {"good": self._figures[len(self.seen) - 1], "other": 1.0}


def assert_weights(model, expected):
    for weight, other in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(weight, other)


def test_training_ends_with_the_weights_of_the_best_look(tmp_path):
    model = linear()
    looks = Looks(model, [0.1, 0.7, 0.3, 0.7])
    train(model, tmp_path, plan(steps=7, look_every=2), look=looks, judge="good")
    assert len(looks.seen) == 4  # After steps 2, 4, 6 and the last.
    assert_weights(model, looks.seen[1])  # The first of two that are as good.
    assert np.abs(model.get_weights()[0] - looks.seen[2][0]).max() > 1e-6


def test_the_last_step_may_be_the_best(tmp_path):
    model, other = linear(), linear()
    looks = Looks(model, [0.1, 0.2])
    train(model, tmp_path / "a", plan(steps=5, look_every=3), look=looks, judge="good")
    train(other, tmp_path / "b", plan(steps=5))
    assert_same(model, other)


def test_training_ends_when_patience_does(tmp_path):
    model, batches = linear(), Batches(at=10, action=kill)
    looks = Looks(model, [0.5, 0.4, 0.6, 0.5, math.nan])
    options = plan(steps=100, look_every=2, patience=2)
    train(model, tmp_path, options, batches, look=looks, judge="good")
    assert len(looks.seen) == 5
    assert_weights(model, looks.seen[2])


def test_a_run_that_ended_early_is_not_trained_again(tmp_path):
    model = linear()
    options = plan(steps=100, look_every=1, patience=1)
    looks = Looks(model, [0.5, 0.4])
    train(model, tmp_path, options, look=looks, judge="good")
    again, batches = linear(seed=1), Batches()
    train(again, tmp_path, options, batches, look=looks, judge="good")
    assert batches.asked == []
    assert_same(model, again)


def test_a_run_that_was_killed_chooses_as_if_it_had_not_been(tmp_path):
    model, other = linear(), linear()
    options = plan(steps=7, look_every=1, checkpoint_every=3)
    figures = [0.1, 0.2, 0.9, 0.3, 0.8, 0.4, 0.5]
    train(model, tmp_path / "a", options, look=Looks(model, figures), judge="good")
    with pytest.raises(Killed):
        train(
            other,
            tmp_path / "b",
            options,
            Batches(at=5, action=kill),
            look=Looks(other, figures),
            judge="good",
        )
    rest = Looks(other, figures[3:])  # From the checkpoint of step 3.
    train(other, tmp_path / "b", options, look=rest, judge="good")
    assert_same(model, other)


def test_averaged_weights_are_what_is_looked_at_and_kept(tmp_path):
    model = linear()
    looks = Looks(model, [0.1, 0.7, 0.3])
    options = plan(steps=6, look_every=2, ema=0.9)
    train(model, tmp_path, options, look=looks, judge="good")
    assert_weights(model, looks.seen[1])


def test_without_any_figure_the_last_weights_stay():
    model = linear()
    before = model.get_weights()
    best = BestWeights(model, patience=0)
    best.look(math.nan)
    best.take()
    assert_weights(model, before)
    assert not best.waited_enough


def test_refuses_a_patience_below_0():
    with pytest.raises(ValueError, match="patience must be 0 or more, not -1"):
        plan(patience=-1)


def test_what_is_kept_does_not_change_with_the_model():
    model = linear()
    best = BestWeights(model, patience=0)
    kept = model.get_weights()
    best.look(0.5)
    for variable in model.weights:
        variable.assign(tf.zeros_like(variable) + 7)
    best.look(0.4)
    best.take()
    assert_weights(model, kept)
