"""A whole run by calling the library, whatever else the process does."""

import json
import random
import signal
import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import rankiqa_tf
from rankiqa_tf import config as config_lib
from rankiqa_tf.model import Model
from rankiqa_tf.training import run as run_lib
from rankiqa_tf.training import stopping


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """A CSV of six photos of noise, whose MOS is their number."""
    folder = tmp_path_factory.mktemp("scores")
    generator = np.random.default_rng(0)
    rows = ["image,mos"]
    for number in range(6):
        noise = generator.integers(0, 40 * (number + 1), (31, 37, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{number}")
    (folder / "scores.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "scores.csv"


def config(scores, **changes):
    options = {
        "stage": "both",
        "network": "efficientnet_lite0",
        "levels": "block0",
        "crop_size": 24,
        "photos": str(scores.parent),
        "rank_steps": 2,
        "rank_learning_rate": 1e-3,
        "evaluation_photos": 1,
        "dataset": str(scores),
        "finetune_steps": 2,
        "finetune_batch": 2,
        "holdout": 0.4,
        # Curves at the model's end are layers too, whose first weights are drawn.
        "mos_scale": "half_ranks",
    }
    return config_lib.of_options(**(options | changes))


def state_of_the_process():
    """What a library has to leave as it was, and TensorFlow's next random number."""
    numpys = np.random.get_state()
    return {
        "signals": [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)],
        "python": random.getstate(),
        "numpy": (numpys[0], numpys[1].tolist(), *numpys[2:]),
        "tensorflow": tf.random.uniform([2]).numpy().tolist(),
    }


@pytest.fixture(scope="module")
def trained(scores, tmp_path_factory):
    """A run in another thread; states before and after it, its folder and figures."""
    workdir = tmp_path_factory.mktemp("run") / "made"
    random.seed(11)
    tf.random.set_seed(5)
    # Of TensorFlow's numbers the first belongs to the seed; the second tells whether
    # another seed was set meanwhile.
    first = state_of_the_process()
    second_number = tf.random.uniform([2]).numpy().tolist()
    random.seed(11)
    tf.random.set_seed(5)
    before = state_of_the_process()
    assert before == first
    found = {}

    def run():
        try:
            found["figures"] = rankiqa_tf.train(config(scores), workdir)
        except BaseException as error:
            found["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    after = state_of_the_process()
    assert "error" not in found, found["error"]
    return before | {"tensorflow": second_number}, after, workdir, found["figures"]


def test_a_run_may_be_called_in_any_thread(trained, scores):
    *_, workdir, figures = trained
    assert json.loads((workdir / "results.json").read_text()) == figures
    assert figures["test/photos"] == 2
    model = Model.load(workdir / "model.keras")
    assert model.metadata.stages == ("rank", "finetune")
    assert np.isfinite(model.score(scores.parent / "0.png"))


@pytest.mark.parametrize("name", ["signals", "python", "numpy", "tensorflow"])
def test_a_run_leaves_the_process_as_it_was(name, trained):
    before, after, *_ = trained
    assert after[name] == before[name]


def test_a_run_that_was_stopped_leaves_the_process_as_it_was_and_goes_on(
    trained, scores, tmp_path
):
    random.seed(23)  # Not what it was in the other run.
    before = random.getstate()
    with pytest.raises(stopping.Interrupted, match="after step 1 of 2"):
        rankiqa_tf.train(config(scores), tmp_path, stop=lambda: True)
    assert random.getstate() == before
    random.seed(24)
    rankiqa_tf.train(config(scores), tmp_path)
    *_, workdir, _ = trained
    for name in ("ranked.keras", "model.keras"):
        one, other = (
            Model.load(folder / name).network.get_weights()
            for folder in (workdir, tmp_path)
        )
        for weight, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(weight, same)


def test_a_photo_more_is_noticed_before_a_run_is_gone_on_with(scores, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.png").write_bytes(
            (scores.parent / f"{number}.png").read_bytes()
        )
    options = config_lib.of_options(photos=str(folder), photos_per_batch=1)
    run_lib.prepare(options, tmp_path / "run")
    run_lib.prepare(options, tmp_path / "run")
    (folder / "5.png").write_bytes((scores.parent / "5.png").read_bytes())
    with pytest.raises(ValueError, match=r"photos new: 1, such as 5\.png"):
        run_lib.prepare(options, tmp_path / "run")
