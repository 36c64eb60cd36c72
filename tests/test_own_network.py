"""Networks of users' own: found by their module, held to the contract."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from rankiqa_tf import models
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model


def backbone(*, weights=None, levels=()):
    images = keras.Input((None, None, 3))
    fine = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(images)
    coarse = keras.layers.Conv2D(6, 3, strides=2, activation="relu")(fine)
    return keras.Model(images, coarse), {"fine": fine, "coarse": coarse}


SMALL = models.Network(
    crop_size=32, smallest=7, levels=("fine", "coarse"), backbone=backbone
)
HERE = "test_own_network"
METADATA = Metadata(
    network=f"{HERE}:SMALL",
    crop_size=40,
    levels="all",
    score_range=None,
    trained_on="nothing",
    stages=(),
    own_crop_size=32,
    smallest=7,
)


def test_a_network_of_ones_own_is_built_with_the_levels_that_are_chosen():
    assert models.network(f"{HERE}:SMALL") is SMALL
    images = np.random.default_rng(0).random((2, 35, 41, 3), np.float32)
    for levels, features in (("all", 2 * (4 + 6)), ("fine", 2 * 4), ("last", 2 * 6)):
        model = models.build(f"{HERE}:SMALL", levels=levels)
        assert model.get_layer("score").input.shape == (None, features)
        assert model(images).shape == (2,)
    with pytest.raises(ValueError, match="has no level 'x'; there are: last, all, or"):
        models.check(f"{HERE}:SMALL", levels="x")
    with pytest.raises(ValueError, match="takes as weights none; not 'imagenet'"):
        models.check(f"{HERE}:SMALL", weights="imagenet")


def test_its_model_is_scored_where_its_module_cannot_be_imported(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    Model(models.build(f"{HERE}:SMALL", levels="all"), METADATA).save(path)
    monkeypatch.setattr(models.user_modules, "find", None)
    model = Model.load(path)
    assert (model.own_crop_size, model.smallest) == (32, 7)
    photo = np.random.default_rng(0).integers(0, 256, (53, 61, 3), np.uint8)
    assert np.isfinite(model.score(photo))
    assert np.isfinite(model.score(photo[:5, :6], crops="whole"))
    assert model.score_map(photo).crop_size == 32
    with pytest.raises(ValueError, match="takes crops of 7 or more pixels, not of 6"):
        model.with_crop_size(6)
    alone = keras.models.load_model(path)
    images = np.random.default_rng(0).random((2, 35, 41, 3), np.float32)
    np.testing.assert_array_equal(alone(images), model.network(images))


def test_a_file_does_not_decide_what_is_imported(tmp_path, monkeypatch):
    (tmp_path / "strange.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    strange = dataclasses.replace(METADATA, network="strange:NETWORK")
    path = tmp_path / "model.keras"
    network = models.build(f"{HERE}:SMALL", levels="all")
    Model(network, strange).save(path)
    assert Model.load(path).smallest == 7
    values = json.loads(strange.to_json())
    for name in ("own_crop_size", "smallest"):
        with pytest.raises(ValueError, match=f"is none of this .* {name} are missing"):
            Metadata.from_json(json.dumps(values | {name: None}))


class Odd(keras.layers.Layer):
    def call(self, images):
        return images * 2


def returning(make):
    return dataclasses.replace(SMALL, backbone=lambda **_: make(*backbone()))


def with_input(shape):
    images = keras.Input(shape)
    x = keras.layers.Conv2D(4, 3)(images)
    return keras.Model(images, x), {"fine": x, "coarse": x}


def failing():
    raise KeyError("no such file")


NO_NETWORK = "shallow"
FAILS = returning(lambda model, outputs: failing())
RETURNS_A_MODEL = returning(lambda model, outputs: model)
LACKS_A_LEVEL = returning(lambda model, outputs: (model, {"fine": outputs["fine"]}))
FLAT = returning(
    lambda model, outputs: (model, outputs | {"coarse": keras.ops.max(model.output)})
)
OF_ONE_SIZE = returning(lambda model, outputs: with_input((24, 24, 3)))
GREY = returning(lambda model, outputs: with_input((None, None, 1)))
WITH_ODD_LAYER = returning(
    lambda model, outputs: (
        keras.Model(model.input, Odd()(model.output)),
        outputs | {"coarse": Odd()(model.output)},
    )
)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{HERE}:NOTHING", r"own_network\.py has no NOTHING; of .*Network it has: SM"),
        (f"{HERE}:NO_NETWORK", r"must be a rankiqa_tf\.models\.Network, not a str"),
        ("no_such_module:X", "there is no module 'no_such_module'; modules are looked"),
        (f"{HERE}:FAILS", "cannot be built: KeyError: 'no such file'"),
        (f"{HERE}:RETURNS_A_MODEL", "must return a Keras model and a dict of its lev"),
        (f"{HERE}:LACKS_A_LEVEL", "returned no level 'coarse', .* it returned fine"),
        (f"{HERE}:FLAT", r"level coarse of .* must be \[N, h, w, c\] or \[N, c\]"),
        (f"{HERE}:OF_ONE_SIZE", r"crops of 32 pixels a side, .* \(None, 24, 24, 3\)"),
        (f"{HERE}:GREY", r"must take images \[N, h, w, 3\], .*\(None, None, None, 1\)"),
        (f"{HERE}:WITH_ODD_LAYER", r"is made of test_own_network\.Odd.*: a model file"),
    ],
)
def test_a_network_that_does_not_keep_to_the_contract_says_why(name, message):
    with pytest.raises(ValueError, match=message):
        models.build(name, levels="all")
