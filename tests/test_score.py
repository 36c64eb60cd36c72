"""The program that scores photos, run as users run it."""

import csv
import hashlib
import json
import os

import keras
import pytest
from PIL import Image
from programs import run
from programs import run_several
from programs import start

from distortions import cores
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model


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


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Photos whose names are in another script or no text, and other kinds."""
    folder = tmp_path_factory.mktemp("odd")
    for name in ("дом.png", os.fsdecode(b"caf\xe9.png")):
        Image.new("RGB", (17, 31), (51, 0, 0)).save(folder / "a.png")
        (folder / "a.png").rename(folder / name)
    for name in ("b.heic", "c.heic", "d.NEF"):
        (folder / name).touch()
    return folder


PASSED_OVER = (
    "2 HEIC files passed over: pip install 'rankiqa-tf[heif]'; "
    "1 camera RAW file passed over\n"
)
# Of a machine without the extra, and of a decoder that doubts every photo of one size.
FIRST = """
import sys
sys.modules |= {"pi_heif": None, "pillow_heif": None}
from distortions import photo_decoding
decode = photo_decoding.decode
def doubtful(contents, *, warn=None):
    pixels = decode(contents, warn=warn)
    if pixels.shape[:2] == (17, 31) and warn:
        warn("half of it is grey")
        warn("half of it is grey")
    return pixels
photo_decoding.decode = doubtful
"""


def test_scores_a_folder_and_names_what_it_cannot_read(model, photos):
    done = run("-m", "rankiqa_tf.score", photos, "--format=jsonl", f"--model={model}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    of_all = {
        "scale_low": 0,
        "scale_high": 10,
        "scale_of": "the opinion scores that it was trained on",
        "scored_by": f"sha256:{digest[:16]}",
    }
    assert rows == [
        {"path": str(photos / "a red.png"), "score": pytest.approx(10), **of_all},
        {
            "path": str(photos / "broken.jpg"),
            "error": "not a photo, or of a kind that is not read",
            **of_all,
        },
        {"path": str(photos / "grey.bmp"), "score": pytest.approx(2), **of_all},
    ]
    assert done.stderr == "1 of 3 photos could not be read\n"
    assert done.returncode == 1


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
def results(model, photos, odd, tmp_path_factory):
    """Code, output and errors of several calls."""
    folder = tmp_path_factory.mktemp("output")
    exported = folder / "saved_model"
    exported.mkdir()
    (exported / "saved_model.pb").touch()
    (folder / "empty").mkdir()
    using = f"--model={model}"
    calls = {
        "table": [photos, using],
        "csv": [photos / "grey.bmp", photos, using, "--format=csv"],
        "some": [folder / "none", photos / "grey.bmp", folder / "empty", using],
        "odd": [odd, using],
        "random": [
            *(photos / "grey.bmp", using, "--format=jsonl"),
            *("--crops=random", "--seed=3"),
        ],
        "grid": [photos / "grey.bmp", using, "--format=jsonl", "--seed=3"],
        "quiet": [odd, using, "--quiet", "--format=jsonl"],
        "odd file": [odd, using, "--format=csv", f"--output={folder / 'odd.csv'}"],
        "doubtful jsonl": [photos, using, "--format=jsonl"],
        "file": [photos / "grey.bmp", using, f"--output={folder / 'scores.txt'}"],
        "name photos or folders to score": [using],
        "no such file or folder: nowhere": ["nowhere", using],
        "no photos in": [model.parent, using],
        "no such model file: none.keras": [photos, "--model=none.keras"],
        "No such file": [photos, using, f"--output={folder / 'none' / 'scores'}"],
        "give the folder": [photos / "*.jpg", using],
        "is a SavedModel": [photos, f"--model={exported}"],
        "there is no model 'lite9'": [photos, "--model=lite9"],
        "Unknown command line flag 'modle'": [photos, "--modle=x"],
    }
    several = run_several("rankiqa_tf.score", calls.values(), first=FIRST)
    found: dict = dict(zip(calls, several, strict=True))
    found["text of file"] = (folder / "scores.txt").read_text()
    found["text of odd file"] = (folder / "odd.csv").read_text(encoding="utf-8")
    return found


def test_table_tells_the_scale_and_its_direction(results, photos):
    code, output, errors = results["table"]
    assert output.splitlines() == [
        "     score  photo (higher is better; trained on scores from 0 to 10)",
        f"   10.0000! {photos}/a red.png: half of it is grey",
        f"         -  {photos}/broken.jpg: not a photo, or of a kind that is not read",
        f"    2.0000  {photos}/grey.bmp",
    ]
    assert errors == (
        "1 of 3 photos were read with a warning\n1 of 3 photos could not be read\n"
    )
    assert code == 1


def test_csv_has_columns_for_errors_and_warnings(results, photos):
    code, output, errors = results["csv"]
    grey, red, broken, again = csv.DictReader(output.splitlines())
    assert red["path"] == str(photos / "a red.png")
    assert float(red["score"]) == pytest.approx(10)
    assert (red["error"], broken["score"]) == ("", "")
    assert "not a photo" in broken["error"]
    assert grey == again
    assert (red["warning"], grey["warning"]) == ("half of it is grey", "")
    assert code == 1
    assert errors.endswith("1 of 4 photos could not be read\n")


def test_json_has_a_warning_where_there_is_one(results):
    rows = [json.loads(line) for line in results["doubtful jsonl"][1].splitlines()]
    assert [row.get("warning") for row in rows] == ["half of it is grey", None, None]
    assert [("score" in row, "error" in row) for row in rows] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_rows_tell_the_crops_where_they_are_not_those_of_the_models_recipe(results):
    names = [json.loads(results[n][1])["scored_by"] for n in ("random", "grid")]
    assert names == [f"{names[1]} by random crops, seed 3", names[1]]


def test_paths_without_photos_are_named_and_the_rest_is_scored(results, photos):
    code, output, errors = results["some"]
    assert output.splitlines()[1:] == [f"    2.0000  {photos}/grey.bmp"]
    missing, empty = errors.splitlines()
    assert missing.startswith("passed over: no such file or folder: ")
    assert empty.startswith("passed over: no photos in ")
    assert code == 1


def test_names_of_any_bytes_are_scored_and_shown_escaped(results, odd):
    code, output, errors = results["odd"]
    names = [line.rpartition("/")[2] for line in output.splitlines()[1:]]
    assert sorted(names) == [os.fsdecode(b"caf\xe9.png"), "дом.png"]
    assert (code, errors) == (0, PASSED_OVER)
    rows = list(csv.DictReader(results["text of odd file"].splitlines()))
    assert {row["path"] for row in rows} == {f"{odd}/caf\\udce9.png", f"{odd}/дом.png"}


def test_quiet_does_not_tell_what_was_passed_over(results, odd):
    code, output, errors = results["quiet"]
    paths = {json.loads(line)["path"] for line in output.splitlines()}
    assert paths == {f"{odd}/дом.png", f"{odd}/{os.fsdecode(b'caf')}\udce9.png"}
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("format", ["table", "csv"])
def test_an_output_without_the_characters_of_a_name_ends_nothing(model, odd, format):
    process = start(
        *("-m", "rankiqa_tf.score", f"--model={model}", f"--format={format}"),
        *sorted(odd.glob("*.png")),
        PYTHONIOENCODING="cp1252",
    )
    output, _ = process.communicate()
    assert process.returncode == 0
    assert f"{odd}/\\u0434\\u043e\\u043c.png" in output
    assert f"{odd}/caf\\udce9.png" in output


def test_code_is_0_when_all_are_scored(results, photos):
    assert results["file"] == [0, "", ""]
    assert results["text of file"].endswith(f"    2.0000  {photos}/grey.bmp\n")


def test_code_is_2_and_the_reason_is_told_when_nothing_can_be_scored(results):
    reasons = [reason for reason in results if " " in reason and "text" not in reason]
    reasons = [r for r in reasons if r not in ("odd file", "doubtful jsonl")]
    assert len(reasons) == 9
    for reason in reasons:
        code, output, errors = results[reason]
        assert errors.startswith("error: ")
        assert reason in errors
        assert (code, output) == (2, "")
