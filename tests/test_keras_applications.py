"""Backbones of keras.applications: Keras' own features, levels, sizes and failures."""

import inspect

import keras
import numpy as np
import pytest

from rankiqa_tf import models
from rankiqa_tf.models import heads
from rankiqa_tf.models import keras_applications

SIDES = (97, 131)

# One of each preprocessing: to -1..1; inside the network; inside with two moments;
# blue first and less a mean.
NAMES = ("MobileNetV2", "MobileNetV3Small", "EfficientNetV2B0", "ResNet50")


@pytest.fixture(scope="module", params=NAMES)
def built(request):
    """A backbone of random weights: its name, model and levels."""
    keras.utils.set_random_seed(6)
    return request.param, *keras_applications.build(request.param)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((2, *SIDES, 3), np.float32)


def apply(model, images):
    # Called, not predicted: to compile each network would take most of the time.
    return np.array(model(images, training=False))


def test_features_are_those_of_keras_own_preprocessing_and_backbone(built, images):
    name, backbone, _ = built
    function = getattr(keras.applications, name)
    own = function(weights=None, include_top=False, input_shape=(None, None, 3))
    own.set_weights(backbone.get_weights())
    module = inspect.getmodule(function)
    expected = apply(own, module.preprocess_input(images * 255))
    assert expected.std() > 1e-3 * np.abs(expected).max() > 0
    np.testing.assert_allclose(
        apply(backbone, images),
        expected,
        rtol=1e-3,
        atol=1e-4 * np.abs(expected).max(),
    )


def test_scores_of_its_levels_are_alike_alone_and_loaded_by_keras(
    built, images, tmp_path
):
    _, backbone, levels = built
    # As models.build does, with the backbone that is there already; of its first half,
    # as Keras takes seconds to save and load all of it.
    features = [
        part for name in ("stride2", "stride8") for part in heads.pooled(levels[name])
    ]
    model = heads.attach(backbone, heads.standardised(features))
    scores = apply(model, images)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    alone = [apply(model, image[np.newaxis])[0] for image in images]
    np.testing.assert_allclose(scores, alone, rtol=1e-3, atol=1e-4)
    model.save(tmp_path / "model.keras")
    assert "rankiqa" not in model.to_json()
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(apply(loaded, images), scores)


def test_levels_halve_from_stride_2_to_the_output(built):
    name, backbone, levels = built
    assert tuple(levels) == keras_applications.levels_of(name)
    assert tuple(levels) == models.network(name).levels
    every = keras.Model(backbone.input, levels)
    found = every.compute_output_spec(keras.KerasTensor((1, 224, 256, 3)))
    sides = [found[level].shape[1:3] for level in levels]
    assert sides == [(224 // n, 256 // n) for n in (2, 4, 8, 16, 32)]
    assert levels["stride32"] is backbone.output


def test_convnext_begins_at_stride_4_and_nasnet_has_one_size():
    assert models.network("ConvNeXtTiny").levels == (
        "stride4",
        "stride8",
        "stride16",
        "stride32",
    )
    # Built, as both are exceptions.
    assert models.build("ConvNeXtTiny", levels="stride4").count_params() > 0
    model = models.build("NASNetMobile", levels="stride8")
    assert model.input_shape == (None, 224, 224, 3)
    assert models.network("NASNetMobile").smallest == 224


@pytest.mark.parametrize("name", keras_applications.names())
def test_sizes_are_those_that_keras_names(name):
    function = getattr(keras.applications, name)
    wrong = {"include_top": True, "weights": "imagenet", "input_shape": (1, 1, 3)}
    side = models.network(name).crop_size
    if not name.startswith(("MobileNet", "NASNet")):  # They name none, or another.
        with pytest.raises(ValueError, match=rf"should be \({side}, {side}, 3\)"):
            function(**wrong)
    side = models.network(name).smallest
    if not name.startswith("NASNet"):
        with pytest.raises(ValueError, match=f"at least {side}x{side}"):
            function(include_top=False, weights=None, input_shape=(1, 1, 3))


@pytest.mark.parametrize("name", keras_applications.names())
def test_preprocessing_is_that_of_keras(name):
    scale, offset, turned = keras_applications.preprocessing(name)
    pixels = np.random.default_rng(1).integers(0, 256, (1, 5, 7, 3)).astype(np.float32)
    found = scale * pixels + offset
    module = inspect.getmodule(getattr(keras.applications, name))
    np.testing.assert_allclose(
        found[..., ::-1] if turned else found,
        module.preprocess_input(pixels.copy()),
        rtol=1e-4,
        atol=1e-4,
    )


def test_preprocessing_that_is_not_affine_is_refused(monkeypatch):
    module = inspect.getmodule(keras.applications.MobileNetV2)
    monkeypatch.setattr(module, "preprocess_input", np.square)
    with pytest.raises(ValueError, match="MobileNetV2 needs preprocessing other"):
        keras_applications.preprocessing("MobileNetV2")


def test_weights_that_keras_wrote_are_loaded(tmp_path):
    keras.utils.set_random_seed(7)
    own = keras.applications.MobileNet(weights=None, include_top=False)
    own.save_weights(tmp_path / "mobilenet.weights.h5")
    loaded, _ = keras_applications.build(
        "MobileNet", weights=str(tmp_path / "mobilenet.weights.h5")
    )
    for weight, expected in zip(loaded.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    with pytest.raises(ValueError, match="is not a file of Keras' MobileNetV2 without"):
        models.build("MobileNetV2", weights=str(tmp_path / "mobilenet.weights.h5"))
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    with pytest.raises(
        ValueError, match=r"broken\.h5 is not a file of Keras' MobileNet"
    ):
        models.build("MobileNet", weights=str(tmp_path / "broken.h5"))


@pytest.mark.parametrize("name", ["MobileNet", "vgg16"])
def test_a_failed_download_says_what_else_can_be_done(name, monkeypatch):
    def fail(*_, **__):
        raise Exception("URL fetch failure")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fail)
    with pytest.raises(ValueError, match=r"could not be downloaded: use a file.*or us"):
        models.build(
            name, weights="imagenet", levels="conv1" if name == "vgg16" else "last"
        )
