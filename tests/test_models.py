"""Networks: what all of them must do, the choice of levels, and refusals."""

import dataclasses

import keras
import numpy as np
import pytest

from rankiqa_tf import models


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    levels: str = "last"
    weights: str | None = None

    def __str__(self):
        return "-".join(map(str, dataclasses.astuple(self)))

    def build(self):
        keras.utils.set_random_seed(1)
        return models.build(**dataclasses.asdict(self))


# VGG-16's whole network has tests of its own: it is 537 MB.
CASES = [
    Case("shallow"),
    Case("shallow", "all"),
    Case("alexnet", "conv5,conv2"),
    Case("vgg16", "conv1,conv2"),
    Case("efficientnet_lite0", "last", weights="imagenet"),
    Case("efficientnet_lite1", "block3,block7"),
    Case("efficientnet_lite2", "block4"),
]


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def model(case):
    """The model of a case; not to be changed."""
    return case.build()


@pytest.fixture(scope="module")
def images(case):
    """Three photos of odd sides that are more than a crop of Shallow's."""
    sides = (229, 243) if case.name == "shallow" else (75, 97)
    return np.random.default_rng(0).random((3, *sides, 3), np.float32)


def score(model, images):
    # Called, not predicted: to compile each network would take most of the time.
    return np.array(model(images, training=False))


def test_a_score_for_each_photo_of_any_size(model, images):
    assert model.input_shape == (None, None, None, 3)
    assert model.output_shape == (None,)
    scores = score(model, images)
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert len(set(scores)) == 3


def test_score_does_not_depend_on_the_other_images_of_the_batch(model, images):
    alone = [score(model, image[np.newaxis])[0] for image in images]
    np.testing.assert_allclose(score(model, images), alone, rtol=1e-3, atol=1e-4)


def test_keras_alone_loads_what_was_saved(model, images, tmp_path):
    model.save(tmp_path / "model.keras")
    assert "rankiqa" not in model.to_json()
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(score(loaded, images), score(model, images))
    trainable = [variable.path for variable in model.trainable_variables]
    assert [variable.path for variable in loaded.trainable_variables] == trainable


def moving(model):
    """The statistics of batch normalisation that training changes."""
    return [
        variable
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        and layer.name != "standardise"
        for variable in (layer.moving_mean, layer.moving_variance)
    ]


def test_pretrained_normalisation_is_frozen_and_random_one_is_not(case, model, images):
    weights = model.get_weights()
    before = [variable.numpy() for variable in moving(model)]
    model(images, training=True)
    after = [variable.numpy() for variable in moving(model)]
    model.set_weights(weights)
    same = [np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    if case.weights:
        assert same == 2 * 49 * [True]
    else:
        assert not any(same)
    assert bool(same) == (case.name not in ("shallow", "alexnet", "vgg16"))


@pytest.mark.parametrize(
    ("name", "levels"), [("efficientnet_lite0", "block2"), ("MobileNetV2", "stride4")]
)
def test_random_normalisation_follows_its_batches(name, levels):
    model = Case(name, levels).build()
    momenta = {
        layer.momentum
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    }
    assert momenta == {0.9}


@pytest.mark.parametrize(
    ("name", "levels"), [("shallow", "last"), ("efficientnet_lite0", "block2")]
)
def test_the_seed_decides_random_weights(name, levels):
    def kernels(seed):
        keras.utils.set_random_seed(seed)
        model = models.build(name, levels=levels)
        return np.concatenate(
            [w.numpy().ravel() for w in model.trainable_weights if len(w.shape) == 4]
        )

    first = kernels(1)
    np.testing.assert_array_equal(kernels(1), first)
    assert (kernels(2) != first).mean() > 0.9


def features_of(model, images):
    last = keras.Model(model.input, model.get_layer("score").input)
    return last.predict_on_batch(images)


def test_features_are_moments_of_the_levels_in_the_networks_order():
    keras.utils.set_random_seed(8)
    model = models.build("shallow", levels="features, conv1")
    images = np.random.default_rng(2).random((2, 227, 227, 3), np.float32)
    every = {"conv1": model.get_layer("relu1"), "conv4": model.get_layer("conv4")}
    levels = keras.Model(
        model.input, {name: layer.output for name, layer in every.items()}
    ).predict_on_batch(images)
    conv1 = levels["conv1"].astype(float)
    expected = [
        conv1.mean((1, 2)),
        np.sqrt(conv1.var((1, 2)) + 1e-4),
        levels["conv4"].reshape(2, 32),
    ]
    # Before it is fitted the standardisation changes nothing.
    np.testing.assert_allclose(
        features_of(model, images), np.concatenate(expected, 1), rtol=1e-3, atol=1e-4
    )


def test_a_last_level_that_is_a_vector_is_scored_as_it_is():
    def has_standardisation(levels):
        model = models.build("shallow", levels=levels)
        return any(layer.name == "standardise" for layer in model.layers)

    assert not has_standardisation("last")
    assert not has_standardisation("features")  # It is the last.
    assert has_standardisation("conv3,features")
    assert has_standardisation("conv3")


def test_the_last_level_and_all_of_them_have_names():
    for name, all_levels in (
        ("vgg16", "conv1,conv2,conv3,conv4,conv5,fc6,fc7"),
        ("shallow", "conv1,conv2,conv3,features"),
        ("MobileNetV2", "stride2,stride4,stride8,stride16,stride32"),
    ):
        assert ",".join(models.network(name).levels) == all_levels
        models.check(name, levels=all_levels)


def test_every_network_of_ours_is_in_the_table_with_its_crop():
    assert {name: row.crop_size for name, row in models.NETWORKS.items()} == {
        "shallow": 227,
        "alexnet": 227,
        "vgg16": 224,
        "efficientnet_lite0": 224,
        "efficientnet_lite1": 240,
        "efficientnet_lite2": 260,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "vgg"}, "no network 'vgg'; there are: VGG19, vgg16, VGG16, shal"),
        ({"name": "mobilenetv2"}, "no network 'mobilenetv2'; there are: MobileNetV2, "),
        (
            {"name": "shallow", "weights": "imagenet"},
            r"shallow takes as weights a file \*.npz, or none; not 'imagenet'",
        ),
        (
            {"name": "vgg16", "weights": "noisy"},
            r"imagenet or a file \*.npz or a file \*.h5, or none; not 'noisy'",
        ),
        (
            {"name": "MobileNetV2", "weights": "weights.npz"},
            r"takes as weights imagenet or a file \*.h5, or none; not 'weights.npz'",
        ),
        (
            {"name": "EfficientNetB0", "weights": "weights.h5"},
            "takes as weights imagenet, or none; not 'weights.h5'",
        ),
        (
            {"name": "shallow", "levels": "fc7"},
            "no level 'fc7'; there are: last, all, or any of conv1, conv2, conv3, feat",
        ),
        ({"name": "shallow", "levels": ""}, "no level ''"),
        ({"name": "shallow", "levels": "conv1,last"}, "no level 'last'"),
        (
            {"name": "shallow", "levels": "conv1,conv2,conv1"},
            "levels='conv1,conv2,conv1' names conv1 more than once",
        ),
    ],
    ids=str,
)
def test_an_error_names_the_choices(arguments, message):
    for function in (models.check, models.build):
        with pytest.raises(ValueError, match=message):
            function(**arguments)


def test_only_building_needs_the_file_of_weights():
    models.check("alexnet", weights="missing.npz")
    with pytest.raises(ValueError, match=r"no file of weights 'missing\.npz'"):
        models.build("alexnet", weights="missing.npz")
