"""Crops, against NumPy and by hand."""

import numpy as np
import pytest
import tensorflow as tf
from batches import places

from rankiqa_tf.data import crop_grid
from rankiqa_tf.data import crops

IMAGE = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
# In graphs, and in NumPy.
EVERY_PAD = pytest.mark.parametrize("pad_to", [crops.pad_to, crop_grid.pad_to])
EVERY_GRID = pytest.mark.parametrize("cut", [crops.grid_crops, crop_grid.cut])
EVERY_DTYPE = pytest.mark.parametrize("dtype", [np.uint8, np.float32])


@EVERY_PAD
@EVERY_DTYPE
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (20, 64), (7, 224), (63, 64)])
def test_padding_is_numpys_symmetric(pad_to, shape, dtype):
    image = IMAGE.repeat(5, 1)[:63, : shape[1]].repeat(2, 0)[: shape[0]].astype(dtype)
    height, width = (max(64 - side, 0) for side in shape)
    ends = [(side // 2, side - side // 2) for side in (height, width)]
    padded = pad_to(image, 64)
    assert padded.dtype == dtype
    np.testing.assert_array_equal(padded, np.pad(image, [*ends, (0, 0)], "symmetric"))


@EVERY_PAD
def test_a_large_enough_image_is_not_padded(pad_to):
    np.testing.assert_array_equal(pad_to(IMAGE, 37), IMAGE)


@EVERY_DTYPE
def test_random_crop_is_a_part_of_the_image_and_the_seed_decides(dtype):
    image = IMAGE.astype(dtype)
    windows = np.lib.stride_tricks.sliding_window_view(image, (16, 16), axis=(0, 1))
    windows = np.moveaxis(windows, 2, -1)  # [22, 38, 16, 16, 3]
    found = set()
    for number in range(20):
        crop = crops.random_crop(image, 16, seed=(number, 1))
        np.testing.assert_array_equal(
            crop, crops.random_crop(image, 16, seed=(number, 1))
        )
        assert crop.dtype == dtype
        where = np.argwhere((windows == crop.numpy()).all((2, 3, 4)))
        assert len(where) == 1
        found.add(tuple(where[0]))
    assert len(found) > 15


def test_random_crop_reaches_the_first_and_the_last_place_equally_often():
    row = np.arange(5, dtype=np.uint8).reshape(1, 5, 1).repeat(3, 0)  # 3 places across
    seeds = tf.data.Dataset.range(900).map(lambda n: tf.stack([n, 7]))
    crop = seeds.map(lambda seed: crops.random_crop(row, 3, seed=seed)[0, 0, 0])
    counts = np.bincount([int(left) for left in crop], minlength=3)
    assert len(counts) == 3
    np.testing.assert_allclose(counts, 300, atol=60)  # 4 standard deviations


def test_random_crops_have_places_of_their_own_that_the_seed_decides():
    found = crops.random_crops(IMAGE, 16, count=12, seed=3)
    shown = [places(crop.numpy(), IMAGE) for crop in found]
    assert [len(each) for each in shown] == 12 * [1]
    assert len({each[0] for each in shown}) >= 11  # Of 836 places.
    again = crops.random_crops(IMAGE, 16, count=12, seed=3)
    np.testing.assert_array_equal(again, found)
    # The same in another photo of the same size.
    other = crops.random_crops(255 - IMAGE, 16, count=12, seed=3)
    np.testing.assert_array_equal(other, 255 - found.numpy())
    others = crops.random_crops(IMAGE, 16, count=12, seed=4)
    assert (others != found).numpy().any((1, 2, 3)).sum() >= 11


def test_random_crop_of_a_small_image_is_the_padded_image():
    image = IMAGE[:5, :7]
    crop = crops.random_crop(image, 16, seed=(0, 0))
    np.testing.assert_array_equal(crop, crops.pad_to(image, 16))


@pytest.mark.parametrize(
    ("side", "offsets"),
    [
        (10, [0]),
        (11, [0, 1]),
        (20, [0, 10]),
        (21, [0, 6, 11]),  # 11 / 2 = 5.5, rounded up
        (30, [0, 10, 20]),
        (33, [0, 8, 15, 23]),  # 23 / 3 = 7.67, 46 / 3 = 15.33
        (1000, [0, 330, 660, 990]),
        (100_000, [0, 33_330, 66_660, 99_990]),
    ],
)
def test_offsets_are_evenly_spaced_from_one_end_to_the_other(side, offsets):
    assert crops.grid_offsets(side, 10).numpy().tolist() == offsets
    assert crop_grid.offsets(side, 10) == offsets


def test_offsets_are_the_same_in_graphs_and_outside_of_them():
    for size in (7, 32):
        for side in range(size, 5 * size):
            expected = crops.grid_offsets(side, size).numpy().tolist()
            assert crop_grid.offsets(side, size) == expected


@EVERY_GRID
@EVERY_DTYPE
def test_grid_goes_row_by_row(cut, dtype):
    image = IMAGE.astype(dtype)
    # 37 by 20: offsets 0, 17. 53 by 20: 0, 16.5 rounded up, 33.
    expected = [image[y : y + 20, x : x + 20] for y in (0, 17) for x in (0, 17, 33)]
    grid = cut(image, 20)
    assert grid.dtype == dtype
    np.testing.assert_array_equal(grid, expected)


@EVERY_GRID
def test_grid_of_a_small_image_is_the_padded_image(cut):
    np.testing.assert_array_equal(
        cut(IMAGE[:5, :1], 64), crops.pad_to(IMAGE[:5, :1], 64)[None]
    )


@EVERY_GRID
def test_grid_has_at_most_16_crops(cut):
    assert cut(IMAGE, 3).shape == (16, 3, 3, 3)


def test_unknown_sizes_work_in_a_dataset():
    sizes = [(37, 53), (1, 1), (5, 40)]

    def cut(image):
        return crops.grid_crops(image, 16), crops.random_crop(image, 16, seed=(1, 2))

    photos = tf.data.Dataset.from_generator(
        lambda: (IMAGE[:height, :width] for height, width in sizes),
        output_signature=tf.TensorSpec([None, None, 3], tf.uint8),
    ).map(cut)
    assert photos.element_spec[0].shape.as_list() == [None, 16, 16, 3]
    assert photos.element_spec[1].shape.as_list() == [16, 16, 3]
    for (height, width), (grid, random) in zip(sizes, photos, strict=True):
        expected = cut(IMAGE[:height, :width])
        np.testing.assert_array_equal(grid, expected[0])
        np.testing.assert_array_equal(random, expected[1])
