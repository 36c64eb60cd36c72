"""A run stopped anywhere continues as if it had not been stopped."""

import keras
import pytest
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import convolutional
from toy_training import kill
from toy_training import linear
from toy_training import stopping_at
from toy_training import train

from rankiqa_tf.training import stopping

BOTH = pytest.mark.parametrize("optimizer", ["sgd", "adam"])


@pytest.fixture
def uninterrupted(tmp_path):
    """Trains in one go; returns the model."""

    def run(**options):
        model = linear()
        train(model, tmp_path / "uninterrupted", **options)
        return model

    return run


@BOTH
def test_a_run_that_was_told_to_stop_goes_on_bit_for_bit(
    optimizer, tmp_path, uninterrupted
):
    options = {"optimizer": optimizer, "decay_steps": 0, "evaluate_every": 100}
    with pytest.raises(stopping.Interrupted, match="stopped after step 5 of 7"):
        train(linear(), tmp_path, **stopping_at(4), **options)
    model, batches = linear(seed=1), Batches()  # Its first weights do not matter.
    train(model, tmp_path, batches, **options)
    assert batches.asked == [(5, 7)]
    assert_same(model, uninterrupted(**options))


@BOTH
@pytest.mark.parametrize("step", [0, 3, 4, 6])
def test_a_run_killed_at_any_step_goes_on_bit_for_bit(
    optimizer, step, tmp_path, uninterrupted
):
    options = {"optimizer": optimizer, "decay_steps": 5}
    with pytest.raises(Killed):
        train(linear(), tmp_path, Batches(at=step, action=kill), **options)
    model, batches = linear(seed=1), Batches()
    train(model, tmp_path, batches, **options)
    assert batches.asked == [(step - step % 2, 7)]
    assert_same(model, uninterrupted(**options))


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 9, "ema": 0.9, "clip_norm": 5.0},
        {
            "optimizer": "adamw",
            "weight_decay": 0.1,
            "l2": 0.0,
            "ema": 0.5,
            "frozen_layers": 1,
        },
        {"precision": "mixed_float16", "caffe_rates": "score"},
    ],
    ids=["sgd", "adamw", "float16"],
)
def test_all_that_training_keeps_goes_on_bit_for_bit(changes, tmp_path):
    def model(seed=0):
        return convolutional(
            seed,
            between=[keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)],
        )

    expected = model()
    train(expected, tmp_path / "uninterrupted", **changes)
    with pytest.raises(Killed):
        train(model(), tmp_path, Batches(at=5, action=kill), **changes)
    resumed, batches = model(seed=1), Batches()
    train(resumed, tmp_path, batches, **changes)
    assert batches.asked == [(4, changes.get("steps", 7))]
    assert_same(resumed, expected)
    complete = model(seed=2)
    train(complete, tmp_path, **changes)
    assert_same(complete, expected)


def test_dropout_of_a_model_from_a_file_goes_on_bit_for_bit(tmp_path):
    convolutional(between=[keras.layers.Dropout(0.5)]).save(tmp_path / "model.keras")

    def loaded():
        return keras.models.load_model(tmp_path / "model.keras")

    expected, resumed = loaded(), loaded()
    train(expected, tmp_path / "uninterrupted")
    with pytest.raises(Killed):
        train(loaded(), tmp_path, Batches(at=5, action=kill))
    train(resumed, tmp_path)
    assert_same(resumed, expected)


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(
    tmp_path, uninterrupted
):
    with pytest.raises(Killed):
        train(linear(), tmp_path, Batches(at=5, action=kill))
    (newest,) = (tmp_path / "checkpoints/toy").glob("ckpt-4.data*")
    newest.write_bytes(b"")
    model, batches = linear(seed=1), Batches()
    train(model, tmp_path, batches)
    assert batches.asked == [(2, 7)]
    assert_same(model, uninterrupted())
