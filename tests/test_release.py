"""The program that exports the shipped models."""

import keras
import pytest
from programs import run_several

from export import forms
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

# A package that carries the models of a folder; fewer forms, which take less time.
_CARRYING = """
from pathlib import Path
from export import formats
from rankiqa_tf import library
formats.FORMATS = {{n: formats.FORMATS[n] for n in ("keras", "tflite", "web")}}
library.list_models = lambda: ["lite0-photos", "other"]
of_a_path = library.find
library.find = lambda name: (
    Path({folder!r}, f"{{name}}.keras")
    if name in library.list_models()
    else of_a_path(name)
)
"""


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    folder = tmp_path_factory.mktemp("carried")
    for seed, name in enumerate(("lite0-photos", "other")):
        keras.utils.set_random_seed(seed)
        image = keras.Input([24, 24, 3])
        features = keras.layers.Conv2D(8, 3, activation="relu")(image)
        features = keras.layers.GlobalAveragePooling2D()(features)
        score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
        metadata = Metadata(
            network="shallow",
            crop_size=24,
            levels="last",
            score_range=(0.0, 1.0),
            trained_on=f"photos {seed}",
            stages=("finetune",),
        )
        Model(keras.Model(image, score), metadata).save(folder / f"{name}.keras")
    return folder


@pytest.mark.slow
def test_every_form_of_every_model_is_written_with_cards_and_an_index(
    carried, tmp_path
):
    output = tmp_path / "release"
    calls = [
        ["--models=other,lite9", f"--output={output}"],
        [f"--output={output}", "--litert_js=nowhere"],
        [f"--output={output}"],
    ]
    unknown, done, again = run_several(
        "export.release", calls, first=_CARRYING.format(folder=str(carried))
    )
    assert unknown == [
        2,
        "",
        "error: --models must be of lite0-photos, other, not lite9\n",
    ]
    code, _, errors = done
    assert code == 0, errors
    assert "left out: web: there is no LiteRT.js in nowhere" in errors
    assert {path.relative_to(output).as_posix() for path in output.rglob("*.*")} == {
        f"{name}/{file}"
        for name in ("lite0-photos", "other")
        for file in ("model.keras", "model.tflite", "README.md")
    } | {"README.md"}
    index = (output / "README.md").read_text()
    for seed, name in enumerate(("lite0-photos", "other")):
        for file in ("model.keras", "model.tflite"):
            assert f"| [{name}/{file}]({name}/{file}) | " in index
            (form,) = forms.load(output / name / file)
            assert form.metadata.trained_on == f"photos {seed}"
        assert f"[{name}]({name}/README.md)" in index
    assert "- web: there is no LiteRT.js in nowhere: run `npm install" in index
    assert index.count("of the spread apart, SROCC 1.0000") == 4
    # What may be done with a model that ships is known, of another it is not.
    assert "BIQ2021 state no licence" in (
        output / "lite0-photos" / "README.md"
    ).read_text().replace("\n", " ")
    assert "Weights: not stated" in (output / "other" / "README.md").read_text()
    assert again[0] == 2
    assert "is there already: name a new or empty folder" in again[2]
