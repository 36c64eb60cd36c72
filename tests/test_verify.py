"""The programs that compare and measure forms, and libraries that say they are none."""

import json
import re
import subprocess
import sys

import pytest
import toy_scorer
from programs import ROOT
from programs import run_several

from export import tflite


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    model = toy_scorer.of_several_levels()
    model.save(folder / "model.keras")
    tflite.write(model, folder / "model.tflite")
    kernel, bias = model.network.get_layer("score").get_weights()
    model.network.get_layer("score").set_weights([kernel * 1.01, bias])
    model.save(folder / "other.keras")
    return folder


def test_forms_are_compared(folder, photos):
    keras, other, file = (
        folder / name for name in ("model.keras", "other.keras", "model.tflite")
    )
    options = [
        f"--photos={','.join(map(str, photos))}",
        "--distortions=jpeg,gaussian_blur",
        "--levels=1,5",
        "--most_photos=3",
    ]
    alike, apart, *wrong = run_several(
        "export.verify",
        [
            [keras, file, *options],
            [file, keras, other, *options],
            [keras],
            [keras, folder / "missing.tflite"],
            [keras, file, "--photos=missing"],
            [keras, file, *options, "--levels=1,much"],
            [keras, file, *options, "--levels=6"],
            [keras, file, *options, "--distortions=blurr"],
        ],
    )
    code, printed, errors = alike
    assert code == 0, errors
    assert errors == ""
    # 3 photos, each as it is and with 2 distortions of 2 levels.
    assert re.search(
        r"\nmodel\.tflite +0\.00\d\d% +1\.0\d+ .* 15 +near enough", printed
    )
    code, printed, errors = apart
    assert code == 1
    assert re.search(r"\nmodel\.keras .* near enough\nother\.keras .* beyond", printed)
    assert re.search(r"other.keras scores .* of the spread of scores apart", errors)
    messages = [
        "name two forms",
        "no such model file: .*missing.tflite",
        "no such file or folder: missing",
        "--levels must be whole numbers, not 1,much",
        "has levels 1 to 5, not 6",
        "no distortion 'blurr'",
    ]
    for (code, printed, errors), message in zip(wrong, messages, strict=True):
        assert (code, printed) == (2, "")
        assert re.search(message, errors), errors


def test_forms_are_measured(folder, photos):
    found, missing = run_several(
        "export.benchmark",
        [
            [folder / "model.tflite", "--format=jsonl", f"--photos={photos[0]}"],
            [folder / "missing.tflite"],
        ],
    )
    code, printed, errors = found
    assert code == 0, errors
    figures = json.loads(printed)
    size = (folder / "model.tflite").stat().st_size
    assert figures["size_mb"] == pytest.approx(size / 1e6)
    assert 0 < figures["load_s"] < 60
    # 512 x 512 pixels take 16 crops of 24.
    assert 4 * figures["crop_ms"] < figures["photo_ms"]
    assert 10 < figures["memory_mb"] < 1000
    code, _, errors = missing
    assert code == 2
    assert "there is no file or folder" in errors


def test_a_library_that_is_run_says_that_it_is_one():
    child = subprocess.run(
        [sys.executable, "-m", "export.tflite_metadata"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 1
    assert "export.tflite_metadata is a library" in child.stderr
