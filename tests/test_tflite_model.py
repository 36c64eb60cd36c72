"""TFLite files that score photos, with TensorFlow and where there is none."""

import dataclasses
import json
import subprocess
import sys
import venv

import keras
import numpy as np
import pytest
from PIL import Image
from programs import ROOT
from programs import run_several

from distortions.photo_header import PhotoError
from export import tflite
from rankiqa_tf import scoring
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.tflite_model import TFLiteModel

METADATA = Metadata(
    network="tiny",
    crop_size=24,
    levels="last",
    score_range=(1.0, 5.0),
    trained_on="nothing",
    stages=(),
)
# What a phone or a small computer has.
PACKAGES = ("ai-edge-litert>=1.4,<3", "numpy", "pillow", "absl-py")


@pytest.fixture(scope="module")
def model():
    """A model of a convolution, so that where crops stand shows in the score."""
    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    features = keras.layers.Conv2D(4, 5, activation="relu")(image)
    features = keras.layers.GlobalMaxPooling2D()(features)
    score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    return Model(keras.Model(image, score), METADATA)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("tflite") / "model.tflite"
    tflite.write(model, path)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    pixels = np.random.default_rng(0).integers(0, 256, (61, 90, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels).save(folder / "a.jpg", quality=80, exif=exif)
    Image.fromarray(pixels[:7, :45]).save(folder / "b small.png")
    (folder / "c broken.jpg").write_text("text")
    Image.fromarray(pixels[..., 0]).save(folder / "d grey.webp", lossless=True)
    return folder


def test_photos_are_scored_as_by_keras(model, path, photos):
    files = sorted(photos.iterdir())
    found = list(TFLiteModel.load(path).score_many(files))
    expected = list(model.score_many(files))
    for score, wanted in zip(found, expected, strict=True):
        if isinstance(wanted, PhotoError):
            assert str(score) == str(wanted)
        else:
            assert score == pytest.approx(wanted, abs=1e-5)
    assert TFLiteModel.load(path).score(files[0]) == found[0]


def test_a_file_says_what_the_model_says(path):
    assert TFLiteModel.load(path).metadata == METADATA


def test_random_crops_are_refused(path, photos):
    model = TFLiteModel.load(path)
    with pytest.raises(ValueError, match="by the grid of crops, not by 'random'"):
        model.score(photos / "a.jpg", crops="random")
    with pytest.raises(ValueError, match="not by 'whole'"):
        next(model.score_many([photos / "a.jpg"], crops="whole"))


def test_a_map_is_that_of_keras(model, path, photos):
    found = TFLiteModel.load(path).score_map(photos / "a.jpg", most_crops=39)
    expected = scoring.score_map(
        photos / "a.jpg",
        crop_size=24,
        stride=11,
        most_crops=None,
        score_crops=model._score_crops,
        batch=5,
    )
    # 90 x 61, turned: at strides of 6 to 10 there are 40 crops or more.
    np.testing.assert_array_equal(found.tops, [0, 11, 22, 33, 44, 55, 66])
    np.testing.assert_array_equal(found.lefts, [0, 11, 22, 33, 37])
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
    assert found.crop_size == 24


def test_a_map_of_a_photo_that_is_not_larger_than_a_crop_is_one_score(path, photos):
    model = TFLiteModel.load(path)
    photo = np.zeros((7, 24, 3), np.uint8)
    found = model.score_map(photo)
    assert found.scores == pytest.approx(np.array([[model.score(photo)]]))


def test_a_file_for_whole_photos_makes_no_maps(path):
    model = dataclasses.replace(TFLiteModel.load(path), input_size=(24, 40))
    with pytest.raises(ValueError, match="for photos of 24 x 40 pixels, height first"):
        model.score_map(np.zeros((24, 40, 3), np.uint8))


def test_a_wrong_file_is_told_apart(path, tmp_path):
    with pytest.raises(ValueError, match="no such model file"):
        TFLiteModel.load(tmp_path / "missing.tflite")
    (tmp_path / "text.tflite").write_text("a text")
    with pytest.raises(ValueError, match="is not a TFLite file, or is broken"):
        TFLiteModel.load(tmp_path / "text.tflite")
    (tmp_path / "other.tflite").write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"is cut short, or .*has no rankiqa\.json"):
        TFLiteModel.load(tmp_path / "other.tflite")


def test_the_program_scores_by_a_file(model, path, photos):
    first, second, third = run_several(
        "rankiqa_tf.score",
        [
            [f"--model={path}", "--format=jsonl", photos],
            [f"--model={path}", "--crops=random", photos],
            ["--model=missing.tflite", photos],
        ],
        warm=False,  # Without TensorFlow.
    )
    code, output, _ = first
    rows = [json.loads(line) for line in output.splitlines()]
    assert code == 1  # One photo is broken.
    expected = model.score(photos / "a.jpg")
    assert rows[0]["score"] == pytest.approx(expected, abs=1e-5)
    assert "score" not in rows[2]
    code, _, errors = second
    assert code == 2
    assert "not by 'random'" in errors
    assert third == [2, "", "error: no such model file: missing.tflite\n"]


@pytest.mark.slow
def test_photos_are_scored_where_there_is_no_tensorflow(model, path, photos, tmp_path):
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    # By the pip that is here: to make another takes longer than what it does.
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    found = subprocess.run(
        [*install, *PACKAGES], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip(f"no packages are to be had from an index: {found.stderr[-200:]}")
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"sys.argv = ['score', '--model={path}', '--format=jsonl', {str(photos)!r}]\n"
        "import runpy\n"
        "try:\n"
        "    runpy.run_module('rankiqa_tf.score', run_name='__main__')\n"
        "finally:\n"
        "    there = {'tensorflow', 'keras', 'scipy'} & set(sys.modules)\n"
        "    assert not there, there\n"
    )
    child = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, check=False
    )
    assert child.returncode == 1, child.stderr  # One photo is broken.
    rows = [json.loads(line) for line in child.stdout.splitlines()]
    for row in rows:
        expected = next(model.score_many([row["path"]]))
        if "score" in row:
            assert row["score"] == pytest.approx(expected, abs=1e-5)
        else:
            assert isinstance(expected, PhotoError)
    assert [("score" in row) for row in rows] == [True, True, False, True]
