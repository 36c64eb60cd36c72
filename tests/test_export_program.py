"""The program that exports a model, run as users run it."""

import json
import re

import keras
import pytest
from programs import run_several

from export import forms
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.tflite_model import TFLiteModel


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run: a small model and its figures."""
    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    features = keras.layers.Conv2D(8, 3, activation="relu")(image)
    features = keras.layers.GlobalAveragePooling2D()(features)
    score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    metadata = Metadata(
        network="shallow",
        crop_size=24,
        levels="last",
        score_range=(0.0, 1.0),
        trained_on="3 photos of mos.csv",
        stages=("finetune",),
    )
    folder = tmp_path_factory.mktemp("run")
    Model(keras.Model(image, score), metadata).save(folder / "model.keras")
    (folder / "results.json").write_text(json.dumps({"test/srocc": 0.8125}))
    return folder


@pytest.mark.slow
def test_forms_are_written_with_a_card(run, tmp_path):
    output = tmp_path / "exported"
    formats = ("saved_model", "tflite", "tflite_int8", "keras")
    scores = tmp_path / "scores.csv"
    lines = [f"{n}.jpg,{n / 100},," for n in range(101)]
    scores.write_text("\n".join(["path,score,error,warning", *lines]))
    (code, printed, errors), again = run_several(
        "export.__main__",
        2
        * [
            [
                f"--model={run}",
                f"--output={output}",
                f"--formats={','.join(formats)}",
                "--licence=apache-2.0",
                f"--percentiles={scores}",
                "--percentiles_of=101 made photos",
            ]
        ],
    )
    assert code == 0, errors
    assert {path.name for path in output.iterdir()} == {
        "saved_model",
        "model.keras",
        "model.tflite",
        "model_int8.tflite",
        "README.md",
    }
    assert len(re.findall(r"of the spread apart, SROCC 0\.99|SROCC 1\.0", printed)) == 4
    text = (output / "README.md").read_text()
    assert 'license: "apache-2.0"' in text
    assert "0.812 |" in text
    assert TFLiteModel.load(output / "model_int8.tflite").takes_bytes
    for form in (output, output / "saved_model", output / "model.tflite"):
        metadata = forms.load(form)[0].metadata
        assert metadata.percentiles == pytest.approx([n / 100 for n in range(101)])
        assert metadata.percentiles_of == "101 made photos"
    code, _, errors = again
    assert code == 2
    assert "is there already: name a new or empty folder" in errors


def test_what_is_wrong_is_said_before_anything_is_written(run, tmp_path):
    output = tmp_path / "exported"
    wrong = {
        "--percentiles=scores.csv": "--percentiles_of, .* go together: give both",
        "--percentiles_of=10 photos": "--percentiles, .* go together: give both",
        "--formats=tflite,onnx": "must be of keras, saved_model, .*, web, not onnx",
        "--formats=": "name --formats of keras, saved_model",
        "--photo_size=640": "must be like 480x640, height first, not 640",
        "--photo_size=48x64": "takes crops of 24 pixels only",
        "--crop_size=25": "takes crops of 24 pixels, not of 25",
        "--photos=missing": "no such file or folder: missing",
        "--formats=web": "npm install @litertjs/core@",
        "more": "flags only, not more",
    }
    calls = [[f"--model={run}", f"--output={output}", each] for each in wrong]
    calls.append(["--model=missing.keras", f"--output={output}"])
    calls.append(["--model=lite9", f"--output={output}"])
    calls.append([*calls[0][:2], "--percentiles=none.csv", "--percentiles_of=none"])
    messages = [
        *wrong.values(),
        "no such model file: missing.keras",
        "there is no model 'lite9': .* a model that ships with the package",
        "none.csv: No such file or directory",
    ]
    found = run_several("export.__main__", calls)
    for (code, printed, errors), message in zip(found, messages, strict=True):
        assert (code, printed) == (2, "")
        assert errors.startswith("error: ")
        assert re.search(message, errors), errors
    assert not output.exists()
