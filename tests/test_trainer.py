"""The loop: its records, its signals, what a run costs and when it ends."""

import signal

import numpy as np
import pytest
import tensorflow as tf
from toy_training import SIZE
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import by_hand
from toy_training import caffe
from toy_training import kill
from toy_training import linear
from toy_training import plan
from toy_training import squared_error
from toy_training import train

from rankiqa_tf.training import loop


def scalars(folder):
    """All scalars of TensorBoard's files: {name: {step: value}}."""
    found = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                number = float(tf.make_ndarray(value.tensor))
                found.setdefault(value.tag, {})[event.step] = number
    return found


def test_tensorboard_gets_every_10th_step_and_the_last(tmp_path):
    model = linear()
    *_, expected = by_hand(model, 12, caffe(0.02, 5))
    train(
        model,
        tmp_path,
        plan(steps=12, decay_steps=5, look_every=4),
        look=lambda: {"look/figure": 0.5},
    )
    found = scalars(tmp_path / "tensorboard")
    assert found.pop("look/figure") == {4: 0.5, 8: 0.5}
    assert set(found) == {
        "loss",
        "l2_penalty",
        "gradient_norm",
        "learning_rate",
        "images_per_second",
    }
    assert all(list(values) == [10, 12] for values in found.values())
    for name in ("loss", "gradient_norm"):
        for step in (10, 12):
            # The step of that number, counted from 1.
            assert found[name][step] == pytest.approx(expected[step - 1][name], 1e-3)
    assert found["learning_rate"] == {
        10: pytest.approx(0.02 * 0.1),
        12: pytest.approx(0.02 * 0.01),
    }


def test_steps_of_one_shape_are_traced_once(tmp_path):
    traces = []

    def loss(scores, batch):
        traces.append(scores.shape)
        return squared_error(scores, batch)

    train(linear(), tmp_path, plan(steps=20, look_every=3), loss=loss)
    assert traces == [(SIZE,)]


def test_the_bar_counts_images_up_to_the_last_step(tmp_path, capsys):
    train(linear(), tmp_path, plan(steps=7))
    assert f"{7 * SIZE}/{7 * SIZE}" in capsys.readouterr().err


def test_looks_are_taken_between_steps_and_not_at_the_end(tmp_path, capsys):
    looks = []

    def look():
        looks.append(len(looks))
        return {"look/one": 0.25, "look/two": 2.0}

    train(linear(), tmp_path, plan(steps=6, look_every=2), look=look)
    assert looks == [0, 1]
    assert "step 4: look/one 0.250, look/two 2.000" in capsys.readouterr().out


def test_two_checkpoints_are_kept(tmp_path):
    train(linear(), tmp_path, plan(steps=7))
    kept = {file.name for file in (tmp_path / "checkpoints/toy").glob("*.index")}
    assert kept == {"ckpt-6.index", "ckpt-7.index"}


def test_the_bar_of_a_run_taken_up_starts_where_it_was(tmp_path, capsys):
    stopping = Batches(at=3, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(loop.Interrupted):
        train(linear(), tmp_path, plan(), stopping)
    capsys.readouterr()
    train(linear(), tmp_path, plan())
    errors = capsys.readouterr().err
    assert f"{4 * SIZE}/{7 * SIZE}" in errors
    assert f"{7 * SIZE}/{7 * SIZE}" in errors


def test_a_run_is_prepared_once(tmp_path):
    calls = []

    def prepare():
        calls.append("prepared")
        model.set_weights([2 * weight for weight in model.get_weights()])

    model = linear()
    stopping = Batches(at=1, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(loop.Interrupted):
        train(model, tmp_path / "a", plan(), stopping, prepare=prepare)
    train(model, tmp_path / "a", plan(), prepare=prepare)
    assert calls == ["prepared"]
    other = linear()
    other.set_weights([2 * weight for weight in other.get_weights()])
    train(other, tmp_path / "b", plan())
    assert_same(model, other)


def test_a_run_killed_while_it_was_prepared_is_prepared_again(tmp_path):
    with pytest.raises(Killed):
        train(linear(), tmp_path, plan(), prepare=kill)
    calls = []
    train(linear(), tmp_path, plan(), prepare=lambda: calls.append("prepared"))
    assert calls == ["prepared"]


def test_a_complete_run_is_not_trained_again(tmp_path):
    model, again, batches = linear(), linear(seed=1), Batches()
    seconds = train(model, tmp_path, plan())
    assert train(again, tmp_path, plan(), batches) == seconds
    assert batches.asked == []  # Nothing was left to do.
    assert_same(model, again)


def test_a_request_during_the_last_step_is_not_lost(tmp_path):
    stopping = Batches(at=6, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(loop.Interrupted, match="stopped after step 7 of 7"):
        train(linear(), tmp_path, plan(), stopping)
    batches = Batches()
    train(linear(), tmp_path, plan(), batches)
    assert batches.asked == []  # Nothing was left to do.


@pytest.fixture
def ctrl_c():
    """Ctrl-C acts as in a terminal; in a shell's background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_acts_at_once(tmp_path):
    after = []

    def twice():
        signal.raise_signal(signal.SIGINT)
        after.append("first")
        signal.raise_signal(signal.SIGINT)
        after.append("second")

    with pytest.raises(KeyboardInterrupt):
        train(linear(), tmp_path, plan(), Batches(at=3, action=twice))
    assert after == ["first"]


def test_signals_act_as_before_when_training_is_over(tmp_path):
    numbers = signal.SIGINT, signal.SIGTERM
    before = [signal.getsignal(number) for number in numbers]
    train(linear(), tmp_path, plan())
    assert [signal.getsignal(number) for number in numbers] == before
    stopping = Batches(at=8, action=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(loop.Interrupted):
        train(linear(), tmp_path, plan(steps=10), stopping)
    assert [signal.getsignal(number) for number in numbers] == before


def test_the_seconds_of_earlier_parts_count(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(loop.time, "monotonic", lambda: clock[0])

    def stop():
        clock[0] += 30
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(loop.Interrupted):
        train(linear(), tmp_path, plan(), Batches(at=2, action=stop))
    clock[0] += 1000  # Between the two parts.

    def wait():
        clock[0] += 5

    assert train(linear(), tmp_path, plan(), Batches(at=5, action=wait)) == 35


@pytest.mark.parametrize("steps", [10, 3])
def test_a_loss_that_is_no_number_ends_training_with_advice(tmp_path, steps):
    with pytest.raises(FloatingPointError, match=f"nan at step {steps}.*tenth"):
        train(linear(), tmp_path, plan(steps=steps), Batches(scale=np.nan))
