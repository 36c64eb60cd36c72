"""The benchmark of methods, run as users run it."""

import csv
import json
import re
import shutil

import numpy as np
import programs
import pytest
import scipy.ndimage
import scipy.stats
from PIL import Image
from PIL import ImageFilter
from programs import run_several

from rankiqa_tf.evaluation import predictions
from tests import data_folders

METHODS = ("baseline", "rankiqa", "rankiqa_ft")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five photos, and a data set of them: noisy and blurred at two levels."""
    folder = tmp_path_factory.mktemp("benchmark")
    random = np.random.default_rng(0)
    rows = ["image,mos,reference,distortion,level"]
    (folder / "photos").mkdir()
    for number in range(5):
        rough = random.normal(size=(63, 91, 3))
        smooth = 128 + 300 * scipy.ndimage.gaussian_filter(rough, (1.5, 1.5, 0))
        photo = Image.fromarray(smooth.clip(0, 255).astype("u1"))
        photo.save(folder / "photos" / f"{number}.png")
        for level in (1, 2):
            noisy = smooth + random.normal(0, 20 * level, smooth.shape)
            images = {
                "noise": Image.fromarray(noisy.clip(0, 255).astype("u1")),
                "blur": photo.filter(ImageFilter.GaussianBlur(2 * level)),
            }
            for kind, image in images.items():
                name = f"{kind}_{number}_{level}.png"
                image.save(folder / name)
                mos = 90 - 30 * level + number
                rows.append(f"{name},{mos},scene {number},{kind},{level}")
    (folder / "scores.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def flags(folder):
    return [
        f"--dataset={folder}/scores.csv",
        f"--photos={folder}/photos",
        "--photos_per_batch=1",
        "--distortions_per_batch=2",
        "--holdout=0.4",
        "--splits=2",
        "--seed=2",
        "--rank_steps=2",
        "--rank_learning_rate=1e-3",
        "--finetune_steps=2",
        "--finetune_batch=2",
        "--finetune_learning_rate=1e-4",
    ]


def run(*arguments):
    done = programs.run("-m", "rankiqa_tf.benchmark", *arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def done(folder, flags):
    """A benchmark in one go: its folder, exit code, output and errors."""
    workdir = folder / "done"
    return workdir, *run(*flags, f"--workdir={workdir}")


def test_a_benchmark_ends_with_0_and_its_table(done):
    workdir, code, output, errors = done
    assert code == 0, errors
    assert (workdir / "table.md").read_text(encoding="utf-8") in output
    assert "split 2 of 2: rankiqa_ft" in errors
    for name in ("Baseline", "RankIQA", "RankIQA+FT"):
        assert re.search(rf"\| {re.escape(name)} \| .* \| 2 \|\n", output)


def test_figures_are_those_of_the_predictions(done):
    workdir = done[0]
    results = json.loads((workdir / "results.json").read_text(encoding="utf-8"))
    for method in METHODS:
        found, of_noise = [], []
        for split in ("split_01", "split_02"):
            with (workdir / split / f"{method}.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            noise = [row for row in rows if row["distortion"] == "noise"]
            for part, values in ((rows, found), (noise, of_noise)):
                pair = [[float(row[key]) for row in part] for key in ("score", "mos")]
                values.append(scipy.stats.spearmanr(*pair).statistic)
        assert results[f"{method}/srocc"] == pytest.approx(np.mean(found))
        assert results[f"{method}/srocc/sd"] == pytest.approx(np.std(found, ddof=1))
        assert results[f"{method}/srocc/noise"] == pytest.approx(np.mean(of_noise))
        assert (f"{method}/rmse" in results) == (method != "rankiqa")


def test_no_reference_is_trained_and_tested_on(done):
    workdir = done[0]
    splits = json.loads((workdir / "splits.json").read_text(encoding="utf-8"))["splits"]
    for number, split in enumerate(splits, start=1):
        assert not {*split["training"]} & {*split["held_out"]}
        for method in METHODS:
            scores = predictions.read(workdir / f"split_0{number}" / f"{method}.csv")
            assert {photo.reference for photo in scores.photos} == {*split["held_out"]}
    assert splits[0] != splits[1]


def test_methods_differ_as_their_stages_do(done):
    workdir = done[0] / "split_01"
    scores = {
        name: predictions.read(workdir / f"{name}.csv").scores for name in METHODS
    }
    assert len({tuple(found) for found in scores.values()}) == 3
    # Ranked only, there is no scale; fine-tuned, scores are near the MOS, 30 to 64.
    for name in ("baseline", "rankiqa_ft"):
        assert 20 < scores[name].mean() < 75
    assert not (workdir / "rankiqa.keras").exists()
    assert (workdir / "rankiqa_ft.keras").exists()
    assert not list(done[0].glob("split_*/*/checkpoints"))


def test_the_page_is_there_with_its_command(done):
    page = (done[0] / "report.html").read_text(encoding="utf-8")
    assert "python -m rankiqa_tf.benchmark" in page
    assert "RankIQA+FT" in page


def test_what_is_there_is_kept_and_what_is_missing_made_again_the_same(done, flags):
    workdir = done[0]
    lost = workdir / "split_02" / "rankiqa_ft.csv"
    kept = {path: path.stat().st_mtime_ns for path in workdir.glob("split_*/*.csv")}
    kept[workdir / "ranked.keras"] = (workdir / "ranked.keras").stat().st_mtime_ns
    before = predictions.read(lost)
    table = (workdir / "table.md").read_text(encoding="utf-8")
    lost.unlink()
    code, output, errors = run(*flags, f"--workdir={workdir}")
    assert code == 0, errors
    after = predictions.read(lost)
    np.testing.assert_array_equal(after.scores, before.scores)
    assert after.photos == before.photos
    assert table in output
    del kept[lost]
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


@pytest.fixture(scope="module")
def several(done, flags, folder):
    """Calls that end at once, and one with a ranker and a split that are given."""
    workdir = done[0]
    new = f"--workdir={folder}/other"
    data_folders.live(folder / "live")
    random = np.random.default_rng(1)
    for path in (folder / "live").rglob("*.bmp"):  # Empty files as they are made.
        noise = random.integers(0, 256, (29, 31, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    for name in ("revised", "more"):  # Benchmarks that were begun on other data.
        shutil.copytree(workdir, folder / name)
        options = json.loads((workdir / "options.json").read_text(encoding="utf-8"))
        if name == "revised":
            text = (folder / "scores.csv").read_text(encoding="utf-8")
            options["dataset"] = f"{folder}/revised.csv"
            (folder / "revised.csv").write_text(text.replace(",32,", ",33,"))
        else:
            shutil.copytree(folder / "photos", folder / "more photos")
            shutil.copy(folder / "photos" / "0.png", folder / "more photos" / "5.png")
            options["photos"] = f"{folder}/more photos"
        (folder / name / "options.json").write_text(json.dumps(options))
    calls = {
        "live": [
            "--dataset=live",
            f"--data_dir={folder}/live",
            "--methods=rankiqa",
            f"--ranked={workdir}/ranked.keras",
            "--splits=1",
            f"--workdir={folder}/of_live",
        ],
        "given": [
            *flags,
            "--splits=0",
            "--methods=rankiqa",
            "--crops=random",
            f"--ranked={workdir}/ranked.keras",
            f"--splits_file={workdir}/splits.json",
            f"--workdir={folder}/given",
        ],
        "method": [*flags, "--methods=baseline,best", new],
        "ranked": [*flags, "--ranked=none.keras", new],
        "baseline ranked": [*flags, "--methods=baseline", "--ranked=a.keras", new],
        "fits only": [*flags, "--rank_steps=0", "--finetune_steps=0", new],
        "init": [*flags, f"--init={workdir}/ranked.keras", new],
        "revised": [
            *flags,
            f"--dataset={folder}/revised.csv",
            f"--workdir={folder}/revised",
        ],
        "more": [
            *flags,
            f"--photos={folder}/more photos",
            f"--workdir={folder}/more",
        ],
        "folder": [*flags, "--splits=3", f"--workdir={workdir}"],
        "splits": [*flags, f"--splits_file={folder}/scores.csv", new],
        "argument": [*flags, "photo.png", new],
        "whole": [*flags, "--network=alexnet", "--crops=whole", new],
    }
    found = run_several("rankiqa_tf.benchmark", calls.values())
    return dict(zip(calls, found, strict=True))


def test_a_ranker_and_splits_may_be_given(several, folder, done):
    code, _, errors = several["given"]
    assert code == 0, errors
    given = folder / "given"
    assert not (given / "ranked.keras").exists()
    splits = (done[0] / "splits.json").read_text(encoding="utf-8")
    assert (given / "splits.json").read_text(encoding="utf-8") == splits
    scores = predictions.read(given / "split_01" / "rankiqa.csv").scores
    others = predictions.read(done[0] / "split_01" / "rankiqa.csv").scores
    assert (scores != others).any()  # 30 random crops instead of the grid.
    assert scipy.stats.pearsonr(scores, others).statistic > 0.5


def test_a_public_data_set_stands_beside_the_papers_figures(several, folder):
    code, output, errors = several["live"]
    assert code == 0, errors
    assert "# LIVE Image Quality Assessment Database, release 2" in output
    # Table 3 of the paper.
    assert "| RankIQA+FT (paper) | 0.981 | - | 0.982 | - | - | - | 10 |" in output
    assert "jpeg2000" in (folder / "of_live" / "table.csv").read_text()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("method", "methods must be some of baseline, rankiqa, rankiqa_ft, not best"),
        ("ranked", "no such model file: none.keras"),
        ("baseline ranked", "none of baseline begins with a ranker: leave ranked out"),
        ("fits only", "rankiqa_ft would be baseline. Give rank_steps, such as 150"),
        ("init", "init is what Baseline and the ranker begin with"),
        ("folder", "splits was 2, is 3"),
        ("revised", "scored photos changed: 2, such as blur_2_2.png"),
        ("more", "photos new: 1, such as 5.png"),
        ("splits", "scores.csv is no table of splits: it has no column with split in"),
        ("argument", "flags only, not photo.png"),
        ("whole", "network alexnet takes crops of 227 pixels only"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(several, folder, call, message):
    code, _, errors = several[call]
    assert code == 2
    assert message in errors
    assert not (folder / "other").exists()
