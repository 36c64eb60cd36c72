"""The program that trains, run as users run it: stopped, killed, resumed, finished."""

import csv
import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from event_files import values_of
from pages import Checked
from PIL import Image
from programs import run
from programs import run_several
from programs import start

import distortions
from rankiqa_tf import config as config_lib
from rankiqa_tf.config import Config
from rankiqa_tf.data import ranked
from rankiqa_tf.data import versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.model import Model
from rankiqa_tf.training import run as run_lib
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping

ROOT = Path(__file__).parents[1]
KINDS = [row.name for row in distortions.PRESETS["live"].rows]
STEPS = 16  # Of ranking: enough to be stopped twice on the way.
NOT_REPEATABLE = ("seconds", "rank/seconds", "finetune/seconds")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five photos that a crop fits in, a text file among them, and their scores."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "photos").mkdir()
    random = np.random.default_rng(0)
    rows = ["image,mos,reference"]
    for number in range(5):
        rough = random.normal(size=(242, 260, 3))
        picture = 128 + 300 * scipy.ndimage.gaussian_filter(rough, (1.5, 1.5, 0))
        name = f"photo{number}.{'jpg' if number % 2 else 'png'}"
        Image.fromarray(picture.clip(0, 255).astype("u1")).save(
            folder / "photos" / name
        )
        rows.append(f"photos/{name},{number + 1},scene {number}")
    (folder / "photos" / "text.jpg").write_text("text")
    (folder / "scores.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def flags(folder):
    """A run of seconds."""
    return [
        "--stage=both",
        f"--photos={folder}/photos",
        f"--dataset={folder}/scores.csv",
        "--photos_per_batch=1",
        "--distortions_per_batch=2",
        "--holdout=0.4",
        f"--rank_steps={STEPS}",
        "--rank_learning_rate=1e-3",
        "--finetune_steps=3",
        "--finetune_batch=2",
        "--finetune_learning_rate=1e-4",
        "--evaluate_every=2",
    ]


def signal_after(process, checkpoints, step, number) -> tuple[str, str]:
    """Sends a signal once a checkpoint of that step or a later one is there."""
    deadline = time.monotonic() + 120
    while not any(_step(file) >= step for file in checkpoints.glob("ckpt-*.index")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no checkpoint in two minutes"
        time.sleep(0.005)
    process.send_signal(number)
    return process.communicate()


def _step(file: Path) -> int:
    return int(file.stem.removeprefix("ckpt-"))


@pytest.fixture(scope="module")
def whole(folder, flags):
    """A run in one go: its folder, and the process that did it."""
    workdir = folder / "runs" / "whole"
    return workdir, run("-m", "rankiqa_tf.train", *flags, f"--workdir={workdir}")


@pytest.fixture(scope="module")
def in_parts(folder, flags):
    """The same run, stopped by Ctrl-C, gone on, killed, gone on; what each part said.

    Also the step of the last checkpoint after the Ctrl-C and after the kill.
    """
    workdir = folder / "runs" / "in parts"
    checkpoints = workdir / "checkpoints" / "rank"
    command = ["-m", "rankiqa_tf.train", *flags, f"--workdir={workdir}"]
    parts, steps = [], []
    for step, number in ((3, signal.SIGINT), (8, signal.SIGKILL)):
        process = start(*command)
        said = signal_after(process, checkpoints, step, number)
        parts.append(
            subprocess.CompletedProcess(process.args, process.returncode, *said)
        )
        steps.append(max(_step(file) for file in checkpoints.glob("ckpt-*.index")))
        assert not (workdir / "ranked.keras").exists()
    parts.append(run(*command))
    return workdir, parts, steps


def results_of(workdir) -> dict[str, float]:
    return json.loads((workdir / "results.json").read_text(encoding="utf-8"))


def test_a_run_ends_with_0_and_says_what_it_left(whole):
    workdir, done = whole
    assert done.returncode == 0, done.stderr
    *figures, last = done.stdout.partition("\n{")[2].splitlines()
    assert json.loads("{" + "\n".join(figures)) == results_of(workdir)
    assert last.startswith(f"done: {workdir}/model.keras")


def test_a_run_leaves_models_exports_figures_and_records(whole):
    workdir, _ = whole
    assert {path.name for path in workdir.iterdir()} == {
        "checkpoints",
        "data.json",
        "figures",
        "held_out.csv",
        "history",
        "model.keras",
        "model.tflite",
        "options.json",
        "ranked.keras",
        "report.html",
        "results.json",
        "saved_model",
        "tensorboard",
    }
    figures = {file.name for file in (workdir / "figures").iterdir()}
    assert figures == {f"scores_{kind}.png" for kind in KINDS}
    for stage in ("rank", "finetune"):
        shown = values_of(workdir / "tensorboard" / stage)
        assert {"options", "training/loss", "held_out/srocc", "at_the_end/srocc"} <= {
            *shown
        }
        # In both stages: fine-tuning is to keep the order that ranking taught.
        assert f"scores_by_level_at_the_end/{KINDS[0]}, level 5" in shown
    metadata = Model.load(workdir / "model.keras").metadata
    assert metadata.stages == ("rank", "finetune")
    assert metadata.score_range is not None
    assert metadata.scale is None  # Nobody told that of a CSV.
    metadata = Model.load(workdir / "ranked.keras").metadata
    assert (metadata.stages, metadata.score_range) == (("rank",), None)


def test_a_run_leaves_a_page_of_itself(whole):
    workdir, _ = whole
    file = workdir / "report.html"
    assert file.stat().st_size < 3e6
    page = Checked(file.read_text(encoding="utf-8"))
    results = results_of(workdir)
    assert f"{100 * results['rank/pair_accuracy']:.1f} % of the pairs of" in page.text
    assert f"SROCC {results['test/srocc']:.3f}" in page.text
    share = 100 * results["test/order_kept/photo"]
    assert f"{share:.1f} % of distorted versions of other photos" in page.text
    for words in (
        "Training run whole",
        "Ranking",
        "Fine-tuning",
        "pairs in the right order, held out",
        "Order kept: fine-tuned",
        "Worst pairs",
        "Agreement with people",
        "rank learning rate",
    ):
        assert words in page.text
    # What is linked is there, and nothing else is asked for.
    links = [element["href"] for element in page.of("a")]
    assert {"model.keras", "saved_model/", "model.tflite", "results.json"} <= {*links}
    assert all((workdir / link).exists() for link in links)
    assert page.of("script") == []


def test_results_have_a_figure_for_everything(whole):
    workdir, _ = whole
    results = results_of(workdir)
    of_ranking = {
        f"{prefix}/{figure}{kind}"
        for prefix in ("rank", "rank_single_crops")
        for figure in ("pair_accuracy", "srocc")
        for kind in ("", *(f"/{name}" for name in KINDS))
    }
    of_order = {
        f"{prefix}/order_kept/{figure}{kind}"
        for prefix in ("rank", "test")
        for figure in ("photo", "photo_from_level_2", "levels")
        for kind in ("", *(f"/{name}" for name in KINDS))
    }
    of_scores = ("srocc", "lcc", "krocc", "rmse")
    assert set(results) == {
        *of_ranking,
        *of_order,
        *(f"test/{figure}" for figure in (*of_scores, "photos")),
        # Not rmse: a ranker is on no scale.
        *(f"ranked/test/{figure}" for figure in of_scores[:-1]),
        *(f"rank/{figure}" for figure in ("photos", "held_out_photos", "seconds")),
        *(f"finetune/{figure}" for figure in ("photos", "seconds")),
        *(f"agreement/saved_model/{name}" for name in ("bytes", "pixels")),
        "agreement/tflite",
        "seconds",
    }
    shares = [*of_order, *(name for name in of_ranking if "accuracy" in name)]
    assert all(0 <= results[name] <= 1 for name in shares)
    assert all(v <= 1e-3 for name, v in results.items() if name.startswith("agree"))
    assert results["rank/photos"] == results["finetune/photos"] == 3
    assert results["rank/held_out_photos"] == results["test/photos"] == 2


def test_a_photo_that_cannot_be_read_is_named(whole, folder):
    _, done = whole
    assert f"left out: {folder}/photos/text.jpg: not a photo" in done.stderr
    assert "1 of 6 photos left out" in done.stderr


def test_without_a_terminal_evaluations_are_told_and_no_progress(whole):
    _, done = whole
    assert "images/s" not in done.stderr
    assert "step 4: held_out/pair_accuracy" in done.stdout


def test_evaluation_and_scoring_give_the_figures_of_the_run(whole, folder):
    workdir, _ = whole
    model = f"--model={workdir}/model.keras"
    scores = f"--dataset={workdir}/held_out.csv"
    predictions = folder / "predictions.csv"
    evaluation = run(
        "-m", "rankiqa_tf.evaluate", model, scores, "--format=json",
        f"--predictions={predictions}",
    )  # fmt: skip
    scored = run("-m", "rankiqa_tf.score", model, folder / "photos", "--format=jsonl")
    assert (evaluation.returncode, evaluation.stderr) == (0, "")
    figures = json.loads(evaluation.stdout)
    results = results_of(workdir)
    assert figures.pop("photos") == results["test/photos"]
    shared = {"test/srocc", "test/lcc", "test/krocc", "test/rmse"}
    assert {name: figures[name] for name in shared} == pytest.approx(
        {name: results[name] for name in shared}
    )
    more = {
        f"test/{name}/{end}" for name in ("srocc", "lcc") for end in ("low", "high")
    }
    assert set(figures) == {*shared, *more, "test/lcc_logistic"}

    assert scored.returncode == 1  # For the text file.
    rows = {row["path"]: row for row in map(json.loads, scored.stdout.splitlines())}
    assert len(rows) == 6
    with predictions.open(encoding="utf-8", newline="") as file:
        predicted = list(csv.DictReader(file))
    assert len(predicted) == 2
    for row in predicted:
        assert rows[row["image"]]["score"] == pytest.approx(float(row["score"]))


def test_ctrl_c_ends_with_130_and_a_checkpoint(in_parts):
    _, (stopped, *_), (step, _) = in_parts
    assert stopped.returncode == 130
    last = stopped.stderr.splitlines()[-1]
    expected = f"stopped after step {step} of {STEPS}; the same command resumes"
    assert expected in last
    assert "Traceback" not in stopped.stderr


def test_a_run_that_was_stopped_and_killed_ends_as_if_it_had_not_been(whole, in_parts):
    workdir, (_, killed, done), (stopped_after, killed_after) = in_parts
    assert killed.returncode == -signal.SIGKILL
    assert done.returncode == 0, done.stderr
    assert 3 <= stopped_after < killed_after < STEPS
    for name in ("ranked.keras", "model.keras"):
        assert_same(load(whole[0] / name), load(workdir / name))
    for stage in ("rank", "finetune"):
        one, other = (
            each / "history" / f"{stage}.jsonl" for each in (whole[0], workdir)
        )
        assert one.read_bytes() == other.read_bytes()
    expected, found = results_of(whole[0]), results_of(workdir)
    for results in (expected, found):
        for name in NOT_REPEATABLE:
            del results[name]
    assert found == expected


# Changes to a run that is ready to be trained, by the name of its folder.
CHANGES = """
from rankiqa_tf.training import run as run_lib

carry_out = run_lib.carry_out

def carry_out_changed(run, **options):
    if run.workdir.name == "vanished":
        for file in run.data.ranked.files:
            file.unlink()
    if run.workdir.name == "wrong":
        len(3)
    return carry_out(run, **options)

run_lib.carry_out = carry_out_changed
"""


@pytest.fixture(scope="module")
def several(whole, folder, flags):
    """Code, output and errors of several calls, most of them wrong."""
    workdir, _ = whole
    new = f"--workdir={folder}/runs/new"
    ranking = [f"--photos={folder}/photos", new]
    (folder / "empty").mkdir()
    (folder / "broken").mkdir()
    for number in range(2):
        (folder / "broken" / f"{number}.jpg").write_text("text")
    (folder / "text.keras").write_text("text")
    (folder / "wrong.csv").write_text("image,mos\nphotos/photo0.png,good\n")
    (folder / "broken.csv").write_text(
        "image,mos\nphotos/photo0.png,1\nphotos/photo1.jpg,2\nphotos/text.jpg,3\n"
        "photos/photo2.png,4\n"
    )
    finetuning = ["--stage=finetune", "--holdout=0.5", new]
    shutil.copytree(folder / "photos", folder / "short-lived")
    shutil.copytree(folder / "photos", folder / "more")
    shutil.copy(folder / "photos" / "photo0.png", folder / "more" / "new.png")
    text = (folder / "scores.csv").read_text(encoding="utf-8")
    (folder / "revised.csv").write_text(text.replace(",3,", ",3.5,"), encoding="utf-8")
    more = f"--photos={folder}/more", f"--workdir={folder}/runs/more"
    revised = f"--dataset={folder}/revised.csv", f"--workdir={folder}/runs/revised"
    for name, photos, scores in (
        ("more", "more", "scores.csv"),
        ("revised", "photos", "revised.csv"),
    ):
        begun = folder / "runs" / name  # Of the data before the change.
        begun.mkdir()
        shutil.copy(workdir / "data.json", begun)
        options = json.loads((workdir / "options.json").read_text(encoding="utf-8"))
        options |= {"photos": f"{folder}/{photos}", "dataset": f"{folder}/{scores}"}
        (begun / "options.json").write_text(json.dumps(options), encoding="utf-8")
    calls = {
        "again": [*flags, f"--workdir={workdir}"],
        "no number": [
            "--stage=finetune",
            f"--dataset={folder}/scores.csv",
            "--holdout=0.4",
            f"--workdir={folder}/runs/no number",
            "--mos_scale=raw",
            "--finetune_learning_rate=1e30",
            "--finetune_steps=4",
            "--finetune_batch=2",
        ],
        "seed was 0, is 7; evaluate_every was 2, is 6": [
            *flags, f"--workdir={workdir}", "--seed=7", "--evaluate_every=6",
        ],
        "vanished": [
            f"--photos={folder}/short-lived",
            f"--workdir={folder}/runs/vanished",
            "--photos_per_batch=1",
        ],
        "wrong": [*ranking[:1], f"--workdir={folder}/runs/wrong"],
        "runs/more contains a run with other data (photos new: 1, such as new.png)": [
            *flags, *more,
        ],
        "other data (scored photos changed: 1, such as photo2.png)": [
            *flags, *revised,
        ],
        "Did you mean: rank_steps": [*ranking, "--rank_step=3"],
        "should be one of <rank|finetune|both>": [*ranking, "--stage=sort"],
        "--rank_steps=-1": [*ranking, "--rank_steps=-1"],
        "rank_steps is 0, which only fits the last layer": [*ranking, "--rank_steps=0"],
        "margin must be more than 0, not -1.0": [*ranking, "--margin=-1"],
        "give a CSV file as dataset": [*ranking, "--stage=finetune"],
        "give --workdir: Folder of the run": ranking[:1],
        "flags only, not more words": [*ranking, "more", "words"],
        "none.cfg": [*ranking, "--flagfile=none.cfg"],
        "no such file or folder: nowhere": ["--photos=nowhere", new],
        "no photos in": [f"--photos={folder}/empty", new],
        "has 0 that can be read": [f"--photos={folder}/broken", new],
        "workdir must be a folder": [
            *ranking[:1], f"--workdir={folder}/scores.csv",
        ],
        "is not a .keras file": [*ranking, f"--init={folder}/text.keras"],
        "neither a CSV file nor a data set 'none.csv'": [
            *finetuning, "--dataset=none.csv",
        ],
        "wrong.csv line 2": [*finetuning, f"--dataset={folder}/wrong.csv"],
        f"first being {folder}/photos/text.jpg: not a photo": [
            *finetuning, f"--dataset={folder}/broken.csv",
        ],
    }  # fmt: skip
    first = f"import tempfile; tempfile.tempdir = {str(folder)!r}\n{CHANGES}"
    found = run_several("rankiqa_tf.train", calls.values(), first=first)
    return dict(zip(calls, found, strict=True))


def test_a_complete_run_started_again_trains_nothing_and_ends_with_0(several, whole):
    code, output, errors = several["again"]
    assert code == 0, errors
    assert "step 4" not in output
    before = json.loads(
        "{" + whole[1].stdout.partition("\n{")[2].rpartition("}")[0] + "}"
    )
    now = json.loads(output.rpartition("}")[0] + "}")
    assert now["rank/seconds"] == before["rank/seconds"]
    for results in (before, now):
        del results["seconds"]
        del results["finetune/seconds"]  # The last layer is fitted again.
    assert now == before


def test_a_loss_that_is_no_number_ends_with_1_and_advice(several):
    code, _, errors = several["no number"]
    assert "start again with a tenth of it in a new workdir" in errors
    assert code == 1


def test_photos_that_vanish_on_the_way_are_named_and_end_with_1(several, folder):
    code, _, errors = several["vanished"]
    assert code == 1
    (said,) = re.findall("^error: .*$", errors, re.MULTILINE)
    assert f"{folder}/short-lived/photo" in said
    assert "No such file or directory" in said
    assert "Traceback" not in errors


def test_a_bug_is_called_one_and_ends_with_70(several):
    code, output, errors = several["wrong"]
    said = "error: TypeError: object of type 'int' has no len(). This is a bug of this"
    assert said in errors
    assert "Traceback" not in errors
    assert (code, output) == (70, "")
    file = Path(re.search(r"traceback: (\S+)\)", errors)[1])
    assert "in carry_out_changed" in file.read_text(encoding="utf-8")


def test_a_photo_more_is_noticed_before_a_run_goes_on(photos, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(20):
        shutil.copy(photos[number % 4], folder / f"{number:02}.png")
    config, workdir = Config(photos=str(folder)), tmp_path / "run"
    first = run_lib.prepare(config, workdir).data.ranked.files
    assert run_lib.prepare(config, workdir).data.ranked.files == first
    shutil.copy(photos[0], folder / "one more.png")
    with pytest.raises(ValueError, match=r"photos new: 1, such as one more\.png"):
        run_lib.prepare(config, workdir)
    (folder / "one more.png").unlink()
    shutil.copy(photos[1], folder / "00.png")
    with pytest.raises(ValueError, match=r"photos changed: 1, such as 00\.png"):
        run_lib.prepare(config, workdir)
    (folder / "00.png").unlink()
    with pytest.raises(ValueError, match=r"photos gone: 1, such as 00\.png"):
        run_lib.prepare(config, workdir)


def test_code_is_2_and_the_reason_is_told_when_nothing_can_be_begun(several, folder):
    wrong = [
        reason
        for reason in several
        if reason not in ("again", "no number", "vanished", "wrong")
    ]
    assert len(wrong) == 20
    for reason in wrong:
        code, output, errors = several[reason]
        assert reason in errors
        assert "error: " in errors
        assert (code, output) == (2, "")
    assert not (folder / "runs" / "new").exists()


def load(path) -> keras.Model:
    return keras.models.load_model(path, compile=False)


def assert_same(model, other):
    for first, second in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_seed_decides_the_first_weights():
    first, again, other = (
        stages.start(Config(seed=seed)).network.get_weights()[0] for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_number_of_threads_does_not_change_the_weights(
    folder, tmp_path, monkeypatch
):
    paths = sorted((folder / "photos").glob("photo*"))

    def rank(workdir):
        config = Config(rank_steps=2, rank_learning_rate=1e-3, distortions_per_batch=2)
        photos = Split(
            training=versions.MadeAnew(paths[:4], distortions.PRESETS["live"]),
            held_out=versions.MadeAnew(paths[4:], distortions.PRESETS["live"]),
        )
        model, _, _ = stages.rank(
            stages.start(config), photos, config, workdir, stop=stopping.never
        )
        return model.network

    first = rank(tmp_path / "many")
    dataset = ranked.RankedBatches.dataset

    def in_one_thread(*arguments):
        options = tf.data.Options()
        options.threading.private_threadpool_size = 1
        return dataset(*arguments).with_options(options)

    monkeypatch.setattr(ranked.RankedBatches, "dataset", in_one_thread)
    assert_same(rank(tmp_path / "one"), first)


def test_a_run_may_start_from_a_model_file_which_decides_the_network(whole):
    path = whole[0] / "ranked.keras"
    model = stages.start(Config(init=str(path), network="efficientnet_lite0"))
    assert_same(model.network, load(path))
    assert (model.metadata.network, model.metadata.stages) == ("shallow", ("rank",))


def test_raw_fine_tuning_keeps_the_head_of_the_ranker(whole, folder, tmp_path):
    path = whole[0] / "ranked.keras"
    paths = sorted((folder / "photos").glob("photo*"))
    photos = [ScoredPhoto(p, 50.0 + 10 * n, p.name) for n, p in enumerate(paths)]
    found = {}
    for scale in ("raw", "standard"):
        config = config_lib.of_options(
            stage="finetune",
            dataset="scores.csv",
            init=str(path),
            mos_scale=scale,
            finetune_steps=1,
            finetune_learning_rate=1e-12,
            finetune_batch=3,
        )
        split = Split(training=photos[:3], held_out=photos[3:])
        model, _ = stages.finetune(
            stages.start(config), split, config, tmp_path / scale, stop=stopping.never
        )
        assert model.metadata.stages == ("rank", "finetune")
        assert model.metadata.score_range == (50, 70)
        found[scale] = np.array(list(model.score_many(paths)))
    before = np.array(list(Model.load(path).score_many(paths)))
    np.testing.assert_allclose(found["raw"], before, rtol=1e-4)
    assert np.abs(found["standard"] - before).max() > 1
    assert (np.abs(found["standard"] - 60) < 40).all()


def test_the_last_layer_alone_learns_to_rank_and_then_keeps_the_order(folder, tmp_path):
    done = run(
        "-m",
        "rankiqa_tf.train",
        "--stage=both",
        "--network=efficientnet_lite0",
        "--levels=block0,block1",
        "--crop_size=64",
        "--pairs_by=gmsd",
        "--rank_steps=0",
        "--finetune_steps=0",
        f"--photos={folder}/photos",
        f"--dataset={folder}/scores.csv",
        "--holdout=0.4",
        "--evaluation_photos=1",
        f"--workdir={tmp_path}/run",
    )
    assert done.returncode == 0, done.stderr
    results = results_of(tmp_path / "run")
    # Even features of random weights tell a photo from what is left of it.
    assert results["rank/order_kept/photo"] > 0.5
    assert results["test/order_kept/photo"] > 0.5
    metadata = Model.load(tmp_path / "run" / "model.keras").metadata
    assert metadata.stages == ("rank", "finetune")
