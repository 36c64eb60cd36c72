"""SavedModels: maps, metadata, empty requests, memory; scores are in test_export."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tiny_models
from PIL import Image

from export import saved_model
from rankiqa_tf import model as model_lib
from rankiqa_tf.metadata import Metadata


@pytest.fixture(scope="module")
def model():
    return tiny_models.fully_convolutional()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "saved_model"
    saved_model.write(model, path)
    return path


@pytest.fixture(scope="module")
def loaded(folder):
    return tf.saved_model.load(folder)


@pytest.fixture(scope="module")
def signatures(loaded):
    return loaded.signatures


def picture(height, width):
    generator = np.random.default_rng(height)
    noise = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    # Darker and darker, so that places differ.
    return (noise * np.linspace(1, 0, width)[:, np.newaxis]).astype(np.uint8)


def run(*arguments):
    child = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [
        (301, 351, 3, 4),  # 0, 56, 77 by 0, 56, 112, 127.
        (336, 224, 3, 1),  # 0, 56, 112: the last one is a whole stride away.
        (31, 57, 1, 1),  # Smaller than a crop, and mirrored.
    ],
)
def test_a_map_is_that_of_the_keras_model(
    signatures, model, height, width, rows, columns
):
    image = picture(height, width)
    found = signatures["score_map"](image=tf.constant(image))
    expected = model.score_map(image)
    assert found["scores"].shape == (rows, columns)
    np.testing.assert_allclose(found["scores"], expected.scores, atol=1e-5)
    np.testing.assert_array_equal(found["tops"], expected.tops)
    np.testing.assert_array_equal(found["lefts"], expected.lefts)
    assert found["crop_size"] == expected.crop_size == 224


def test_a_map_of_a_file_is_that_of_its_pixels(signatures):
    image = picture(301, 251)
    png = tf.io.encode_png(image)
    of_file = signatures["score_map_bytes"](image_bytes=png)
    of_pixels = signatures["score_map"](image=tf.constant(image))
    assert of_file["error"] == b""
    for name, value in of_pixels.items():
        np.testing.assert_array_equal(of_file[name], value)


def test_a_broken_file_has_an_empty_map_and_a_reason(signatures):
    png = tf.io.encode_png(picture(301, 251)).numpy()
    found = signatures["score_map_bytes"](image_bytes=tf.constant(png[:5000]))
    assert found["error"] == b"the photo is damaged or cut short"
    assert found["scores"].shape == (0, 0)
    assert found["tops"].shape == found["lefts"].shape == (0,)


def test_scores_and_maps_are_the_same_in_several_passes(
    model, tmp_path, monkeypatch, signatures
):
    # Two crops of a map, and 174 of a photo's, in a pass; three of four in the last.
    monkeypatch.setattr(model_lib, "_PASS_PIXELS", 2 * 224**2)
    saved_model.write(model, tmp_path / "of_maps")
    image = tf.constant(picture(301, 351))
    few = tf.saved_model.load(tmp_path / "of_maps").signatures
    np.testing.assert_allclose(
        few["score_map"](image=image)["scores"],
        signatures["score_map"](image=image)["scores"],
        atol=1e-6,
    )
    # Three of a photo's 16 crops in a pass, so one in the last.
    monkeypatch.setattr(model_lib, "_PASS_PIXELS", 3 * tiny_models.SIDE**2)
    saved_model.write(model, tmp_path / "of_photos")
    few = tf.saved_model.load(tmp_path / "of_photos").signatures
    score = few["pixels"](image=image)["score"]
    np.testing.assert_allclose(score, [model.score(image.numpy())], atol=1e-6)


def test_networks_of_one_crop_size_have_no_map(tmp_path):
    saved_model.write(tiny_models.of_crops(), tmp_path)
    signatures = tf.saved_model.load(tmp_path).signatures
    assert set(signatures) == {"serving_default", "pixels", "metadata"}


def test_metadata_are_a_signature(signatures, model):
    text = signatures["metadata"]()["metadata"].numpy().decode()
    assert Metadata.from_json(text) == model.metadata


def test_saved_model_cli_shows_the_metadata(folder):
    output = run(
        *("-m", "tensorflow.python.tools.saved_model_cli", "run", "--dir", folder),
        *("--tag_set=serve", "--signature_def=metadata", "--inputs=;"),
    )
    assert '"trained_on": "nothing"' in output


def test_no_photos_have_no_scores(signatures):
    none = signatures["serving_default"](image_bytes=tf.zeros([0], tf.string))
    assert none["score"].shape == none["error"].shape == (0,)
    none = signatures["pixels"](image=tf.zeros([0, 31, 57, 3], tf.uint8))
    assert none["score"].shape == (0,)


@pytest.mark.parametrize("signature", ["pixels", "score_map"])
def test_a_photo_without_pixels_is_refused(signatures, signature):
    image = tf.zeros([0, 57, 3], tf.uint8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have pixels"):
        signatures[signature](image=image)


_GROWTH = """
import sys, tensorflow as tf

def most():  # In megabytes, of all this process had in memory.
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

loaded = tf.saved_model.load(sys.argv[1])
score = loaded.signatures["serving_default"]
for path in sys.argv[2:]:
    found = score(image_bytes=tf.io.read_file(path)[tf.newaxis])
    assert found["error"] == b"", found
    print(most())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to measure memory")
def test_memory_grows_by_the_bytes_of_a_photo_of_40_megapixels(folder, tmp_path):
    tile = Image.fromarray(picture(500, 500))
    large = Image.new("RGB", (8000, 5000))
    for left in range(0, 8000, 500):
        for top in range(0, 5000, 500):
            large.paste(tile, (left, top))
    turned = Image.Exif()
    turned[0x0112] = 6
    small = large.crop((0, 0, 1250, 800))
    small.save(tmp_path / "small.jpg", exif=turned)
    large.save(tmp_path / "large.jpg", exif=turned)
    large.save(tmp_path / "large.bmp")
    names = ["small.jpg", "large.jpg", "large.bmp"]
    output = run("-c", _GROWTH, folder, *(tmp_path / name for name in names))
    small_mb, jpeg_mb, bmp_mb = map(int, output.split())
    # As floats, the photo would take 480 MB: turned, it is there as bytes up to three
    # times, and a BMP, which is as large itself, four times.
    assert jpeg_mb - small_mb < 400
    assert bmp_mb - small_mb < 520
