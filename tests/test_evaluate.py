"""The program that evaluates, run as users run it."""

import csv
import dataclasses
import json
import re

import data_folders
import keras
import numpy as np
import pytest
import scipy.stats
from pages import Checked
from PIL import Image
from programs import run_several

import distortions
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

REDS = (0, 51, 102, 204, 255)  # The model's scores of them are 0, 2, 4, 8, 10.
OPINIONS = (1.5, 1, 5, 4.5, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model whose score is 10 times the mean of red, photos and their scores."""
    folder = tmp_path_factory.mktemp("evaluate")
    image = keras.Input([16, 16, 3])
    red = keras.layers.GlobalAveragePooling2D()(10 * image)[:, 0]
    metadata = Metadata(
        network="mean",
        crop_size=16,
        levels="last",
        score_range=(0.0, 10.0),
        trained_on="nothing",
        stages=(),
    )
    Model(keras.Model(image, red), metadata).save(folder / "model.keras")
    logarithm = keras.Model(image, keras.ops.log(red))
    Model(logarithm, metadata).save(folder / "logarithm.keras")
    ranked = dataclasses.replace(metadata, score_range=None, stages=("rank",))
    Model(keras.Model(image, red), ranked).save(folder / "ranked.keras")
    (folder / "photos").mkdir()
    rows = []
    for red, opinion in zip(REDS, OPINIONS, strict=True):
        name = f"red {red}.png"
        Image.new("RGB", (31, 17), (red, 0, 0)).save(folder / "photos" / name)
        rows.append(f"{name},{opinion}")
    (folder / "photos" / "broken.jpg").write_text("text")
    (folder / "good").mkdir()
    for number, sides in enumerate([(31, 45), (40, 27)]):
        noise = np.random.default_rng(number).integers(60, 190, (*sides, 3), np.uint8)
        Image.fromarray(noise).save(folder / "good" / f"{number}.png")

    def write(name, *lines):
        (folder / name).write_text("\n".join(["image,mos", *lines]), encoding="utf-8")

    write("photos/scores.csv", *rows)
    write("elsewhere.csv", *rows)
    write("photos/broken.csv", rows[0], "broken.jpg,3", *rows[1:])
    write("photos/only one.csv", rows[0], "broken.jpg,3")
    write("photos/wrong.csv", rows[0], "red 51.png,good")
    write("photos/constant.csv", *(f"{row.partition(',')[0]},3" for row in rows))
    write("photos/nearly.csv", "broken.jpg,4", *(f"red {red}.png,3" for red in REDS))
    text = (folder / "photos/scores.csv").read_text()
    excel = text.replace(",", ";").replace(".5", ",5").replace("image", "Image Name")
    (folder / "photos/excel.csv").write_text(excel, encoding="utf-16")
    write("photos/missing.csv", rows[0], "none.png,3")
    data_folders.tid2013(folder / "tid2013")
    for path in (folder / "tid2013" / "distorted_images").iterdir():
        Image.new("RGB", (17, 31), (red_of(path.name), 0, 0)).save(path, "BMP")
    data_folders.koniq10k(folder / "koniq10k")
    for number, path in enumerate(sorted((folder / "koniq10k").rglob("*.jpg"))):
        Image.new("RGB", (17, 31), (20 * number, 0, 0)).save(path)
    return folder


def red_of(name: str) -> int:
    """Some red for a photo of TID2013, more at a lower level."""
    reference, kind, level = map(int, re.findall(r"\d+", name))
    return 200 - 37 * level + 16 * kind % 50 + 29 * (reference + level) % 60


@pytest.fixture(scope="module")
def results(folder):
    """Code, output and errors of several calls."""
    model = f"--model={folder}/model.keras"
    photos = folder / "photos"
    good = f"--dataset={photos}/scores.csv"
    tid2013 = [model, "--dataset=tid2013", f"--data_dir={folder}/tid2013"]
    calls = {
        "table": [model, good],
        "json": [model, good, "--format=json"],
        "elsewhere": [
            model,
            f"--dataset={folder}/elsewhere.csv",
            f"--data_dir={photos}",
            "--format=json",
            f"--predictions={folder}/predictions.csv",
        ],
        "order": [
            model,
            f"--photos={folder}/good,{photos}/broken.jpg",
            "--preset=live",
            "--format=json",
        ],
        "both": [
            model,
            good,
            f"--photos={folder}/good",
            "--preset=live,tid2013",
            f"--report={folder}/both.html",
        ],
        "excel": [model, f"--dataset={photos}/excel.csv", "--format=json"],
        "ranked": [f"--model={folder}/ranked.keras", good, "--format=json"],
        "logarithm": [
            f"--model={folder}/logarithm.keras",
            good,
            "--format=json",
            f"--report={folder}/logarithm.html",
        ],
        "nearly": [model, f"--dataset={photos}/nearly.csv"],
        "broken": [model, f"--dataset={photos}/broken.csv", "--format=json"],
        "tid2013": [
            *tid2013,
            "--format=json",
            f"--predictions={folder}/tid2013.csv",
            f"--report={folder}/page.html",
        ],
        "predictions": [model, f"--dataset={folder}/tid2013.csv", "--format=json"],
        "koniq10k": [
            model,
            "--dataset=koniq10k",
            f"--data_dir={folder}/koniq10k",
            "--format=json",
        ],
        "part": [
            model,
            "--dataset=koniq10k",
            f"--data_dir={folder}/koniq10k",
            "--part=held_out",
            "--format=json",
            f"--predictions={folder}/part.csv",
        ],
        "only 1 of 2 photos have a score": [
            model,
            f"--dataset={photos}/only one.csv",
        ],
        "wrong.csv line 3: mos must be a number, not 'good'": [
            model,
            f"--dataset={photos}/wrong.csv",
        ],
        "all 5 photos of constant.csv have the MOS 3: correlations need": [
            model,
            f"--dataset={photos}/constant.csv",
        ],
        "1 of 2 photos of": [model, f"--dataset={photos}/missing.csv"],
        f"image paths start from {folder}": [
            model,
            f"--dataset={folder}/elsewhere.csv",
        ],
        # The data set first: a model takes its time to be loaded.
        "neither a CSV file nor a data set 'tid2031'; data sets are: tid2013": [
            "--model=none.keras",
            "--dataset=tid2031",
        ],
        "live needs its folder": [model, "--dataset=live"],
        "is not KonIQ-10k as its authors distribute it": [
            model,
            "--dataset=koniq10k",
            f"--data_dir={folder}/tid2013",
        ],
        "tid2013 has no official split": [*tid2013, "--part=held_out"],
        "no such model file: none.keras": ["--model=none.keras", good],
        "is not a .keras file": [f"--model={photos}/scores.csv", good],
        "No such file": [model, good, "--predictions=none/predictions.csv"],
        "flags only, not more words": [model, good, "more", "words"],
        "none/page.html: No such file": [
            model,
            good,
            "--report=none/page.html",
        ],
        "Did you mean: dataset": [model, good, "--datase=x"],
        "give --dataset, --photos, or both": [model],
        "--report needs human scores: give --dataset too": [
            model,
            f"--photos={folder}/good",
            f"--report={folder}/none.html",
        ],
        "no preset 'liv'": [model, f"--photos={folder}/good", "--preset=liv"],
        "none of the 1 photos to distort can be read": [
            model,
            f"--photos={photos}/broken.jpg",
        ],
        "value should be one of <table|json>": [model, good, "--format=csv"],
    }
    found = run_several("rankiqa_tf.evaluate", calls.values())
    return dict(zip(calls, found, strict=True))


def test_figures_are_those_of_scipy(results):
    code, output, errors = results["json"]
    figures = json.loads(output)
    scores = [10 * red / 255 for red in REDS]
    ends = {
        f"test/{name}/{end}": value
        for name in ("srocc", "lcc")
        for end, value in zip(
            ("low", "high"),
            metrics.interval(getattr(metrics, name), scores, OPINIONS),
            strict=True,
        )
    }
    assert figures == pytest.approx(
        {
            "photos": 5,
            # Ranks 1 2 3 4 5 and 2 1 4 3 5: 1 - 6 * 4 / (5 * 24).
            "test/srocc": 0.8,
            "test/lcc": scipy.stats.pearsonr(scores, OPINIONS).statistic,
            "test/lcc_logistic": metrics.lcc_logistic(scores, OPINIONS),
            # Two of ten pairs are in the wrong order.
            "test/krocc": 0.6,
            # Root of (1.5^2 + 1^2 + 1^2 + 3.5^2 + 1^2) / 5.
            "test/rmse": 3.5**0.5,
            **ends,
        },
        abs=1e-5,
    )
    assert figures["test/srocc/low"] < 0.8 < figures["test/srocc/high"]
    assert (code, errors) == (0, "")


# In the folder that data_folders.tid2013 makes; reference 25 is no photo, and left out.
TID2013 = [
    (reference, kind, level)
    for reference in (1, 2)
    for kind in (1, 24)
    for level in range(1, 6)
]
KINDS = {1: "white_noise", 24: "sparse_sampling"}


def test_a_data_set_by_name_has_figures_of_each_distortion(results):
    code, output, errors = results["tid2013"]
    assert (code, errors) == (0, "")
    figures = json.loads(output)
    assert figures["photos"] == len(TID2013)
    functions = {
        "srocc": lambda *pair: scipy.stats.spearmanr(*pair).statistic,
        "lcc": lambda *pair: scipy.stats.pearsonr(*pair).statistic,
        "krocc": lambda *pair: scipy.stats.kendalltau(*pair).statistic,
        "rmse": lambda *pair: np.sqrt(np.mean(np.subtract(*pair) ** 2)),
        "lcc_logistic": metrics.lcc_logistic,
    }
    for kind in (None, *KINDS):
        rows = [row for row in TID2013 if kind in (None, row[1])]
        scores = [red_of("i{}_{}_{}".format(*row)) / 25.5 for row in rows]
        opinions = [7 - level + reference / 100 for reference, _, level in rows]
        for name, function in functions.items():
            found = figures[f"test/{name}" + (f"/{KINDS[kind]}" if kind else "")]
            assert found == pytest.approx(function(scores, opinions), abs=1e-4)
    # The means of a level of a kind over references, as a check of the opinion table.
    assert figures["test/means/srocc"] > 0.5
    assert not [name for name in figures if name.endswith("/sd")]  # Of one split.


def test_references_are_drawn_for_intervals(results):
    figures = json.loads(results["tid2013"][1])
    scores = [red_of("i{}_{}_{}".format(*row)) / 25.5 for row in TID2013]
    opinions = [7 - level + reference / 100 for reference, _, level in TID2013]
    groups = [row[0] for row in TID2013]
    ends = metrics.interval(metrics.srocc, scores, opinions, groups=groups)
    found = [figures["test/srocc/low"], figures["test/srocc/high"]]
    assert found == pytest.approx(ends, abs=1e-4)


def test_predictions_are_read_as_a_data_set_and_give_the_same_figures(results):
    assert results["predictions"] == results["tid2013"]


def test_the_page_holds_the_figures(results, folder):
    text = (folder / "page.html").read_text(encoding="utf-8")
    figures = json.loads(results["tid2013"][1])
    assert "<h1>model.keras on TID2013</h1>" in text
    names = [name for name in figures if "photos" not in name and "means" not in name]
    of_tables = [
        name
        for name in names
        # Of distortions, the page has SROCC and LCC.
        if not name.endswith(tuple(KINDS.values())) or name.split("/")[1] in MAIN
    ]
    assert len(of_tables) == 5 + 2 * 2 + 2 * 2
    for name in of_tables:
        assert f"{figures[name]:.3f}" in text, name
    assert f"--data_dir={folder}/tid2013" in text
    assert text.count("<svg") > 3
    assert "data:image/jpeg;base64," in text


MAIN = ("srocc", "lcc")


def test_an_official_part_is_evaluated_alone(results, folder):
    code, output, errors = results["part"]
    assert (code, errors) == (0, "")
    with (folder / "part.csv").open(encoding="utf-8", newline="") as file:
        names = [row["reference"] for row in csv.DictReader(file)]
    assert names == ["101.jpg", "105.jpg"]  # Those with "test" in its list.
    assert json.loads(output)["photos"] == 2
    assert json.loads(results["koniq10k"][1])["photos"] == 6


def test_table_has_a_line_for_each_figure(results):
    code, output, errors = results["table"]
    figures = dict(line.split() for line in output.splitlines())
    expected = json.loads(results["json"][1])
    assert {name: float(value) for name, value in figures.items()} == pytest.approx(
        expected, rel=1e-3
    )
    assert (code, errors) == (0, "")


def test_a_table_of_another_dialect_gives_the_same_figures(results):
    assert results["excel"] == results["json"]


def test_opinions_that_never_change_once_photos_are_left_out_are_an_error(results):
    code, output, errors = results["nearly"]
    assert (code, output) == (1, "")
    assert "all 5 photos of nearly.csv that can be read have the MOS 3" in errors


def test_photos_may_lie_in_another_folder_than_the_csv(results):
    assert results["elsewhere"] == results["json"]


def test_predictions_are_written_for_each_photo(results, folder):
    assert results["elsewhere"][0] == 0
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ["image", "mos", "reference", "dmos", "distortion", "level", "score"]
    assert list(rows[0]) == columns
    for row, red, opinion in zip(rows, REDS, OPINIONS, strict=True):
        assert row["image"] == f"{folder}/photos/red {red}.png"
        assert float(row["mos"]) == opinion
        assert float(row["score"]) == pytest.approx(10 * red / 255, abs=1e-5)


def test_a_broken_photo_is_named_and_left_out_and_the_code_is_1(results, folder):
    code, output, errors = results["broken"]
    assert output == results["json"][1]
    broken = f"{folder}/photos/broken.jpg: not a photo, or of a kind that is not read"
    assert errors == f"left out: {broken}\n"
    assert code == 1


def test_a_ranker_which_is_on_no_scale_has_no_rmse(results):
    expected = json.loads(results["json"][1])
    del expected["test/rmse"]
    assert results["ranked"] == [0, json.dumps(expected) + "\n", ""]


def test_a_score_that_is_no_finite_number_is_named_and_left_out(results, folder):
    code, output, errors = results["logarithm"]
    said = f"{folder}/photos/red 0.png: the model's score of it is -inf"
    assert (code, errors) == (1, f"left out: {said}\n")
    assert json.loads(output)["photos"] == 4
    page = Checked((folder / "logarithm.html").read_text(encoding="utf-8"))
    assert "No figure below counts 1 photo without a score" in page.text
    assert said in page.words


def test_code_is_2_and_the_reason_is_told_when_nothing_can_be_evaluated(results):
    reasons = [reason for reason in results if " " in reason]
    assert len(reasons) == 20
    for reason in reasons:
        code, output, errors = results[reason]
        assert reason in errors
        assert errors.startswith("error: ")
        assert (code, output) == (2, "")


def test_good_photos_tell_whether_the_order_of_versions_is_kept(results):
    code, output, errors = results["order"]
    assert code == 1  # One of the photos could not be read.
    assert "broken.jpg" in errors
    found = json.loads(output)
    assert "test/srocc" not in found
    kinds = [row.name for row in distortions.PRESETS["live"].rows]
    for figure in ("photo", "photo_from_level_2", "levels"):
        name = f"test/order_kept/{figure}"
        shares = [found[f"{name}/{kind}"] for kind in kinds]
        assert found[name] == pytest.approx(np.mean(shares))
        assert all(0 <= share <= 1 for share in shares)


def test_the_report_shows_the_order_beside_the_agreement(results, folder):
    code, output, _ = results["both"]
    assert code == 0
    assert "test/srocc" in output
    assert "test/order_kept/photo/tid2013.gaussian_blur" in output
    page = (folder / "both.html").read_text()
    assert "Order kept, by distortion" in page
    assert "tid2013.gaussian blur" in page
