"""The rate at each step, and what a plan refuses."""

import numpy as np
import pytest
import tensorflow as tf
from toy_training import linear
from toy_training import plan

from rankiqa_tf.training import optimizers


def rates(the_plan, steps):
    return [
        float(optimizers.learning_rate(the_plan, tf.constant(step, tf.int64)))
        for step in steps
    ]


def test_the_step_schedule_divides_by_10_every_decay_steps():
    the_plan = plan(learning_rate=1e-4, decay_steps=10_000)
    found = rates(the_plan, (0, 9_999, 10_000, 19_999, 45_000))
    np.testing.assert_allclose(found, [1e-4, 1e-4, 1e-5, 1e-5, 1e-8], rtol=1e-5)


def test_a_step_may_be_of_another_height():
    # The released fine-tuning: half every 5,000 steps.
    the_plan = plan(learning_rate=1e-6, decay_steps=5_000, decay_factor=0.5)
    found = rates(the_plan, (4_999, 5_000, 10_000))
    np.testing.assert_allclose(found, [1e-6, 5e-7, 2.5e-7], rtol=1e-5)


def test_steps_may_begin_with_a_rise_from_0():
    the_plan = plan(learning_rate=0.5, decay_steps=20, warmup_steps=10)
    found = rates(the_plan, (0, 5, 10, 19, 20, 40))
    np.testing.assert_allclose(found, [0, 0.25, 0.5, 0.5, 0.05, 0.005], rtol=1e-5)


def test_a_cosine_may_begin_with_a_rise_from_0():
    the_plan = plan(schedule="cosine", learning_rate=0.5, steps=110, warmup_steps=10)
    found = rates(the_plan, (0, 5, 10, 60, 110))
    np.testing.assert_allclose(found, [0, 0.25, 0.5, 0.25, 0], atol=1e-6)


def test_the_cosine_schedule_falls_to_0_at_the_last_step():
    found = rates(
        plan(schedule="cosine", learning_rate=0.5, steps=100), (0, 50, 75, 100)
    )
    # (1 + cos(pi * 3/4)) / 4
    np.testing.assert_allclose(found, [0.5, 0.25, 0.0732233, 0], atol=1e-6)


def test_a_layer_that_is_not_there_cannot_be_the_head():
    with pytest.raises(ValueError, match=r"no layer 'fc8'.*those with weights.*score"):
        optimizers.make(
            plan(head_rate=10.0, head_layers=("fc8",)),
            linear(),
            tf.Variable(0, dtype=tf.int64),
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "adagrad"}, "no optimizer 'adagrad'; there are: sgd, adam"),
        ({"schedule": "linear"}, "no schedule 'linear'; there are: step, cosine"),
        ({"precision": "float16"}, "no precision 'float16'; there are: float32, mixed"),
        ({"steps": 7, "accumulate": 2}, "multiple of accumulate.* 7 and 2"),
        ({"accumulate": 0}, "1 or more; they are 7 and 0"),
        ({"ema": 1.0}, "ema must be 0 or more and less than 1, not 1.0"),
        ({"clip_norm": -1.0}, "clip_norm must be 0 or more, not -1.0"),
        ({"weight_decay": 0.1}, "weight_decay is for the optimizer adamw, not for sgd"),
        ({"frozen_layers": -1}, "frozen_layers must be 0 or more, not -1"),
    ],
)
def test_a_plan_refuses_what_does_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        plan(**changes)
