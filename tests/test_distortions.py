"""The distortions: what all of them must do, and each against something independent."""

import dataclasses
import functools
import inspect
import math
import types

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from pictures import assert_same_everywhere
from pictures import make_photo
from pictures import psnr
from PIL import Image

import distortions
from distortions import _uint8
from distortions import released_code
from distortions.blur import gaussian_blur
from distortions.jpeg import jpeg
from distortions.jpeg2000 import jpeg2000
from distortions.noise import white_noise
from rankiqa_tf.data.references import embedded_photos

SEED = (3, 14)
SIZES = ((37, 53), (5, 7), (16, 16))  # Odd, unequal sides; tiny; one JPEG block.

EVERY_PRESET = pytest.mark.parametrize(
    "preset", distortions.PRESETS.values(), ids=lambda preset: preset.name
)


def rows_that(holds, rows):
    """Parametrizes a test over those rows of which this holds."""
    chosen = [
        pytest.param(row, id=f"{preset}-{row.name}")
        for preset, row in rows
        if holds(row)
    ]
    return pytest.mark.parametrize("row", chosen)


ROWS = [(p.name, row) for p in distortions.PRESETS.values() for row in p.rows]
# Each function once, in the first preset that has it: what its code does.
FUNCTIONS = list({row.function: (name, row) for name, row in reversed(ROWS)}.values())
EVERY = rows_that(lambda row: True, FUNCTIONS)
# Of patches a small photo has too few: tests/test_patches.py counts those of a crop.
EVERY_LOCAL_NOISE = rows_that(
    lambda row: row.reach and row.random and "patches" not in row.function.__module__,
    FUNCTIONS,
)
EVERY_ROW = rows_that(lambda row: True, ROWS)
# The released code takes another colour at each level, which it ranks all the same.
EVERY_RANKED = rows_that(
    lambda row: (
        row.better()[1:].any() and row.function is not released_code.mean_colour_blocks
    ),
    ROWS,
)
EVERY_SIZE = pytest.mark.parametrize(
    "size", SIZES, ids=lambda size: "{}x{}".format(*size)
)


# What all must do.


@EVERY
@EVERY_SIZE
def test_every_level_keeps_shape_dtype_and_range(row, size):
    image = tf.constant(make_photo(*size))
    for level in range(len(row.parameters) + 1):
        distorted = row.distort(image, level, seed=SEED)
        assert distorted.shape == image.shape
        assert distorted.dtype == tf.float32
        assert 0 <= tf.reduce_min(distorted) <= tf.reduce_max(distorted) <= 1


@EVERY
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_stay_in_range(row, value):
    image = tf.fill([37, 53, 3], value)
    for level in range(len(row.parameters) + 1):
        distorted = row.distort(image, level, seed=SEED)
        assert 0 <= tf.reduce_min(distorted) <= tf.reduce_max(distorted) <= 1


@EVERY
def test_level_0_is_the_image(row):
    image = make_photo(37, 53)
    np.testing.assert_array_equal(row.distort(image, 0, seed=SEED), image)


@EVERY
def test_does_not_change_its_argument(row):
    image = make_photo(37, 53)
    before = image.copy()
    row.distort(tf.constant(image), 1, seed=SEED)
    row.distort(image, 1, seed=SEED)
    np.testing.assert_array_equal(image, before)


@EVERY
def test_seed_decides_where_there_is_chance_and_nowhere_else(row):
    image = tf.constant(make_photo(37, 53))
    level = len(row.parameters)  # At level 1 a small image may be sent without error.
    first, again, other = (
        row.distort(image, level, seed=seed).numpy() for seed in (SEED, SEED, (3, 15))
    )
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) is not row.random


@EVERY
def test_seed_may_be_a_pair_an_array_or_a_tensor(row):
    image = tf.constant(make_photo(5, 7))
    expected = row.distort(image, 1, seed=SEED)
    # tf.data counts in int64.
    for seed in (list(SEED), np.array(SEED), tf.constant(SEED, tf.int64)):
        np.testing.assert_array_equal(row.distort(image, 1, seed=seed), expected)
    if row.random:
        seeds = {"seed": tf.constant(SEED, tf.int64)}
        row.function(image, *row.arguments(1).values(), **seeds)


@EVERY
@EVERY_SIZE
def test_eager_graph_and_dataset_give_the_same_image(row, size):
    image = tf.constant(make_photo(*size))
    for level in (1, len(row.parameters)):
        assert_same_everywhere(
            lambda image, level=level: row.distort(image, level, seed=SEED), image
        )


@EVERY
@pytest.mark.parametrize(
    "shape", [(37, 53, 3), (None, 53, 3), (None, None, 3)], ids=str
)
def test_keeps_what_is_known_of_the_shape(row, shape):
    function = tf.function(
        lambda image: row.distort(image, 1, seed=SEED),
        input_signature=[tf.TensorSpec(shape, tf.float32)],
    )
    assert function.get_concrete_function().output_shapes.as_list() == list(shape)


@EVERY
def test_seed_may_come_from_the_dataset(row):
    image = tf.constant(make_photo(37, 53))
    seeds = tf.constant([[1, 2], [3, 4]])
    dataset = tf.data.Dataset.from_tensor_slices(seeds).map(
        lambda seed: row.distort(image, 1, seed=seed)
    )
    for seed, distorted in zip(seeds, dataset, strict=True):
        expected = row.distort(image, 1, seed=seed)
        np.testing.assert_allclose(distorted, expected, atol=1e-6)


@functools.cache
def embedded_crops():
    """Parts of four of the embedded photos, float32 [4, 400, 448, 3]."""
    crops = []
    for path in embedded_photos()[::6]:
        with Image.open(path) as photo:
            crops.append(np.asarray(photo.convert("RGB"), np.float32)[:400, :448] / 255)
    return np.stack(crops)


@EVERY_RANKED
def test_error_grows_where_quality_falls(row):
    errors = np.zeros(len(row.parameters) + 1)
    for photo in embedded_crops():
        for level in range(1, len(errors)):
            distorted = row.distort(photo, level, seed=SEED).numpy()
            errors[level] += np.mean((distorted - photo) ** 2)
    better, worse = np.nonzero(row.better())
    assert (errors[better] < errors[worse]).all(), errors


@EVERY
def test_a_box_of_what_is_not_random_is_a_part_of_the_distorted_photo(row):
    photo = tf.constant(make_photo(150, 201))
    for level in range(len(row.parameters) + 1):
        whole = row.distort(photo, level, seed=SEED).numpy()
        for top, left, height, width in (
            (0, 0, 150, 201),
            (43, 61, 50, 67),
            (0, 131, 33, 70),
        ):
            box = tf.constant([top, left, height, width])
            part = row.distort_box(photo, level, box, seed=SEED).numpy()
            expected = whole[top : top + height, left : left + width]
            if row.random and row.reach and level:
                # It has noise of its own, as strong on average.
                assert part.shape == expected.shape
            else:
                # Sums over a window and over a photo may round differently.
                np.testing.assert_allclose(part, expected, atol=2e-6)


@EVERY
def test_a_box_may_be_cut_in_a_graph_that_knows_no_sizes(row):
    signature = [tf.TensorSpec([None, None, 3]), tf.TensorSpec([4], tf.int32)]

    @tf.function(input_signature=signature)
    def cut(image, box):
        return row.distort_box(image, 1, box, seed=SEED)

    photo, box = tf.constant(make_photo(37, 53)), tf.constant([5, 7, 16, 24])
    expected = row.distort_box(photo, 1, box, seed=SEED)
    np.testing.assert_allclose(cut(photo, box), expected, atol=1e-6)


@EVERY_LOCAL_NOISE
def test_a_box_of_a_random_row_is_as_far_from_the_photo_as_the_whole(row):
    photo = make_photo(150, 201)
    box = tf.constant([20, 31, 110, 130])
    inside = np.s_[20:130, 31:161]
    for level in (1, len(row.parameters)):
        part = row.distort_box(tf.constant(photo), level, box, seed=SEED).numpy()
        whole = row.distort(tf.constant(photo), level, seed=SEED).numpy()
        assert psnr(part, photo[inside]) == pytest.approx(
            psnr(whole[inside], photo[inside]), abs=0.5
        )


@EVERY
def test_functions_have_one_signature(row):
    image, *options = inspect.signature(row.function).parameters.values()
    assert image.name == "image"
    assert all(option.default is inspect.Parameter.empty for option in options)
    kinds = {option.name: option.kind for option in options}
    assert (kinds.pop("seed", None) is inspect.Parameter.KEYWORD_ONLY) is row.random
    assert set(kinds.values()) == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert list(kinds) == list(row.arguments(1))


@EVERY_ROW
def test_rows_have_as_many_parameters_as_their_function_takes(row):
    names = [n for n in inspect.signature(row.function).parameters if n != "seed"]
    for parameter in row.parameters:
        values = parameter if isinstance(parameter, tuple) else (parameter,)
        assert len(values) == len(names) - 1


@EVERY_ROW
def test_rows_say_where_their_numbers_come_from(row):
    assert row.source


@EVERY_PRESET
def test_a_preset_has_unique_names_and_as_many_levels_in_each_row(preset):
    assert preset.source
    assert len({row.name for row in preset.rows}) == len(preset.rows)
    assert {len(row.parameters) for row in preset.rows} == {preset.num_levels}
    assert distortions.PRESETS[preset.name] is preset
    assert all(preset.row(row.name) is row for row in preset.rows)


# The order of levels.


def test_policies_say_which_level_is_better_by_hand():
    def pairs(policy):
        row = dataclasses.replace(distortions.PRESETS["live"].rows[0], policy=policy)
        return np.argwhere(row.better()).tolist()

    assert pairs("descending") == [[i, j] for i in range(6) for j in range(i + 1, 6)]
    assert pairs("pristine_first") == [[0, j] for j in range(1, 6)]
    assert pairs("unordered") == []
    # (1, 4) follows from (1, 2) and (2, 4), (0, 4) from that and (0, 1).
    known = ((1, 2), (2, 4), (0, 1))
    expected = [[0, 1], [0, 2], [0, 4], [1, 2], [1, 4], [2, 4]]
    assert pairs(known) == expected


@pytest.mark.parametrize(
    "row", distortions.PRESETS["live_md"].rows, ids=lambda r: r.name
)
def test_live_md_is_a_grid(row):
    better = row.better()
    # A product of two chains of three has 6 * 6 pairs that are no worse in either, 9
    # of them an image with itself; and the photo is better than all nine.
    assert np.count_nonzero(better) == 27 + 9
    for one in range(1, 10):
        for other in range(1, 10):
            first, second = np.divmod([one - 1, other - 1], 3)
            falls = first[0] <= first[1] and second[0] <= second[1] and one != other
            assert better[one, other] == falls


@EVERY_ROW
def test_no_level_is_better_than_itself_or_both_better_and_worse(row):
    better = row.better()
    assert better.shape == (len(row.parameters) + 1,) * 2
    assert not (better & better.T).any()


# The table.


@pytest.mark.parametrize(
    ("name", "number", "parameters"),
    [
        # RankIQA's distortion_generator.m, worked out by hand.
        ("gaussian_blur", 8, (1.1667, 2.5, 6.5, 15.1667, 33.1667)),
        ("white_noise", 1, (0.000977, 0.005524, 0.022097, 0.088388, 1.0)),
        ("jpeg", 10, (43, 12, 7, 4, 0)),
        ("jpeg2000", 11, (52.17, 150, 342.86, 600, 1200)),
    ],
)
def test_live_has_the_levels_of_the_released_code(name, number, parameters):
    row = distortions.PRESETS["live"].row(name)
    assert row.number == number
    assert row.parameters == pytest.approx(parameters, rel=5e-4)
    assert row.policy == "descending"


def test_live_has_four_distortions_of_five_levels():
    live = distortions.PRESETS["live"]
    names = [row.name for row in live.rows]
    assert names == ["gaussian_blur", "white_noise", "jpeg", "jpeg2000"]
    assert live.num_levels == 5
    assert [row.name for row in live.rows if row.random] == ["white_noise"]
    assert [row.name for row in live.rows if not row.reach] == ["jpeg2000"]


def test_presets_are_read_only():
    assert isinstance(distortions.PRESETS, types.MappingProxyType)
    with pytest.raises(AttributeError):
        distortions.PRESETS["live"].rows[0].name = "another"


def test_distort_takes_the_parameter_of_its_level():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(
        distortions.distort(image, "jpeg", 2), jpeg(image, 12)
    )
    np.testing.assert_array_equal(
        distortions.distort(image, "white_noise", 1, preset="live", seed=SEED),
        white_noise(image, 2**-10, seed=SEED),
    )


# Gaussian blur.


@pytest.mark.parametrize("sigma", [0.3, 7 / 6, 6.5, 199 / 6])
@pytest.mark.parametrize("size", [(150, 201), (37, 53), (30, 20), (16, 16), (1, 3)])
def test_gaussian_blur_is_that_of_scipy(size, sigma):
    image = make_photo(*size)
    expected = scipy.ndimage.gaussian_filter(
        image.astype(np.float64), (sigma, sigma, 0), mode="reflect", truncate=4.0
    )
    np.testing.assert_allclose(gaussian_blur(image, sigma), expected, atol=2e-6)


def test_gaussian_blur_of_a_point_is_the_gaussian():
    image = np.zeros((61, 61, 3), np.float32)
    image[30, 30] = 1
    blurred = gaussian_blur(image, 2.0).numpy()
    # exp(-d^2 / 8) / (8 pi) at d = 0 and d = 3; the sum over pixels is its integral.
    np.testing.assert_allclose(blurred[30, 30], 1 / (8 * math.pi), rtol=1e-3)
    np.testing.assert_allclose(blurred[30, 33], math.exp(-9 / 8) / (8 * math.pi), 1e-3)
    np.testing.assert_allclose(blurred.sum(axis=(0, 1)), 1, rtol=1e-5)


# Bytes.


def test_bytes_come_back_as_they_were():
    levels = tf.range(256)
    image = tf.cast(levels, tf.float32) / 255
    np.testing.assert_array_equal(_uint8.from_float(image), levels)
    np.testing.assert_array_equal(_uint8.to_float(_uint8.from_float(image)), image)


def test_bytes_are_rounded_to_the_nearest():
    image = tf.constant([0.49, 0.51, 254.49, 254.51]) / 255
    np.testing.assert_array_equal(_uint8.from_float(image), [0, 1, 254, 255])


# Errors say what was got and what would be right.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "dead"}, r"no preset 'dead'; there are: .*live"),
        ({"name": "rain"}, r"no distortion 'rain' in 'live'; .* gaussian_blur, white_"),
        ({"level": 6}, r"jpeg has the levels 0\.\.5, not 6"),
        ({"level": -1}, r"jpeg has the levels 0\.\.5, not -1"),
        ({"name": "white_noise"}, r"seed must be a pair of ints, not None"),
        ({"name": "white_noise", "level": 0}, r"seed must be a pair of ints, not None"),
        ({"name": "white_noise", "seed": 7}, r"seed must be a pair of ints, not 7"),
        ({"image": np.zeros((5, 7, 3), np.uint8)}, r"must be float32 .* not uint8"),
        ({"image": np.zeros((5, 7), np.float32)}, r"\[height, .* not float32 \(5, 7\)"),
    ],
)
def test_distort_refuses_what_it_has_not(arguments, message):
    defaults = {"image": make_photo(5, 7), "name": "jpeg", "level": 1}
    with pytest.raises(ValueError, match=message):
        distortions.distort(**(defaults | arguments))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@EVERY
def test_functions_refuse_parameters_out_of_range(row, bad):
    seeds = {"seed": SEED} if row.random else {}
    for name in row.arguments(1):
        arguments = row.arguments(1) | {name: bad} | seeds
        with pytest.raises(ValueError, match=rf"must be .*, not {bad}"):
            row.function(tf.constant(make_photo(5, 7)), **arguments)


@pytest.mark.parametrize(
    ("function", "parameter", "message"),
    [
        (gaussian_blur, 0, "sigma must be more than 0 pixels, not 0"),
        (jpeg, 101, r"quality must be a whole number of 0\.\.100, not 101"),
        (jpeg, 4.5, r"quality must be a whole number of 0\.\.100, not 4\.5"),
        (jpeg2000, 0.9, r"ratio must be at least 1, not 0\.9"),
    ],
)
def test_functions_refuse_parameters_just_out_of_range(function, parameter, message):
    with pytest.raises(ValueError, match=message):
        function(tf.constant(make_photo(5, 7)), parameter)
