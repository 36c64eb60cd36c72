"""The loop: its records, its checkpoints, what a run costs and when it ends."""

import json
import sys

import numpy as np
import pytest
from event_files import values_of
from terminal import Terminal
from toy_training import SIZE
from toy_training import Batches
from toy_training import Killed
from toy_training import assert_same
from toy_training import by_hand
from toy_training import caffe
from toy_training import kill
from toy_training import linear
from toy_training import squared_error
from toy_training import stopping_at
from toy_training import train

from rankiqa_tf.training import loop
from rankiqa_tf.training import stopping

TRAINED = ("loss", "l2_penalty", "gradient_norm", "learning_rate")


def scalars(folder):
    """All scalars of TensorBoard's files: {name: {step: value}}."""
    return {
        tag: {step: float(value) for step, value in values.items()}
        for tag, values in values_of(folder).items()
    }


def test_tensorboard_gets_every_10th_step_and_the_last(tmp_path):
    model = linear()
    *_, expected = by_hand(model, 12, caffe(0.02, 5))
    train(
        model,
        tmp_path,
        steps=12,
        decay_steps=5,
        evaluate_every=4,
        evaluate=lambda: {"held_out/figure": 0.5},
    )
    found = scalars(tmp_path / "tensorboard" / "toy")
    assert found.pop("held_out/figure") == {4: 0.5, 8: 0.5}
    assert set(found) == {
        "training/loss",
        "training/l2_penalty",
        "training/gradient_norm",
        "training/learning_rate",
        "training/images_per_second",
    }
    assert all(list(values) == [10, 12] for values in found.values())
    for name in ("loss", "gradient_norm"):
        for step in (10, 12):
            # The step of that number, counted from 1.
            assert found[f"training/{name}"][step] == pytest.approx(
                expected[step - 1][name], 1e-3
            )
    assert found["training/learning_rate"] == {
        10: pytest.approx(0.02 * 0.1),
        12: pytest.approx(0.02 * 0.01),
    }


def test_a_history_tells_what_tensorboard_is_told_but_how_fast_it_was(tmp_path):
    figures = {"held_out/figure": 0.5, "held_out/none": float("nan")}
    train(linear(), tmp_path, steps=12, evaluate_every=4, evaluate=lambda: figures)
    shown = scalars(tmp_path / "tensorboard" / "toy")
    path = tmp_path / "history" / "toy.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 10, 12]
    assert lines[0] == {"step": 4, "held_out/figure": 0.5, "held_out/none": None}
    assert lines[2].keys() == {"step", *TRAINED}
    for name in TRAINED:
        for line in lines[2:]:
            assert line[name] == shown[f"training/{name}"][line["step"]]


def test_a_history_ends_the_same_when_the_run_was_killed_on_its_way(tmp_path):
    options = {"steps": 25, "evaluate_every": 5, "evaluate": lambda: {"held_out/a": 1}}
    train(linear(), tmp_path / "whole", **options)
    model = linear()
    with pytest.raises(Killed):
        train(model, tmp_path / "parts", Batches(at=18, action=kill), **options)
    path = tmp_path / "parts" / "history" / "toy.jsonl"
    assert max(json.loads(each)["step"] for each in path.read_text().splitlines()) == 15
    # As if it had been killed between history and checkpoint.
    with path.open("a") as file:
        file.write('{"step": 20, "loss": 7.0}\n{"step": 2')
    train(linear(), tmp_path / "parts", **options)
    expected = tmp_path / "whole" / "history" / "toy.jsonl"
    assert path.read_bytes() == expected.read_bytes()


def test_steps_of_one_shape_are_traced_once(tmp_path):
    traces = []

    def loss(scores, batch):
        traces.append(scores.shape)
        return squared_error(scores, batch)

    train(linear(), tmp_path, steps=20, evaluate_every=3, loss=loss)
    assert traces == [(SIZE,)]


def test_the_bar_counts_images_up_to_the_last_step(tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    train(linear(), tmp_path, steps=7)
    assert f"{7 * SIZE}/{7 * SIZE}" in terminal.read()


def test_evaluations_are_between_steps_and_not_at_the_end(tmp_path, capsys):
    evaluations = []

    def evaluate():
        evaluations.append(len(evaluations))
        return {"held_out/one": 0.25, "held_out/two": 2.0}

    train(linear(), tmp_path, steps=6, evaluate_every=2, evaluate=evaluate)
    assert evaluations == [0, 1]
    assert "step 4: held_out/one 0.250, held_out/two 2.000" in capsys.readouterr().out


def test_two_checkpoints_are_kept(tmp_path):
    train(linear(), tmp_path, steps=7)
    kept = {file.name for file in (tmp_path / "checkpoints/toy").glob("*.index")}
    assert kept == {"ckpt-6.index", "ckpt-7.index"}


def test_there_is_a_checkpoint_at_each_evaluation_and_every_two_minutes(
    tmp_path, monkeypatch
):
    clock, kept = [0.0], []
    monkeypatch.setattr(loop.time, "monotonic", lambda: clock[0])
    save = loop.Checkpoints.save
    monkeypatch.setattr(
        loop.Checkpoints,
        "save",
        lambda self, step: (kept.append(step), save(self, step)),
    )

    def pass_time():
        clock[0] += 50
        return False

    train(linear(), tmp_path, steps=12, evaluate_every=5, stop=pass_time)
    # 150 s after the start and after the checkpoint of step 5.
    assert kept == [0, 3, 5, 8, 10, 12]


def test_the_bar_of_a_run_taken_up_starts_where_it_was(tmp_path, monkeypatch):
    with pytest.raises(stopping.Interrupted):
        train(linear(), tmp_path, **stopping_at(3))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.file)
    train(linear(), tmp_path)
    shown = terminal.read()
    assert f" {4 * SIZE}/{7 * SIZE} [" in shown
    assert f" {7 * SIZE}/{7 * SIZE} [" in shown


def test_a_run_is_prepared_once(tmp_path):
    calls = []

    def prepare():
        calls.append("prepared")
        model.set_weights([2 * weight for weight in model.get_weights()])

    model = linear()
    with pytest.raises(stopping.Interrupted):
        train(model, tmp_path / "a", prepare=prepare, **stopping_at(1))
    train(model, tmp_path / "a", prepare=prepare)
    assert calls == ["prepared"]
    other = linear()
    other.set_weights([2 * weight for weight in other.get_weights()])
    train(other, tmp_path / "b")
    assert_same(model, other)


def test_a_run_killed_while_it_was_prepared_is_prepared_again(tmp_path):
    with pytest.raises(Killed):
        train(linear(), tmp_path, prepare=kill)
    calls = []
    train(linear(), tmp_path, prepare=lambda: calls.append("prepared"))
    assert calls == ["prepared"]


def test_a_complete_run_is_not_trained_again(tmp_path):
    model, again, batches = linear(), linear(seed=1), Batches()
    seconds = train(model, tmp_path)
    assert train(again, tmp_path, batches) == seconds
    assert batches.asked == []  # Nothing was left to do.
    assert_same(model, again)


def test_a_request_during_the_last_step_is_not_lost(tmp_path):
    with pytest.raises(stopping.Interrupted, match="stopped after step 7 of 7"):
        train(linear(), tmp_path, **stopping_at(6))
    batches = Batches()
    train(linear(), tmp_path, batches)
    assert batches.asked == []  # Nothing was left to do.


def test_the_seconds_of_earlier_parts_count(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(loop.time, "monotonic", lambda: clock[0])

    def stop():
        clock[0] += 10  # After each of three steps.
        return clock[0] == 130

    with pytest.raises(stopping.Interrupted, match="step 3"):
        train(linear(), tmp_path, stop=stop)
    clock[0] += 1000  # Between the two parts.

    def wait():
        clock[0] += 5

    assert train(linear(), tmp_path, Batches(at=5, action=wait)) == 35


@pytest.mark.parametrize("steps", [10, 3])
def test_a_loss_that_is_no_number_ends_training_with_advice(tmp_path, steps):
    named = "photo 1.0, photo 1.1, photo 1.2, photo 1.3"
    with pytest.raises(FloatingPointError, match=f"nan at step 1: .*tenth.*{named}"):
        train(linear(), tmp_path, Batches(scale=np.nan), steps=steps)
