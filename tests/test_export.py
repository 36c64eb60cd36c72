"""Exported models, against the Keras model they come from."""

import io
import json
import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import saved_model
from export import tflite
from rankiqa_tf.data import decode
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

METADATA = Metadata(
    network="tiny",
    crop_size=24,
    levels="last",
    score_range=None,
    trained_on="nothing",
    stages=(),
)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    features = keras.layers.Rescaling(2.0, -1.0)(image)
    features = keras.layers.Conv2D(4, 3, activation="relu")(features)
    features = keras.layers.BatchNormalization()(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    return Model(keras.Model(image, score), METADATA)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (90, 61, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.jpg", quality=70)
    Image.fromarray(noise // 4).save(folder / "dark.png")
    Image.fromarray(noise[..., 0] // 2).save(folder / "grey.png")
    Image.fromarray(noise[:7, :5]).save(folder / "small.jpg")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "saved_model"
    saved_model.write(model, path)
    return path


@pytest.fixture(scope="module")
def converted(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("tflite") / "model.tflite"
    tflite.write(model, path)
    return path


def test_files_are_scored_as_by_keras(saved, model, photos):
    files = tf.constant([photo.read_bytes() for photo in photos])
    scores = tf.saved_model.load(saved).signatures["serving_default"](files)["score"]
    expected = [model.score(decode.read_photo(photo)) for photo in photos]
    assert scores.dtype == tf.float32
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_bmp_gif_and_16_bits_are_scored(saved, model):
    pixels = np.random.default_rng(1).integers(0, 256, (30, 41, 3), dtype=np.uint8)
    bmp, gif = io.BytesIO(), io.BytesIO()
    Image.fromarray(pixels).save(bmp, "BMP")
    Image.fromarray(pixels).quantize(256).save(gif, "GIF")
    png = tf.io.encode_png(pixels.astype(np.uint16) * 256 + 200).numpy()
    files = [bmp.getvalue(), gif.getvalue(), png]
    scores = tf.saved_model.load(saved).signatures["serving_default"](
        tf.constant(files)
    )
    expected = [model.score(decode.decode_photo(file)) for file in files]
    np.testing.assert_allclose(scores["score"], expected, atol=1e-6)


def test_pixels_of_one_photo_and_of_a_batch_are_scored(saved, model):
    images = np.random.default_rng(0).integers(0, 256, (2, 30, 51, 3), dtype=np.uint8)
    signature = tf.saved_model.load(saved).signatures["pixels"]
    expected = [model.score(image) for image in images]
    one = signature(image=tf.constant(images[0]))["score"]
    batch = signature(image=tf.constant(images))["score"]
    np.testing.assert_allclose(one, expected[:1], atol=1e-6)
    np.testing.assert_allclose(batch, expected, atol=1e-6)


def test_saved_model_needs_nothing_but_tensorflow(saved, model, photos):
    program = (
        "import sys, tensorflow as tf\n"
        f"score = tf.saved_model.load({str(saved)!r}).signatures['serving_default']\n"
        f"file = tf.io.read_file({str(photos[0])!r})\n"
        "print(score(tf.stack([file]))['score'].numpy().tolist()[0])\n"
        "assert not {'rankiqa_tf', 'tensorflow_io'} & set(sys.modules)\n"
    )
    child = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    expected = model.score(decode.read_photo(photos[0]))
    assert float(child.stdout) == pytest.approx(expected, abs=1e-6)


def test_saved_model_has_core_operations_only(saved):
    loaded = tf.saved_model.load(saved)
    operations = set()
    for signature in loaded.signatures.values():
        definition = signature.graph.as_graph_def()
        graphs = [definition.node, *(f.node_def for f in definition.library.function)]
        operations |= {node.op for nodes in graphs for node in nodes}
    assert {"DecodeJpeg", "DecodeImage", "Conv2D"} <= operations
    assert not [op for op in operations if "PyFunc" in op or ">" in op]


def test_saved_model_has_the_metadata_beside(saved):
    text = (saved / "assets.extra" / "rankiqa.json").read_text()
    assert Metadata.from_json(text) == METADATA


def test_tflite_has_one_signature_of_fixed_shape(converted):
    interpreter = tf.lite.Interpreter(str(converted))
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": ["score"]}
    }
    runner = interpreter.get_signature_runner("serving_default")
    image = runner.get_input_details()["image"]
    score = runner.get_output_details()["score"]
    assert (image["shape"].tolist(), image["dtype"]) == ([1, 24, 24, 3], np.float32)
    assert (score["shape"].tolist(), score["dtype"]) == ([1], np.float32)


def test_tflite_has_the_metadata_at_its_end(converted):
    with zipfile.ZipFile(converted) as archive:
        metadata = json.loads(archive.read("rankiqa.json"))
    assert metadata["crop_size"] == 24


def test_a_failed_conversion_says_why_and_writes_nothing(tmp_path):
    # TFLite has no incomplete beta function.
    image = keras.Input([24, 24, 3])
    odd = keras.layers.Lambda(lambda crops: tf.math.betainc(crops, crops, crops))(image)
    network = keras.Model(image, keras.layers.GlobalAveragePooling2D()(odd)[:, 0])
    with pytest.raises(RuntimeError, match=r"(?s)conversion failed .*Betainc"):
        tflite.write(Model(network, METADATA), tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())
