"""Model files."""

import zipfile

import keras
import numpy as np
import pytest

from rankiqa_tf.models import model_file

METADATA = model_file.Metadata(
    network="tiny",
    crop_size=8,
    levels="last",
    score_range=(1.0, 9.0),
    trained_on="made pictures",
    stages=("rank", "finetune"),
    curve=((-1.5, 2.0), (0.0, 5.5), (1.0, 6.0)),
)


def tiny_model() -> keras.Model:
    keras.utils.set_random_seed(3)
    image = keras.Input([8, 8, 3])
    features = keras.layers.Conv2D(4, 3, activation="relu")(image)
    features = keras.layers.GlobalAveragePooling2D()(features)
    score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    return keras.Model(image, score)


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def test_what_is_loaded_is_what_was_saved(model, tmp_path):
    path = tmp_path / "model.keras"
    model_file.save(model, path, METADATA)
    loaded, metadata = model_file.load(path)
    assert metadata == METADATA
    crops = np.random.default_rng(0).random((3, 8, 8, 3), np.float32)
    np.testing.assert_array_equal(loaded(crops), model(crops))


def test_keras_alone_opens_the_file(model, tmp_path):
    model_file.save(model, tmp_path / "model.keras", METADATA)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.output_shape == (None,)


def test_saving_replaces_the_file_and_leaves_nothing_else(model, tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("an older file")
    model_file.save(model, path, METADATA)
    model_file.load(path)
    assert list(tmp_path.iterdir()) == [path]


def test_metadata_without_a_scale_come_back(model, tmp_path):
    metadata = model_file.Metadata(
        network="tiny",
        crop_size=8,
        levels="all",
        score_range=None,
        trained_on="",
        stages=(),
    )
    model_file.save(model, tmp_path / "model.keras", metadata)
    assert model_file.load(tmp_path / "model.keras")[1] == metadata


def test_metadata_of_a_later_version_are_read():
    text = METADATA.to_json().replace("{", '{"invented_later": 1,', 1)
    assert model_file.Metadata.from_json(text) == METADATA


def test_metadata_say_which_scores_are_good_and_how_photos_are_cut():
    assert METADATA.direction == "higher is better"
    assert "at most 4, evenly spaced" in METADATA.recipe
    assert METADATA.version


def test_refuses_to_save_under_another_suffix(model, tmp_path):
    with pytest.raises(ValueError, match=r"end in \.keras, not model\.h5"):
        model_file.save(model, tmp_path / "model.h5", METADATA)


def test_refuses_to_save_a_model_of_other_scores(tmp_path):
    image = keras.Input([8, 8, 3])
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    with pytest.raises(ValueError, match=r"scores \[n\], not \(None, 3\)"):
        model_file.save(model, tmp_path / "model.keras", METADATA)


def test_refuses_to_load_what_is_no_model_file(model, tmp_path):
    path = tmp_path / "model.keras"
    with pytest.raises(ValueError, match=r"no such model file: .*model\.keras"):
        model_file.load(path)
    path.write_text("text")
    with pytest.raises(ValueError, match=r"model\.keras is not a \.keras file"):
        model_file.load(path)
    model.save(path)
    with pytest.raises(ValueError, match=r"rankiqa\.json is missing"):
        model_file.load(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("rankiqa.json", '{"network": "tiny"}')
    with pytest.raises(ValueError, match=r"not written by rankiqa_tf"):
        model_file.load(path)
