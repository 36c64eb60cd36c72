"""The program that evaluates, run as users run it."""

import csv
import json

import keras
import pytest
import scipy.stats
from PIL import Image
from programs import run_several

from rankiqa_tf.models import model_file

REDS = (0, 51, 102, 204, 255)  # The model's scores of them are 0, 2, 4, 8, 10.
OPINIONS = (1.5, 1, 5, 4.5, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model whose score is 10 times the mean of red, photos and their scores."""
    folder = tmp_path_factory.mktemp("evaluate")
    image = keras.Input([16, 16, 3])
    red = keras.layers.GlobalAveragePooling2D()(10 * image)[:, 0]
    metadata = model_file.Metadata(
        network="mean",
        crop_size=16,
        levels="last",
        score_range=(0.0, 10.0),
        trained_on="nothing",
        stages=(),
    )
    model_file.save(keras.Model(image, red), folder / "model.keras", metadata)
    (folder / "photos").mkdir()
    rows = []
    for red, opinion in zip(REDS, OPINIONS, strict=True):
        name = f"red {red}.png"
        Image.new("RGB", (31, 17), (red, 0, 0)).save(folder / "photos" / name)
        rows.append(f"{name},{opinion}")
    (folder / "photos" / "broken.jpg").write_text("text")

    def write(name, *lines):
        (folder / name).write_text("\n".join(["image,mos", *lines]), encoding="utf-8")

    write("photos/scores.csv", *rows)
    write("elsewhere.csv", *rows)
    write("photos/broken.csv", rows[0], "broken.jpg,3", *rows[1:])
    write("photos/only one.csv", rows[0], "broken.jpg,3")
    write("photos/wrong.csv", rows[0], "red 51.png,good")
    write("photos/missing.csv", rows[0], "none.png,3")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """Code, output and errors of several calls."""
    model = f"--model={folder}/model.keras"
    photos = folder / "photos"
    good = f"--scores={photos}/scores.csv"
    calls = {
        "table": [model, good],
        "json": [model, good, "--format=json"],
        "elsewhere": [
            model,
            f"--scores={folder}/elsewhere.csv",
            f"--scores_dir={photos}",
            "--format=json",
            f"--predictions={folder}/predictions.csv",
        ],
        "broken": [model, f"--scores={photos}/broken.csv", "--format=json"],
        "only 1 of 2 photos are readable": [
            model,
            f"--scores={photos}/only one.csv",
        ],
        "wrong.csv line 3: mos must be a number, not 'good'": [
            model,
            f"--scores={photos}/wrong.csv",
        ],
        "1 of 2 photos of": [model, f"--scores={photos}/missing.csv"],
        f"image paths start from {folder}": [model, f"--scores={folder}/elsewhere.csv"],
        "there is no CSV file none.csv": [model, "--scores=none.csv"],
        "no such model file: none.keras": ["--model=none.keras", good],
        "is not a .keras file": [f"--model={photos}/scores.csv", good],
        "No such file": [model, good, "--predictions=none/predictions.csv"],
        "flags only, not more words": [model, good, "more", "words"],
        "Did you mean: scores": [model, good, "--score=x"],
        "flag --scores=None": [model],
        "value should be one of <table|json>": [model, good, "--format=csv"],
    }
    found = run_several("rankiqa_tf.evaluate", calls.values())
    return dict(zip(calls, found, strict=True))


def test_figures_are_those_of_scipy(results):
    code, output, errors = results["json"]
    scores = [10 * red / 255 for red in REDS]
    assert json.loads(output) == pytest.approx(
        {
            "photos": 5,
            # Ranks 1 2 3 4 5 and 2 1 4 3 5: 1 - 6 * 4 / (5 * 24).
            "test/srocc": 0.8,
            "test/lcc": scipy.stats.pearsonr(scores, OPINIONS).statistic,
            # Two of ten pairs are in the wrong order.
            "test/krocc": 0.6,
            # Root of (1.5^2 + 1^2 + 1^2 + 3.5^2 + 1^2) / 5.
            "test/rmse": 3.5**0.5,
        },
        abs=1e-5,
    )
    assert (code, errors) == (0, "")


def test_table_has_a_line_for_each_figure(results):
    code, output, errors = results["table"]
    figures = dict(line.split() for line in output.splitlines())
    expected = json.loads(results["json"][1])
    assert {name: float(value) for name, value in figures.items()} == pytest.approx(
        expected, rel=1e-3
    )
    assert (code, errors) == (0, "")


def test_photos_may_lie_in_another_folder_than_the_csv(results):
    assert results["elsewhere"] == results["json"]


def test_predictions_are_written_for_each_photo(results, folder):
    assert results["elsewhere"][0] == 0
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "mos", "score"]
    for row, red, opinion in zip(rows, REDS, OPINIONS, strict=True):
        assert row["image"] == f"{folder}/photos/red {red}.png"
        assert float(row["mos"]) == opinion
        assert float(row["score"]) == pytest.approx(10 * red / 255, abs=1e-5)


def test_a_broken_photo_is_named_and_left_out_and_the_code_is_1(results, folder):
    code, output, errors = results["broken"]
    assert output == results["json"][1]
    broken = f"{folder}/photos/broken.jpg: not a photo, or broken at its start"
    assert errors == f"left out: {broken}\n"
    assert code == 1


def test_code_is_2_and_the_reason_is_told_when_nothing_can_be_evaluated(results):
    reasons = [reason for reason in results if " " in reason]
    assert len(reasons) == 12
    for reason in reasons:
        code, output, errors = results[reason]
        assert reason in errors
        assert errors.startswith("error: ")
        assert (code, output) == (2, "")
