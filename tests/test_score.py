"""The program that scores photos, run as users run it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from PIL import Image

from rankiqa_tf.models import model_file

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file whose score is 10 times the mean of red."""
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
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model_file.save(keras.Model(image, red), path, metadata)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two photos and a broken one."""
    folder = tmp_path_factory.mktemp("photos")
    Image.new("RGB", (31, 17), (255, 0, 0)).save(folder / "a red.png")
    Image.new("L", (5, 40), 51).save(folder / "grey.bmp")
    (folder / "broken.jpg").write_text("text")
    return folder


def start(*arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "rankiqa_tf.score", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments) -> tuple[int, str, str]:
    process = start(*arguments)
    output, errors = process.communicate()
    return process.returncode, output, errors


def test_scores_a_folder_and_names_what_it_cannot_read(model, photos):
    code, output, errors = run(photos, "--format=jsonl", f"--model={model}")
    rows = [json.loads(line) for line in output.splitlines()]
    assert rows == [
        {"path": str(photos / "a red.png"), "score": pytest.approx(10)},
        {
            "path": str(photos / "broken.jpg"),
            "error": "not a photo, or broken at its start",
        },
        {"path": str(photos / "grey.bmp"), "score": pytest.approx(2)},
    ]
    assert errors == "1 of 3 photos could not be read\n"
    assert code == 1


def test_table_tells_the_scale_and_its_direction(model, photos):
    code, output, _ = run(photos, f"--model={model}")
    assert output.splitlines() == [
        "     score  photo (higher is better; trained on scores from 0 to 10)",
        f"   10.0000  {photos}/a red.png",
        f"         -  {photos}/broken.jpg: not a photo, or broken at its start",
        f"    2.0000  {photos}/grey.bmp",
    ]
    assert code == 1


def test_csv_goes_to_a_file(model, photos, tmp_path):
    output = tmp_path / "scores.csv"
    grey, red = photos / "grey.bmp", photos / "a red.png"
    result = run(grey, red, f"--model={model}", "--format=csv", f"--output={output}")
    assert result == (0, "", "")
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert [row["path"] for row in rows] == [str(grey), str(red)]
    assert [float(row["score"]) for row in rows] == pytest.approx([2, 10])
    assert [row["error"] for row in rows] == ["", ""]


def test_a_score_is_written_before_the_next_photo_is_read(model, photos, tmp_path):
    endless = tmp_path / "endless.jpg"
    os.mkfifo(endless)
    process = start(photos / "grey.bmp", endless, f"--model={model}", "--format=jsonl")
    try:
        first = process.stdout.readline()  # While it waits for the second photo.
    finally:
        process.kill()
        process.communicate()
    assert json.loads(first)["score"] == pytest.approx(2)


def test_code_is_2_and_the_reason_is_told_when_nothing_can_be_scored(
    model, photos, tmp_path
):
    cases = {
        "name photos or folders to score": [f"--model={model}"],
        "no such file or folder: nowhere": ["nowhere", f"--model={model}"],
        "no photos in": [tmp_path, f"--model={model}"],
        "no such model file: none.keras": [photos, "--model=none.keras"],
        "No such file": [photos, f"--model={model}", f"--output={tmp_path}/none/x"],
        "flag --model=None": [photos],
        "Unknown command line flag 'modle'": ["--modle=x"],
    }
    processes = {reason: start(*arguments) for reason, arguments in cases.items()}
    for reason, process in processes.items():
        output, errors = process.communicate()
        assert errors.startswith("error: ")
        assert reason in errors
        assert (process.returncode, output) == (2, "")
