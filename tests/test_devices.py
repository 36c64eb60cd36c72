"""Training on several devices, against training on one.

Machines of tests have no GPU. TensorFlow can be told to see two CPUs in theirs, but
only before it is used, and so in processes of their own.
"""

import dataclasses
import json
from pathlib import Path

import data_folders
import keras
import numpy as np
import pytest
from programs import run_several
from programs import start
from toy_devices import LOSSES_OF_PAIRS
from toy_devices import MIXED
from toy_devices import MORE
from toy_devices import OPTIONS
from toy_training import assert_trained
from toy_training import by_hand
from toy_training import caffe
from toy_training import linear

from rankiqa_tf.config import Training

TWO_CPUS = f"""
import sys

import tensorflow as tf

sys.path.insert(0, {str(Path(__file__).parent)!r})
two = 2 * [tf.config.LogicalDeviceConfiguration()]
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, two)
tf.get_logger().setLevel("ERROR")  # It says how often it traces, and what it mirrors.
"""


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    run = "import toy_devices\ntoy_devices.main(sys.argv[1])"
    process = start("-c", TWO_CPUS + run, tmp_path_factory.mktemp("toys"))
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def test_a_step_of_two_devices_is_that_of_the_whole_batch(toys):
    model = linear()
    kernel, bias, _ = by_hand(model, 4, caffe(0.02), clip_norm=20.0)
    model.set_weights([np.array(weight) for weight in toys["linear"]])
    assert_trained(model, kernel, bias)


def test_every_option_of_training_is_tried_away_from_its_default():
    fields = {field.name: field.default for field in dataclasses.fields(Training)}
    assert OPTIONS.keys() == fields.keys() - {"xla"}  # Which is refused with two.
    for name, options in OPTIONS.items():
        assert options[name] != fields[name]


CASES = [*OPTIONS, *MORE, *LOSSES_OF_PAIRS]


@pytest.mark.parametrize("name", [name for name in CASES if name not in MIXED])
def test_two_devices_train_as_one_does(name, toys):
    alone, together = (run["after"] for run in toys[name])
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-5)
    assert changed(toys[name][0])


@pytest.mark.parametrize("name", MIXED)
def test_two_devices_train_as_one_does_in_mixed_precision(name, toys):
    # Rounded to 8 or 11 bits, sums over halves of a batch are not quite the sum.
    (before, alone), (_, together) = (
        [np.concatenate([np.ravel(w) for w in run[when]]) for when in WHEN]
        for run in toys[name]
    )
    way = np.linalg.norm(alone - before)
    assert way > 0
    assert np.linalg.norm(together - alone) < 0.02 * way


WHEN = ("before", "after")


def changed(run):
    """The numbers of the weights that training changed."""
    weights = zip(*(run[when] for when in WHEN), strict=True)
    return {number for number, (old, new) in enumerate(weights) if old != new}


def test_layers_that_were_frozen_stay_as_they_were_on_two_devices(toys):
    # Two of a convolution, four of normalisation; then a convolution and the score.
    assert [changed(run) for run in toys["frozen_layers"]] == [{6, 7, 8, 9}] * 2


@pytest.mark.parametrize("name", CASES)
def test_layers_train_and_compute_as_before_when_a_step_is_done(name, toys):
    for run in toys[name]:
        first, *later = run["states"]
        assert len(later) >= 2
        for each in later:
            assert each == first
        assert {policy for _, _, policy in first} == {"float32"}
        trainable = {layer: trains for layer, trains, _ in first}
        assert trainable["conv1"]
        assert trainable["score"]


def test_a_network_trained_mixed_on_two_devices_is_exported_as_float32(toys):
    assert toys["exported"]["policies"] == ["float32"]
    expected = pytest.approx(toys["exported"]["keras"], rel=1e-4)
    assert toys["exported"]["tflite"] == expected


def test_statistics_of_normalisation_are_the_mean_of_the_devices(toys):
    # Kernel, bias, gamma, beta, moving mean: equal parts have the mean of the whole.
    alone, together = (np.array(weights[4]) for weights in toys["normalised"])
    assert np.abs(alone).min() > 0
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_what_was_killed_on_two_devices_goes_on_as_if_it_had_not_been(toys):
    for first, second in zip(*toys["killed"], strict=True):
        np.testing.assert_array_equal(first, second)


def test_devices_drop_each_something_else_and_the_first_what_one_alone_does(toys):
    # Steps, and what is left of each of four equal images.
    alone, together = np.array(toys["masks"])
    for step in (*alone, *together):
        assert len(set(step)) == 4
    assert (together[0] != together[1]).all()
    # Each device has two of the four images.
    np.testing.assert_array_equal(together[:, :2], alone[:, :2])


def test_devices_add_their_gradients_up_in_one_go(toys):
    # The slopes of the scores, one an image; then all gradients, the loss, the penalty,
    # and a mean and a variance.
    trained = toys["all_reduces"]["trained"]
    assert trained == 8
    assert toys["all_reduces"]["sent"] == [1, trained + 4]


def test_steps_that_two_devices_cannot_divide_are_refused(toys):
    assert toys["odd step"] == (
        "a step of 45 images cannot be divided equally among 2 devices: change the "
        "images of a step or the number of devices"
    )


def test_the_program_trains_both_stages_and_exports_on_two_devices(tmp_path):
    data_folders.table(tmp_path, 5)
    flags = [
        "--stage=both",
        f"--photos={tmp_path}/photos",
        f"--dataset={tmp_path}/scores.csv",
        "--photos_per_batch=1",
        "--distortions_per_batch=2",
        "--same_content_pairs",
        "--finetune_flips",
        "--holdout=0.4",
        "--rank_steps=3",
        "--rank_learning_rate=1e-3",
        "--finetune_steps=2",
        "--finetune_batch=2",
        "--finetune_learning_rate=1e-4",
    ]
    calls = [
        [*flags, f"--workdir={tmp_path}/{name}", f"--strategy={name}"]
        for name in ("none", "mirrored")
    ]
    odd = [*flags, "--finetune_batch=3", f"--workdir={tmp_path}/odd"]
    calls.append([*odd, "--strategy=mirrored"])
    (one, _, errors), (two, _, errors_of_two), (three, _, refusal) = run_several(
        "rankiqa_tf.train", calls, first=TWO_CPUS
    )
    assert (one, two, three) == (0, 0, 2), (errors, errors_of_two)
    assert "a step of 3 images cannot be divided equally among 2" in refusal
    assert (tmp_path / "mirrored" / "model.tflite").is_file()
    alone, together = (
        np.concatenate(
            [
                weight.ravel()
                for weight in keras.models.load_model(
                    tmp_path / name / "ranked.keras"
                ).get_weights()
            ]
        )
        for name in ("none", "mirrored")
    )
    assert np.linalg.norm(together - alone) <= 1e-4 * np.linalg.norm(alone)
