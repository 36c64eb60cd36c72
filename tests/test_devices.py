"""Training on several devices, against training on one.

Machines of tests have no GPU. TensorFlow can be told to see two CPUs in theirs, but
only before it is used, and so in processes of their own.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from programs import run_several
from programs import start
from toy_training import assert_trained
from toy_training import by_hand
from toy_training import caffe
from toy_training import linear

TWO_CPUS = f"""
import sys

import tensorflow as tf

sys.path.insert(0, {str(Path(__file__).parent)!r})
two = 2 * [tf.config.LogicalDeviceConfiguration()]
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, two)
tf.get_logger().setLevel("ERROR")  # It says how often it traces, and what it mirrors.
"""

TOYS = """
import contextlib, json, tempfile
from pathlib import Path

import keras
import toy_training

from rankiqa_tf.training import devices
from rankiqa_tf.training import losses


def all_pairs(scores, batch):
    better = batch["target"][:, tf.newaxis] > batch["target"]
    return losses.ranking_hinge(scores, better, margin=1.0)


def trained(count, make, **changes):
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    loss = changes.pop("loss", toy_training.squared_error)
    with devices.strategy(count).scope():
        model = make()
        toy_training.train(model, folder, toy_training.plan(**changes), loss=loss)
        return [weight.tolist() for weight in model.get_weights()]


def in_parts(*parts):
    # Trains on two devices, from a seed until it is killed, part by part.
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    for seed, end in parts:
        batches = toy_training.Batches(end, toy_training.kill)
        with devices.strategy(2).scope(), contextlib.suppress(toy_training.Killed):
            model = toy_training.convolutional(seed)
            toy_training.train(model, folder, toy_training.plan(), batches)
    return [weight.tolist() for weight in model.get_weights()]


def with_norm():
    return toy_training.convolutional(between=[keras.layers.BatchNormalization()])


found = {}
found["clipped"] = trained(2, toy_training.linear, clip_norm=20.0)
found["accumulated"] = trained(
    2, toy_training.linear, steps=12, accumulate=3, clip_norm=20.0
)
for name, changes in {
    "pairs": {"loss": all_pairs, "ema": 0.9},
    "frozen": {"frozen_layers": 1, "head_rate": 2.0},
}.items():
    found[name] = [
        trained(count, toy_training.convolutional, **changes) for count in (1, 2)
    ]
found["normalised"] = [
    trained(count, with_norm, steps=1, learning_rate=0.0) for count in (1, 2)
]
found["killed"] = [in_parts((0, None)), in_parts((0, 5), (1, None))]
try:
    devices.strategy(3)
except ValueError as error:
    found["too many"] = str(error)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    process = start("-c", TWO_CPUS + TOYS, tmp_path_factory.mktemp("toys"))
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def test_a_step_of_two_devices_is_that_of_the_whole_batch(toys):
    model = linear()
    kernel, bias, _ = by_hand(model, 7, caffe(0.02), clip_norm=20.0)
    model.set_weights([np.array(weight) for weight in toys["clipped"]])
    assert_trained(model, kernel, bias)


def test_devices_accumulate_as_one_does(toys):
    model = linear()
    kernel, bias, _ = by_hand(model, 12, caffe(0.02), accumulate=3, clip_norm=20.0)
    model.set_weights([np.array(weight) for weight in toys["accumulated"]])
    assert_trained(model, kernel, bias)


@pytest.mark.parametrize("name", ["pairs", "frozen"])
def test_pairs_averages_and_rates_are_those_of_one_device(toys, name):
    for alone, together in zip(*toys[name], strict=True):
        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_statistics_of_normalisation_are_the_mean_of_the_devices(toys):
    # Kernel, bias, gamma, beta, moving mean: equal parts have the mean of the whole.
    alone, together = (weights[4] for weights in toys["normalised"])
    assert np.abs(alone).min() > 0
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_what_was_killed_on_two_devices_goes_on_as_if_it_had_not_been(toys):
    for first, second in zip(*toys["killed"], strict=True):
        np.testing.assert_array_equal(first, second)


def test_more_devices_than_there_are_are_refused(toys):
    assert toys["too many"] == (
        "devices is 3, but TensorFlow sees only 2 CPU: give 2 or less"
    )


def test_the_program_trains_both_stages_and_exports_on_two_devices(tmp_path):
    random = np.random.default_rng(0)
    rows = ["image,mos"]
    (tmp_path / "photos").mkdir()
    for number in range(5):
        pixels = random.integers(0, 256, (61, 43, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
        rows.append(f"photos/{number}.png,{number}")
    (tmp_path / "scores.csv").write_text("\n".join(rows), encoding="utf-8")
    flags = [
        "--stage=both",
        f"--photos={tmp_path}/photos",
        f"--scores={tmp_path}/scores.csv",
        "--photos_per_batch=1",
        "--levels_per_batch=3",
        "--holdout=0.4",
        "--rank_steps=3",
        "--rank_learning_rate=1e-3",
        "--finetune_steps=2",
        "--finetune_batch=2",
        "--finetune_learning_rate=1e-4",
    ]
    calls = [
        [*flags, f"--workdir={tmp_path}/{count}", f"--devices={count}"]
        for count in (1, 2, 3)
    ]
    (one, _, errors), (two, _, errors_of_two), (three, _, refusal) = run_several(
        "rankiqa_tf.train", calls, first=TWO_CPUS
    )
    assert (one, two, three) == (0, 0, 2), (errors, errors_of_two)
    assert "devices is 3, but a step of 2 images cannot be divided" in refusal
    assert (tmp_path / "2" / "model.tflite").is_file()
    alone, together = (
        np.concatenate(
            [
                weight.ravel()
                for weight in keras.models.load_model(
                    tmp_path / number / "ranked.keras"
                ).get_weights()
            ]
        )
        for number in "12"
    )
    assert np.linalg.norm(together - alone) <= 1e-4 * np.linalg.norm(alone)
