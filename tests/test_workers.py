"""Training on two machines, which here are two processes, against training on one."""

import json
import signal
import socket
from pathlib import Path

import data_folders
import keras
import numpy as np
import pytest
import toy_workers
from programs import start

from rankiqa_tf.training import workers

TOY = Path(toy_workers.__file__)


def ports(count):
    """Free ports; each is free again when this returns, and not given out soon."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


def run_both(*arguments):
    """Exit code, output and errors of two workers that are started alike."""
    machines = [f"localhost:{port}" for port in ports(2)]
    processes = [
        start(
            *arguments,
            TF_CONFIG=json.dumps(
                {
                    "cluster": {"worker": machines},
                    "task": {"type": "worker", "index": index},
                }
            ),
        )
        for index in range(2)
    ]
    return [(*each.communicate(), each.returncode)[::-1] for each in processes]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """What is left of two workers the second of which dies, and their folder."""
    folder = tmp_path_factory.mktemp("workers")
    return run_both(TOY, folder, "die"), folder


@pytest.fixture(scope="module")
def toys(killed):
    """What both workers tell that are started anew in that folder."""
    _, folder = killed
    found = run_both(TOY, folder, "train")
    for code, errors, _ in found:
        assert code == 0, errors
    return [json.loads(output.splitlines()[-1]) for _, _, output in found]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return toy_workers.train(tmp_path_factory.mktemp("alone"))


def assert_close(weights, others):
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_two_workers_train_as_one_process_does(toys, alone):
    assert_close(toys[0]["whole"], alone)


@pytest.mark.parametrize("name", ["whole", "killed", "best", "normalised"])
def test_both_workers_end_with_the_same_weights(name, toys):
    # Each made a model of its own seed. What normalisation gathered is among them.
    assert toys[0][name] == toys[1][name]


def test_weights_are_those_of_the_chiefs_best_evaluation(toys, tmp_path):
    figures = iter([1.0, 3.0, 2.0, 0.0])
    expected = toy_workers.train(
        tmp_path, evaluate=lambda: {"figure": next(figures)}, monitor="figure"
    )
    assert_close(toys[0]["best"], expected)


def test_a_worker_that_loses_another_says_so_at_once(killed):
    (chief, other), _ = killed
    assert other[0] == -signal.SIGKILL
    code, _, output = chief
    assert code == 75
    assert json.loads(output.splitlines()[-1])["lost"].startswith("a worker was lost")


def test_workers_that_are_started_again_end_as_if_none_had_died(toys):
    assert toys[0]["killed"] == toys[0]["whole"]


def test_one_that_is_told_to_stop_stops_all(toys):
    assert [toy["stopped"] for toy in toys] == 2 * ["stopped after step 3 of 7"]


def test_the_chief_alone_keeps_checkpoints(toys):
    chief, other = toys
    assert chief["files"]
    assert not other["files"]


def test_photos_that_two_workers_cannot_share_equally_are_refused(toys):
    assert toys[0]["refused"] == (
        "photos_per_batch is 3, but each of 2 machines makes the images of an equal "
        "part of them: give a multiple of 2"
    )


def test_the_program_trains_both_stages_on_two_machines(tmp_path):
    data_folders.table(tmp_path, 6)
    flags = [
        "-m",
        "rankiqa_tf.train",
        "--stage=both",
        "--network=shallow",
        f"--photos={tmp_path}/photos",
        f"--dataset={tmp_path}/scores.csv",
        "--photos_per_batch=2",
        "--distortions_per_batch=1",
        "--holdout=0.4",
        "--rank_steps=2",
        "--rank_learning_rate=1e-3",
        "--frozen_layers=1",
        "--kept_crops=2",
        "--finetune_steps=2",
        "--finetune_batch=2",
        "--finetune_learning_rate=1e-4",
    ]
    alone = start(*flags, f"--workdir={tmp_path}/alone")
    # The second might be on a machine of its own, where there is no such folder.
    chief, other = run_both(
        *flags, "--strategy=multi_worker", f"--workdir={tmp_path}/together"
    )
    _, errors = alone.communicate()
    assert alone.returncode == 0, errors
    for code, errors, _ in (chief, other):
        assert code == 0, errors
    assert other[2].splitlines()[-1] == "done: the chief has the model"
    assert (tmp_path / "together" / "model.tflite").is_file()
    assert (tmp_path / "together" / "report.html").is_file()
    assert not list(tmp_path.glob("together-*"))
    for file in ("ranked.keras", "model.keras"):
        first, second = (
            keras.models.load_model(tmp_path / name / file).get_weights()
            for name in ("alone", "together")
        )
        assert_close(second, first)


WORKERS = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not nothing"),
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ({"cluster": WORKERS}, "KeyError: 'task'"),
        ({"cluster": WORKERS, "task": {"type": "worker"}}, "KeyError: 'index'"),
        (
            {"cluster": WORKERS, "task": {"type": "chief", "index": 0}},
            "KeyError: 'chief'",
        ),
        (
            {"cluster": WORKERS, "task": {"type": "worker", "index": 2}},
            "names only 2 of that type: give an index from 0 to 1",
        ),
        (
            {"cluster": WORKERS | {"ps": ["c:1"]}, "task": {"type": "ps", "index": 0}},
            "has tasks ps, worker: all machines must be workers",
        ),
    ],
)
def test_a_cluster_that_is_not_said_well_is_refused(text, message, monkeypatch):
    text = text if isinstance(text, str) else json.dumps(text)
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG") as error:
        workers.of_environment()
    assert message in str(error.value)


def test_a_chief_and_its_workers_are_a_cluster(monkeypatch):
    cluster = WORKERS | {"chief": ["c:1"]}
    found = []
    for kind, index in (("chief", 0), ("worker", 0), ("worker", 1)):
        task = {"type": kind, "index": index}
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
        found.append(workers.of_environment())
    assert found == [workers.Worker(number, 3) for number in range(3)]


def test_a_worker_writes_beside_the_runs_folder_and_leaves_nothing(tmp_path):
    chief, other = (workers.Worker(number, 2) for number in range(2))
    run = tmp_path / "run"
    assert chief.folder(run) == run
    folder = other.folder(run)
    for each, name in ((run, "model.keras"), (folder, "options.json")):
        each.mkdir()
        (each / name).touch()
    other.leave(run)
    chief.leave(run)
    assert [path.name for path in tmp_path.rglob("*")] == ["run", "model.keras"]
