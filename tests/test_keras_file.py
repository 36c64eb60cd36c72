"""The .keras file of half the size, against the model and what Keras alone opens."""

import io
import json
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest

from export import keras_file
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

UNITS = 150
METADATA = Metadata(
    network="shallow",
    crop_size=24,
    levels="last",
    score_range=None,
    trained_on="nothing",
    stages=(),
)
PHOTO = np.random.default_rng(0).integers(0, 256, (31, 43, 3), np.uint8)


def network(dtype="float32"):
    """Two large kernels, the second out of float16's range, between small ones."""
    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    maps = keras.layers.Conv2D(UNITS, 3, name="first", dtype=dtype)(image)
    maps = keras.layers.BatchNormalization(name="norm", dtype=dtype)(maps)
    for name in ("large", "beyond"):
        maps = keras.layers.Conv2D(UNITS, 1, activation="relu", name=name, dtype=dtype)(
            maps
        )
    features = keras.layers.GlobalAveragePooling2D(dtype="float32")(maps)
    score = keras.layers.Dense(1, name="score", dtype="float32")(features)
    made = keras.Model(image, keras.layers.Reshape((), dtype="float32")(score))
    norm = made.get_layer("norm")
    norm.moving_variance.assign(np.geomspace(1e-12, 1e9, UNITS))
    kernel = made.get_layer("beyond").kernel
    kernel.assign(np.where(np.arange(UNITS) == 0, 1e5, kernel.numpy()))
    return made


@pytest.fixture(scope="module")
def model():
    return Model(network(), METADATA)


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("half") / "model.keras"
    keras_file.write(model, path)
    return path


def stored(path):
    """The arrays of a .keras file, as they are on the disk."""
    with zipfile.ZipFile(path) as archive:
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    found = {}
    file.visititems(
        lambda name, item: (
            found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    )
    return found


def test_large_kernels_are_in_float16_if_it_has_their_range(written):
    arrays = stored(written)
    halves = [a for a in arrays.values() if a.dtype == np.float16]
    assert [half.shape for half in halves] == [(1, 1, UNITS, UNITS)]
    assert {a.dtype.name for a in arrays.values()} == {"float16", "float32"}


def test_it_is_opened_with_weights_that_were_rounded_once(model, written):
    opened = Model.load(written)
    assert opened.metadata == model.metadata
    for variable, expected in zip(
        opened.network.variables, model.network.variables, strict=True
    ):
        value = expected.numpy()
        if expected is model.network.get_layer("large").kernel:
            assert (variable.numpy() != value).any()
            value = value.astype(np.float16).astype(np.float32)
        assert variable.dtype == "float32"
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_model_in_mixed_precision_computes_in_float32(model, tmp_path):
    path = tmp_path / "mixed.keras"
    keras_file.write(Model(network("mixed_float16"), METADATA), path)
    layers = Model.load(path).network.layers
    assert {layer.compute_dtype for layer in layers} == {"float32"}


def test_keras_alone_opens_it(written):
    crops = PHOTO[np.newaxis, :24, :24] / np.float32(255)
    np.save(written.with_name("crops.npy"), crops)
    alone = f"""
import sys
sys.modules |= {{"rankiqa_tf": None, "distortions": None, "export": None}}
import keras, numpy as np
model = keras.models.load_model({str(written)!r}, safe_mode=True)
print(float(model(np.load({str(written.with_name("crops.npy"))!r}))[0]))
"""
    done = subprocess.check_output([sys.executable, "-I", "-c", alone], text=True)
    expected = float(Model.load(written).network(crops)[0])
    assert float(done) == pytest.approx(expected, rel=1e-6)


def test_its_configuration_has_nothing_that_earlier_versions_of_keras_refuse(written):
    # Each was tried with Keras 3.12, 3.13, 3.14 and 3.15 themselves.
    with zipfile.ZipFile(written) as archive:
        text = archive.read("config.json").decode()
    keys = set()
    json.loads(text, object_pairs_hook=lambda pairs: keys.update(dict(pairs)))
    later = {"input_axes", "output_axes", "quantization_config", "renorm"}
    assert not keys & later
    assert not [key for key in keys if key.endswith("_initializer")]
    assert {"moving_mean", "filters", "units"} & keys


def test_what_is_tiny_as_a_whole_stays_and_a_tiny_weight_among_others_does_not():
    shape = (128, 128)
    tiny = np.full(shape, 3e-7, np.float32)
    assert keras_file._rounded(tiny).dtype == np.float32
    mixed = np.where(np.eye(128) > 0, np.float32(1e-9), np.float32(0.3))
    half = keras_file._rounded(mixed)
    assert half.dtype == np.float16
    assert half[0, 0] == 0
    assert half[0, 1] == pytest.approx(0.3, rel=1e-3)
