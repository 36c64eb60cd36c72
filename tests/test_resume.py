"""A run that was stopped anywhere goes on as if it had not been."""

import signal

import keras
import pytest
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import convolutional
from toy_training import kill
from toy_training import linear
from toy_training import plan
from toy_training import train

from rankiqa_tf.training import loop

BOTH = pytest.mark.parametrize("optimizer", ["sgd", "adam"])


@pytest.fixture
def uninterrupted(tmp_path):
    """Trains in one go; returns the model."""

    def run(the_plan):
        model = linear()
        train(model, tmp_path / "uninterrupted", the_plan)
        return model

    return run


@BOTH
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_by_a_signal_goes_on_bit_for_bit(
    optimizer, number, tmp_path, uninterrupted
):
    the_plan = plan(optimizer=optimizer, schedule="cosine", checkpoint_every=100)
    stopping = Batches(at=4, action=lambda: signal.raise_signal(number))
    with pytest.raises(loop.Interrupted, match="stopped after step 5 of 7"):
        train(linear(), tmp_path, the_plan, stopping)
    model, batches = linear(seed=1), Batches()  # Its first weights do not matter.
    train(model, tmp_path, the_plan, batches)
    assert batches.asked == [(5, 7)]
    assert_same(model, uninterrupted(the_plan))


@BOTH
@pytest.mark.parametrize("step", [0, 3, 4, 6])
def test_a_run_killed_at_any_step_goes_on_bit_for_bit(
    optimizer, step, tmp_path, uninterrupted
):
    the_plan = plan(optimizer=optimizer, decay_steps=5)
    with pytest.raises(Killed):
        train(linear(), tmp_path, the_plan, Batches(at=step, action=kill))
    model, batches = linear(seed=1), Batches()
    train(model, tmp_path, the_plan, batches)
    assert batches.asked == [(step - step % 2, 7)]
    assert_same(model, uninterrupted(the_plan))


@pytest.mark.parametrize(
    "changes",
    [
        # The checkpoint of step 4 falls between two updates.
        {"accumulate": 3, "steps": 9, "ema": 0.9},
        {"optimizer": "adamw", "weight_decay": 0.1, "ema": 0.5, "frozen_layers": 1},
        {"precision": "mixed_float16", "accumulate": 2, "steps": 8},
    ],
    ids=["accumulate", "adamw", "float16"],
)
def test_all_that_a_plan_keeps_goes_on_bit_for_bit(changes, tmp_path):
    def model(seed=0):
        return convolutional(
            seed,
            between=[keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)],
        )

    the_plan, expected = plan(**changes), model()
    train(expected, tmp_path / "uninterrupted", the_plan)
    with pytest.raises(Killed):
        train(model(), tmp_path, the_plan, Batches(at=5, action=kill))
    resumed, batches = model(seed=1), Batches()
    train(resumed, tmp_path, the_plan, batches)
    assert batches.asked == [(4, the_plan.steps)]
    assert_same(resumed, expected)
    complete = model(seed=2)
    train(complete, tmp_path, the_plan)
    assert_same(complete, expected)


def test_dropout_of_a_model_from_a_file_goes_on_bit_for_bit(tmp_path):
    convolutional(between=[keras.layers.Dropout(0.5)]).save(tmp_path / "model.keras")

    def loaded():
        return keras.models.load_model(tmp_path / "model.keras")

    expected, resumed = loaded(), loaded()
    train(expected, tmp_path / "uninterrupted", plan())
    with pytest.raises(Killed):
        train(loaded(), tmp_path, plan(), Batches(at=5, action=kill))
    train(resumed, tmp_path, plan())
    assert_same(resumed, expected)


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(
    tmp_path, uninterrupted
):
    with pytest.raises(Killed):
        train(linear(), tmp_path, plan(), Batches(at=5, action=kill))
    (newest,) = (tmp_path / "checkpoints/toy").glob("ckpt-4.data*")
    newest.write_bytes(b"")
    model, batches = linear(seed=1), Batches()
    train(model, tmp_path, plan(), batches)
    assert batches.asked == [(2, 7)]
    assert_same(model, uninterrupted(plan()))
