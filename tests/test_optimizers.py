"""The learning rate at each step, and layers with rates of their own."""

import numpy as np
import pytest
import tensorflow as tf
from toy_training import linear
from toy_training import training

from rankiqa_tf.training import optimizers


def rates(learning_rate, steps, *, of=50_000, **options):
    """The rates of steps, as the learner makes them of the schedule."""
    chosen = training(**options)
    return [
        learning_rate
        * float(optimizers.schedule(chosen, tf.constant(step, tf.int64), of=of))
        for step in steps
    ]


def test_the_rate_is_divided_by_10_every_decay_steps():
    steps = (0, 9_999, 10_000, 19_999, 45_000)
    found = rates(1e-4, steps, decay_steps=10_000)
    np.testing.assert_allclose(found, [1e-4, 1e-4, 1e-5, 1e-5, 1e-8], rtol=1e-5)


def test_a_decay_may_be_of_another_height():
    # The released fine-tuning: half every 5,000 steps.
    steps = (4_999, 5_000, 10_000)
    found = rates(1e-6, steps, decay_steps=5_000, decay_factor=0.5)
    np.testing.assert_allclose(found, [1e-6, 5e-7, 2.5e-7], rtol=1e-5)


def test_decays_may_begin_with_a_rise_from_0():
    steps = (0, 5, 10, 19, 20, 40)
    found = rates(0.5, steps, decay_steps=20, warmup_steps=10)
    np.testing.assert_allclose(found, [0, 0.25, 0.5, 0.5, 0.05, 0.005], rtol=1e-5)


def test_a_cosine_may_begin_with_a_rise_from_0():
    steps = (0, 5, 10, 60, 110)
    found = rates(0.5, steps, of=110, decay_steps=0, warmup_steps=10)
    np.testing.assert_allclose(found, [0, 0.25, 0.5, 0.25, 0], atol=1e-6)


def test_without_decay_steps_a_cosine_falls_to_0_at_the_last_step():
    found = rates(0.5, (0, 50, 75, 100), of=100, decay_steps=0)
    # (1 + cos(pi * 3/4)) / 4
    np.testing.assert_allclose(found, [0.5, 0.25, 0.0732233, 0], atol=1e-6)


def test_a_layer_that_is_not_there_cannot_be_a_new_one():
    with pytest.raises(
        ValueError, match=r"no layer 'fc8' for caffe_rates.*those with weights.*score"
    ):
        optimizers.make(training(caffe_rates="fc8"), linear(), lambda: 1.0)
