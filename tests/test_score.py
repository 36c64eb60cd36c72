"""The program that scores photos, run as users run it."""

import csv
import json
import os

import keras
import pytest
from PIL import Image
from programs import run_several
from programs import start

from distortions import cores
from rankiqa_tf.model import Model
from rankiqa_tf.models.metadata import Metadata


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file whose score is 10 times the mean of red."""
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
    path = tmp_path_factory.mktemp("model") / "model.keras"
    Model(keras.Model(image, red), metadata).save(path)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two photos and a broken one."""
    folder = tmp_path_factory.mktemp("photos")
    Image.new("RGB", (31, 17), (255, 0, 0)).save(folder / "a red.png")
    Image.new("L", (5, 40), 51).save(folder / "grey.bmp")
    (folder / "broken.jpg").write_text("text")
    return folder


def test_scores_a_folder_and_names_what_it_cannot_read(model, photos):
    process = start(
        "-m", "rankiqa_tf.score", photos, "--format=jsonl", f"--model={model}"
    )
    output, errors = process.communicate()
    rows = [json.loads(line) for line in output.splitlines()]
    assert rows == [
        {"path": str(photos / "a red.png"), "score": pytest.approx(10)},
        {
            "path": str(photos / "broken.jpg"),
            "error": "not a photo, or of a kind that is not read",
        },
        {"path": str(photos / "grey.bmp"), "score": pytest.approx(2)},
    ]
    assert errors == "1 of 3 photos could not be read\n"
    assert process.returncode == 1


def test_scores_are_written_before_the_last_photo_is_read(model, photos, tmp_path):
    endless = tmp_path / "endless.jpg"
    os.mkfifo(endless)
    # Some are decoded ahead, and 6272 crops of 16 pixels pass the network together.
    Image.new("RGB", (64, 64), (51, 0, 0)).save(tmp_path / "16 crops.png")
    count = 6272 // 16 + 2 * cores.available()
    paths = [*count * [tmp_path / "16 crops.png"], endless]
    process = start(
        "-m", "rankiqa_tf.score", *paths, "--format=jsonl", f"--model={model}"
    )
    try:
        first = process.stdout.readline()  # While it waits for the last photo.
    finally:
        process.kill()
        process.communicate()
    assert json.loads(first)["score"] == pytest.approx(2)


@pytest.fixture(scope="module")
def results(model, photos, tmp_path_factory):
    """Code, output and errors of several calls."""
    folder = tmp_path_factory.mktemp("output")
    using = f"--model={model}"
    calls = {
        "table": [photos, using],
        "csv": [photos / "grey.bmp", photos, using, "--format=csv"],
        "file": [photos / "grey.bmp", using, f"--output={folder / 'scores.txt'}"],
        "name photos or folders to score": [using],
        "no such file or folder: nowhere": ["nowhere", using],
        "no photos in": [model.parent, using],
        "no such model file: none.keras": [photos, "--model=none.keras"],
        "No such file": [photos, using, f"--output={folder / 'none' / 'scores'}"],
        "flag --model=None": [photos],
        "Unknown command line flag 'modle'": [photos, "--modle=x"],
    }
    several = run_several("rankiqa_tf.score", calls.values())
    found: dict = dict(zip(calls, several, strict=True))
    found["text of file"] = (folder / "scores.txt").read_text()
    return found


def test_table_tells_the_scale_and_its_direction(results, photos):
    code, output, errors = results["table"]
    assert output.splitlines() == [
        "     score  photo (higher is better; trained on scores from 0 to 10)",
        f"   10.0000  {photos}/a red.png",
        f"         -  {photos}/broken.jpg: not a photo, or of a kind that is not read",
        f"    2.0000  {photos}/grey.bmp",
    ]
    assert errors == "1 of 3 photos could not be read\n"
    assert code == 1


def test_csv_has_a_column_for_errors(results, photos):
    code, output, errors = results["csv"]
    grey, red, broken, again = csv.DictReader(output.splitlines())
    assert red["path"] == str(photos / "a red.png")
    assert float(red["score"]) == pytest.approx(10)
    assert (red["error"], broken["score"]) == ("", "")
    assert "not a photo" in broken["error"]
    assert grey == again
    assert (code, errors) == (1, "1 of 4 photos could not be read\n")


def test_code_is_0_when_all_are_scored(results, photos):
    assert results["file"] == [0, "", ""]
    assert results["text of file"].endswith(f"    2.0000  {photos}/grey.bmp\n")


def test_code_is_2_and_the_reason_is_told_when_nothing_can_be_scored(results):
    reasons = [reason for reason in results if " " in reason and "text" not in reason]
    assert len(reasons) == 7
    for reason in reasons:
        code, output, errors = results[reason]
        assert errors.startswith("error: ")
        assert reason in errors
        assert (code, output) == (2, "")
