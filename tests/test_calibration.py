"""Crops for the calibration of int8 models."""

import numpy as np
import pytest

import distortions
from export import calibration
from rankiqa_tf.data import decode

PRESETS = ("live", "csiq")  # All would take a while.


@pytest.fixture(scope="module")
def crops(photos, tmp_path_factory):
    path = tmp_path_factory.mktemp("calibration") / "crops.npy"
    count = calibration.write(path, size=33, photos=photos, presets=PRESETS)
    found = np.load(path)
    assert len(found) == count
    return found


def test_every_level_of_every_distortion_is_there_once(crops, photos):
    assert crops.shape == (len(photos) + 5 * (4 + 6), 33, 33, 3)
    assert crops.dtype == np.uint8
    different = np.unique(crops.reshape(len(crops), -1), axis=0)
    assert len(different) == len(crops)


def test_some_hundreds_are_made_of_three_presets_at_most():
    presets = [distortions.find_preset(name) for name in calibration.PRESETS]
    assert sum(each.num_levels * len(each.rows) for each in presets) == 255


def test_first_come_parts_of_the_photos(crops, photos):
    for crop, path in zip(crops, photos, strict=False):
        photo = decode.read_photo(path)
        windows = np.lib.stride_tricks.sliding_window_view(photo, (33, 33, 3))
        assert (windows == crop).all(axis=(-3, -2, -1)).any()


def test_the_range_of_pixels_is_there(crops):
    assert (crops.min(), crops.max()) == (0, 255)


def test_seed_decides(crops, photos, tmp_path):
    made = {}
    for name, seed in (("again", 0), ("other", 1)):
        path = tmp_path / f"{name}.npy"
        calibration.write(path, size=33, photos=photos, presets=["live"], seed=seed)
        made[name] = np.load(path)
    count = len(photos) + 5 * 4
    np.testing.assert_array_equal(made["again"], crops[:count])
    assert not np.array_equal(made["other"], crops[:count])


def test_crops_are_of_bounded_size(photos, tmp_path):
    path = tmp_path / "crops.npy"
    calibration.write(path, size=5000, photos=photos[:1], presets=["live"])
    assert np.load(path, mmap_mode="r").shape == (21, 512, 512, 3)


def test_refuses_a_preset_that_there_is_not(photos, tmp_path):
    with pytest.raises(ValueError, match="no preset 'lives'"):
        calibration.write(
            tmp_path / "crops.npy", size=8, photos=photos, presets=["lives"]
        )
    assert not list(tmp_path.iterdir())
