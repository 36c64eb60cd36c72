"""A model in any of its forms, opened to score."""

import functools
import io
import json
import zipfile

import numpy as np
import pytest
import toy_scorer
from PIL import Image

from export import forms
from export import saved_model
from export import tflite

NAMES = ("model.keras", "run", "saved_model", "crops.tflite", "whole.tflite")


@pytest.fixture(scope="module")
def model():
    return toy_scorer.of_several_levels()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    """A folder with the model in the forms of NAMES."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / "run").mkdir()
    model.save(folder / "model.keras")
    model.save(folder / "run" / "model.keras")
    saved_model.write(model, folder / "saved_model")
    tflite.write(model, folder / "crops.tflite")
    tflite.write(model, folder / "whole.tflite", size=(37, 53))
    return folder


@pytest.fixture(scope="module")
def opened(folder):
    return {name: forms.load(folder / name) for name in NAMES}


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (61, 37, 3), dtype=np.uint8)


def file_of(photo, kind):
    file = io.BytesIO()
    Image.fromarray(photo).save(file, kind, lossless=True)
    return file.getvalue()


@pytest.mark.parametrize("name", NAMES[:4])
def test_every_form_scores_as_keras(opened, model, photo, name):
    expected = model.score(photo)
    crops = np.stack([photo[:24, :24], photo[-24:, -24:]])
    for form in opened[name]:
        assert form.metadata == model.metadata
        assert form.size is None
        near = functools.partial(pytest.approx, abs=1e-4)
        assert form.score(photo) == near(expected)
        assert form.score(file_of(photo, "PNG")) == near(expected)
        np.testing.assert_allclose(
            form.score_crops(crops), list(model.score_many(crops)), atol=1e-4
        )


def test_files_that_a_saved_model_does_not_decode_come_to_it_decoded(
    opened, model, photo
):
    for form in opened["saved_model"]:
        found = form.score(file_of(photo, "WEBP"))
        assert found == pytest.approx(model.score(photo), abs=1e-4)


def test_a_file_that_is_cut_short_has_no_score(opened, photo):
    by_bytes, _ = opened["saved_model"]
    assert np.isnan(by_bytes.score(file_of(photo, "PNG")[:200]))


def test_names_say_which_form_it_is(folder):
    found = {
        form.name: form.form for name in NAMES for form in forms.load(folder / name)
    }
    assert found == {
        "model.keras": "keras",
        "run": "keras",
        "saved_model/bytes": "saved_model",
        "saved_model/pixels": "saved_model",
        "crops.tflite": "float32",
        "whole.tflite": "float32",
    }


def test_whole_photos_are_scored_if_of_the_size(folder, model, photo):
    (form,) = forms.load(folder / "whole.tflite")
    assert form.size == (37, 53)
    turned = np.ascontiguousarray(photo[:53].swapaxes(0, 1))
    expected = model.score(turned, crops="whole")
    assert expected != pytest.approx(model.score(turned), abs=0.01)  # By crops.
    assert form.score(turned) == pytest.approx(expected, abs=1e-4)
    keras, _ = forms.load_alike([folder / "model.keras", folder / "whole.tflite"])
    assert keras.size == (37, 53)
    assert keras.score(turned) == pytest.approx(expected, abs=1e-4)
    for each in (form, keras):
        with pytest.raises(ValueError, match=r"37 ?x ?53 pixels"):
            each.score(photo)


def test_a_file_for_whole_photos_says_so(folder):
    with zipfile.ZipFile(folder / "whole.tflite") as archive:
        found = json.loads(archive.read("rankiqa.json"))["tflite"]
    assert found["takes"] == "whole photos"
    assert found["input"]["shape"] == [1, 37, 53, 3]
    assert found["max_crops_a_side"] is None


def test_keras_models_take_the_crops_of_the_others(folder, model, photo, tmp_path):
    larger = model.with_crop_size(40)
    larger.save(tmp_path / "larger.keras")
    names = [tmp_path / "larger.keras", folder / "crops.tflite"]
    keras, _ = forms.load_alike(names)
    assert keras.metadata.crop_size == 24
    assert keras.score(photo) == pytest.approx(model.score(photo), abs=1e-5)
    first, second = forms.load_alike(
        [tmp_path / "larger.keras", folder / "model.keras"]
    )
    assert first.metadata.crop_size == second.metadata.crop_size == 40


def test_refuses_forms_of_different_recipes(folder):
    with pytest.raises(
        ValueError,
        match=r"crops.tflite takes crops of 24 pixels, whole.tflite takes whole "
        r"photos of 37x53 pixels",
    ):
        forms.load_alike([folder / "crops.tflite", folder / "whole.tflite"])


def test_refuses_what_is_no_form(folder, tmp_path):
    with pytest.raises(ValueError, match=r"no such model file: .*missing.tflite"):
        forms.load(tmp_path / "missing.tflite")
    with pytest.raises(ValueError, match="there is no model"):
        forms.load(tmp_path / "missing")
