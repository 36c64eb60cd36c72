"""TFLite files in all their forms, against the Keras model they come from."""

import functools
import importlib.util
import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import toy_scorer
from scipy import stats
from tensorflow.lite.python import schema_py_generated as schema

from export import calibration
from export import tflite
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

FORM = pytest.mark.parametrize("form", tflite.FORMS)
NEAR = {"float32": 1e-4, "float16": 1e-3, "dynamic": 0.1, "int8": 0.1}


@pytest.fixture(scope="module")
def model():
    return toy_scorer.of_several_levels()


@pytest.fixture(scope="module")
def crops():
    random = np.random.default_rng(1)
    smooth = random.random((40, 6, 6, 3)).repeat(4, axis=1).repeat(4, axis=2)
    noise = random.normal(size=(40, 24, 24, 3)) * np.linspace(0, 0.5, 40).reshape(
        -1, 1, 1, 1
    )
    return np.round(255 * np.clip(smooth + noise, 0, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def files(model, photos, tmp_path_factory):
    """The path of each form, by its name."""
    folder = tmp_path_factory.mktemp("forms")
    with pytest.MonkeyPatch.context() as patch:
        few = functools.partial(calibration.write, presets=("live",))
        patch.setattr(calibration, "write", few)
        for form in tflite.FORMS:
            tflite.write(model, folder / f"{form}.tflite", form=form, photos=photos)
    assert len(list(folder.iterdir())) == len(tflite.FORMS)  # Nothing else is left.
    return {form: folder / f"{form}.tflite" for form in tflite.FORMS}


def scores_of(path, crops):
    runner = tf.lite.Interpreter(str(path)).get_signature_runner("serving_default")
    dtype = runner.get_input_details()["image"]["dtype"]
    images = crops if dtype == np.uint8 else crops.astype(np.float32) / 255
    return np.array([runner(image=image[np.newaxis])["score"][0] for image in images])


def operations_of(path):
    """Of each operation its kind, and the types of what it takes and gives."""
    file = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    graph = file.subgraphs[0]
    kinds = {v: k for k, v in vars(schema.BuiltinOperator).items() if k[0] != "_"}
    types = {v: k for k, v in vars(schema.TensorType).items() if k[0] != "_"}
    for operator in graph.operators:
        code = file.operatorCodes[operator.opcodeIndex]
        yield (
            kinds[max(code.builtinCode, code.deprecatedBuiltinCode)],
            [types[graph.tensors[n].type] for n in operator.inputs if n >= 0],
            [types[graph.tensors[n].type] for n in operator.outputs],
        )


@FORM
def test_crops_are_scored_as_by_keras(files, model, crops, form):
    expected = np.array(list(model.score_many(crops)))
    found = scores_of(files[form], crops)
    assert np.abs(found - expected).max() < NEAR[form] * np.ptp(expected)
    assert stats.spearmanr(found, expected)[0] > 0.995


@FORM
def test_there_is_one_signature_of_fixed_shape(files, form):
    interpreter = tf.lite.Interpreter(str(files[form]))
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": ["score"]}
    }
    runner = interpreter.get_signature_runner("serving_default")
    image = runner.get_input_details()["image"]
    score = runner.get_output_details()["score"]
    dtype = np.uint8 if form == "int8" else np.float32
    assert (image["shape"].tolist(), image["dtype"]) == ([1, 24, 24, 3], dtype)
    assert image["shape_signature"].tolist() == [1, 24, 24, 3]
    assert (score["shape"].tolist(), score["dtype"]) == ([1], np.float32)


def test_int8_is_float_at_both_ends_alone(files):
    operations = list(operations_of(files["int8"]))
    convolutions = [taken for kind, taken, _ in operations if kind == "CONV_2D"]
    ints, floats = ["INT8", "INT8"], ["FLOAT32", "FLOAT32"]
    assert [taken[:2] for taken in convolutions] == [floats, ints, ints]
    for kind in ("MEAN", "SQRT", "CONCATENATION", "FULLY_CONNECTED"):
        found = [taken for each, taken, _ in operations if each == kind]
        assert found
        assert not any("INT8" in taken for taken in found), kind


def test_float16_halves_the_weights_of_the_body(files):
    halved = [
        given
        for _, taken, given in operations_of(files["float16"])
        if "FLOAT16" in taken
    ]
    assert halved == [["FLOAT32"]] * 2  # Of the second and the third convolution.


def test_dynamic_keeps_the_last_layer_in_float(files):
    kinds = [kind for kind, taken, _ in operations_of(files["dynamic"])]
    assert "SUM" in kinds
    assert "FULLY_CONNECTED" not in kinds


def test_the_file_says_how_it_is_used(files, model):
    found = {}
    for form, path in files.items():
        with zipfile.ZipFile(path) as archive:
            text = archive.read("rankiqa.json").decode()
        assert Metadata.from_json(text) == model.metadata
        found[form] = json.loads(text)["tflite"]
    assert [each["form"] for each in found.values()] == list(tflite.FORMS)
    assert found["int8"]["input"] == {
        "name": "image",
        "shape": [1, 24, 24, 3],
        "dtype": "uint8",
        "range": [0, 255],
        "channels": "RGB",
    }
    assert found["dynamic"]["input"]["range"] == [0, 1]
    assert found["float16"]["output"] == {
        "name": "score",
        "shape": [1],
        "dtype": "float32",
    }
    assert found["float32"]["takes"] == "crops"
    assert found["float32"]["max_crops_a_side"] == 4
    assert found["float32"]["odd_padding"] == "after"
    assert found["float32"]["curve_inside"] is False


@pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs mediapipe 0.10.21"
)
@FORM
def test_mediapipe_reads_the_metadata(files, form):
    metadata = pytest.importorskip(
        "mediapipe.tasks.python.metadata.metadata",
        reason="this mediapipe has no reader of metadata; 0.10.21 has",
        exc_type=ImportError,
    )
    reader = metadata.MetadataDisplayer.with_model_file(str(files[form]))
    assert reader.get_packed_associated_file_list() == ["rankiqa.json"]
    (graph,) = json.loads(reader.get_metadata_json())["subgraph_metadata"]
    (image,), (score,) = graph["input_tensor_metadata"], graph["output_tensor_metadata"]
    content = image["content"]
    assert content["content_properties_type"] == "ImageProperties"
    assert content["content_properties"]["color_space"] == "RGB"
    assert image["process_units"][0]["options"] == {
        "mean": [0.0],
        "std": [1.0 if form == "int8" else 255.0],
    }
    assert score["name"] == "score"
    assert score["content"]["content_properties_type"] == "FeatureProperties"


def test_tensorflow_lists_the_metadata(files):
    # MediaPipe and Netron look for the entry of this name, and its identifier.
    file = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(files["int8"].read_bytes(), 0)
    )
    buffers = [each.buffer for each in file.metadata if each.name == b"TFLITE_METADATA"]
    assert len(buffers) == 1
    assert bytes(file.buffers[buffers[0]].data)[4:8] == b"M001"


def test_the_file_does_not_say_when_it_was_written(files):
    """So that the same model is the same file: a run that was killed ends with it."""
    with zipfile.ZipFile(files["float32"]) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {
            (1980, 1, 1, 0, 0, 0)
        }


def test_a_model_in_mixed_precision_is_written_in_float32(crops, tmp_path):
    mixed = toy_scorer.of_several_levels(precision="mixed_float16")
    exact = toy_scorer.of_several_levels()
    exact.network.set_weights(mixed.network.get_weights())
    tflite.write(mixed, tmp_path / "model.tflite")
    found = scores_of(tmp_path / "model.tflite", crops)
    expected = list(exact.score_many(crops))
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.ptp(expected))


def test_refuses_a_form_that_there_is_not(model, tmp_path):
    with pytest.raises(ValueError, match=r"one of float32, .*, int8, not 'int16'"):
        tflite.write(model, tmp_path / "model.tflite", form="int16")


def test_refuses_whole_photos_of_a_network_that_takes_crops(tmp_path):
    image = keras.Input([24, 24, 3])
    network = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image)[:, 0])
    metadata = toy_scorer.of_several_levels().metadata
    with pytest.raises(ValueError, match="takes crops of 24 pixels only"):
        tflite.write(Model(network, metadata), tmp_path / "model.tflite", size=(9, 9))
