"""Weight files: what fits is loaded, what does not is reported."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from rankiqa_tf import models
from rankiqa_tf.models import weight_file


def chain():
    """Two convolutions and a dense layer, which files do not have."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 3),
            keras.layers.Conv2D(4, 1),
            keras.layers.Dense(5),
        ]
    )


def arrays():
    generator = np.random.default_rng(0)
    shapes = {
        "conv00_kernel": (3, 3, 3, 2),
        "conv00_bias": (2,),
        "conv01_kernel": (1, 1, 2, 4),
        "conv01_bias": (4,),
    }
    return {
        name: generator.normal(size=shape).astype(np.float16)
        for name, shape in shapes.items()
    }


def test_convolutions_are_filled_in_order_and_the_rest_stays(tmp_path):
    np.savez(tmp_path / "chain.npz", **arrays())
    model = chain()
    dense = model.layers[-1].get_weights()
    weight_file.fill_convolutions(model, tmp_path / "chain.npz")
    expected = [*arrays().values(), *dense]
    for weight, array in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(weight, array.astype(np.float32))


def test_everything_that_does_not_fit_is_named_and_nothing_is_changed(tmp_path):
    changed = arrays()
    changed["conv00_kernel"] = np.zeros((5, 5, 3, 2), np.float32)
    del changed["conv01_bias"]
    changed["conv02_kernel"] = np.zeros((1, 1, 4, 4), np.float32)
    np.savez(tmp_path / "chain.npz", **changed)
    model = chain()
    before = model.get_weights()
    with pytest.raises(ValueError, match="does not fit the network") as error:
        weight_file.fill_convolutions(model, tmp_path / "chain.npz")
    message = str(error.value)
    assert "chain.npz" in message
    assert "conv00_kernel is (5, 5, 3, 2), not (3, 3, 3, 2)" in message
    assert "no conv01_bias" in message
    assert "unknown conv02_kernel" in message
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("array", [np.array([1, 2]), np.array([1.0, np.nan]), "text"])
def test_only_finite_floats_are_read(array, tmp_path):
    np.savez(tmp_path / "weights.npz", conv00_bias=array)
    with pytest.raises(ValueError, match="conv00_bias must hold finite floats"):
        weight_file.read(tmp_path / "weights.npz")


def test_a_pickle_is_not_opened(tmp_path):
    np.savez(tmp_path / "weights.npz", conv00_bias=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"is not an \.npz file of arrays"):
        weight_file.read(tmp_path / "weights.npz")


def test_what_is_no_npz_file_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("nothing")
    np.save(tmp_path / "lone.npy", np.zeros(3))
    np.savez(tmp_path / "cut.npz", **arrays())
    cut = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(cut[: len(cut) // 2])
    for name in ("text.npz", "lone.npy", "cut.npz", "missing.npz"):
        with pytest.raises(ValueError, match=f"{name} is not an .npz file"):
            weight_file.read(tmp_path / name)


@pytest.mark.skipif(
    "RANKIQA_WEIGHTS" not in os.environ,
    reason="RANKIQA_WEIGHTS is to name a folder with the ImageNet weights",
)
@pytest.mark.parametrize(
    ("name", "file", "levels"),
    [
        ("alexnet", "alexnet_imagenet_convs_float16.npz", "conv1,conv5"),
        ("vgg16", "vgg16_imagenet_convs_float16.npz", "conv1,conv5"),
        ("efficientnet_lite0", "efficientnet_lite0_imagenet_float32.npz", "all"),
    ],
)
def test_published_files_fit(name, file, levels):
    path = Path(os.environ["RANKIQA_WEIGHTS"], file)
    model = models.build(name, weights=str(path), levels=levels)
    loaded = {array.tobytes() for array in model.get_weights()}
    for array in np.load(path).values():
        assert array.astype(np.float32).tobytes() in loaded
