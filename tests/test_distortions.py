"""The distortions: what all of them must do, and each against something independent."""

import dataclasses
import functools
import inspect
import math

import numpy as np
import pytest
import tensorflow as tf
from kind_tables import EXTREMES
from kind_tables import OUT_OF_RANGE
from kind_tables import REACHES
from pictures import assert_same_everywhere
from pictures import make_photo
from pictures import psnr

import distortions
from distortions import _uint8
from distortions import chance
from distortions import denoising
from distortions import jpeg
from distortions import noise
from distortions import patches
from distortions import sparse_sampling

SEED = (3, 14)
# Odd, unequal sides; tiny; one JPEG block; a line; a pixel.
SIZES = ((37, 53), (5, 7), (16, 16), (1, 3), (1, 1))


def first_rows():
    """Each function once, in the first preset that has it, and its extremes."""
    rows = {}
    for preset in distortions.PRESETS.values():
        for row in preset.rows:
            parameters = row.parameters + EXTREMES.get(row.function, ())
            longer = dataclasses.replace(row, parameters=parameters)
            rows.setdefault(row.function, (f"{preset.name}-{row.name}", longer))
    return rows.values()


ROWS_OF = {row.function for _, row in first_rows()}


def rows_that(holds):
    """Parametrizes a test over those rows of which this holds."""
    chosen = [pytest.param(row, id=name) for name, row in first_rows() if holds(row)]
    return pytest.mark.parametrize("row", chosen)


EVERY = rows_that(lambda row: True)
# Of patches a small photo has too few: tests/test_patches.py counts those of a crop.
EVERY_LOCAL_NOISE = rows_that(
    lambda row: row.reach and row.random and "patches" not in row.function.__module__
)
# Without chance there would be none of these.
EVERY_BUT_DOTS_AND_PATCHES = rows_that(
    lambda row: (
        row.function
        not in (
            noise.impulse_noise,
            noise.random_valued_impulse_noise,
            patches.block_distortion,
            patches.mean_blocks,
            patches.pattern_noise,
        )
    )
)


# What all must do.


@EVERY
def test_every_level_keeps_shape_dtype_and_range(row):
    images = [make_photo(*size) for size in SIZES]
    images += [np.full((37, 53, 3), value, np.float32) for value in (0, 0.3, 1)]
    for level in range(len(row.parameters) + 1):
        for image in images:
            distorted = row.distort(tf.constant(image), level, seed=SEED).numpy()
            assert distorted.shape == image.shape
            assert distorted.dtype == np.float32
            assert 0 <= distorted.min() <= distorted.max() <= 1, (level, image.shape)


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
def test_eager_graph_and_dataset_give_the_same_image(row):
    # At the strongest level; a box, below, is cut in a graph at the weakest.
    distort = functools.partial(row.distort, level=len(row.parameters), seed=SEED)
    assert_same_everywhere(distort, [tf.constant(make_photo(*size)) for size in SIZES])


@EVERY
@pytest.mark.parametrize("shape", [(37, None, 3), (None, 53, 3)], ids=str)
def test_keeps_what_is_known_of_the_shape(row, shape):
    function = tf.function(
        lambda image: row.distort(image, 1, seed=SEED),
        input_signature=[tf.TensorSpec(shape, tf.float32)],
    )
    assert function.get_concrete_function().output_shapes.as_list() == list(shape)


@EVERY
def test_seed_may_come_from_the_dataset(row):
    image = tf.constant(make_photo(37, 53))
    level = len(row.parameters)
    seeds = tf.constant([[1, 2], [-(2**31), 2**31 - 1]])
    dataset = tf.data.Dataset.from_tensor_slices(seeds).map(
        lambda seed: row.distort(image, level, seed=seed)
    )
    for seed, distorted in zip(seeds, dataset, strict=True):
        expected = row.distort(image, level, seed=seed)
        np.testing.assert_allclose(distorted, expected, atol=1e-6)


def tiled_chance(shape, seed):
    """As chance.uniform, but the same in each window of the denoiser."""
    window = np.random.default_rng(0).uniform(size=(denoising.GRID,) * 2)
    rows, columns = (np.arange(side) % denoising.GRID for side in shape)
    return tf.constant(window[np.ix_(rows, columns)], tf.float32)


@EVERY_BUT_DOTS_AND_PATCHES
def test_without_chance_a_box_is_a_part_of_the_distorted_photo(row, monkeypatch):
    photo = tf.constant(make_photo(150, 201))
    if row.reach:  # Others make the whole photo, with the same chance.
        monkeypatch.setattr(chance, "normal", lambda shape, seed: tf.zeros(shape))
    if row.function is sparse_sampling.sparse_sampling:
        monkeypatch.setattr(chance, "uniform", tiled_chance)
    for level in range(len(row.parameters) + 1):
        whole = row.distort(photo, level, seed=SEED).numpy()
        for top, left, height, width in (
            (0, 0, 150, 201),
            (61, 77, 27, 41),
            (0, 131, 33, 70),
        ):
            box = tf.constant([top, left, height, width])
            part = row.distort_box(photo, level, box, seed=SEED).numpy()
            expected = whole[top : top + height, left : left + width]
            # Sums over a window and over a photo may round differently.
            np.testing.assert_allclose(part, expected, atol=2e-6)


def test_reaches_by_hand():
    local = {row.function for _, row in first_rows() if row.reach}
    assert local == {function for function in REACHES if function in ROWS_OF}
    for function, (parameters, margin, grid) in REACHES.items():
        reach = function.kind.reach
        found = int(reach.margin(*parameters)), reach.grid
        assert found == (margin, grid), function.__name__


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
            psnr(whole[inside], photo[inside]),
            abs=1,  # Of few dots each counts.
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


def test_distort_takes_the_parameter_of_its_level():
    image = make_photo(37, 53)
    np.testing.assert_array_equal(
        distortions.distort(image, "jpeg", 2), jpeg.jpeg(image, 12)
    )
    np.testing.assert_array_equal(
        distortions.distort(image, "white_noise", 1, preset="live", seed=SEED),
        noise.white_noise(image, 2**-10, seed=SEED),
    )


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


@EVERY
def test_functions_refuse_what_is_no_number(row):
    seeds = {"seed": SEED} if row.random else {}
    for name in row.arguments(1):
        for bad in (math.nan, math.inf, -math.inf):
            arguments = row.arguments(1) | {name: bad} | seeds
            with pytest.raises(ValueError, match=rf"must be .*, not {bad}"):
                row.function(tf.constant(make_photo(5, 7)), **arguments)


@EVERY
def test_functions_refuse_parameters_just_out_of_range(row):
    image = tf.constant(make_photo(5, 7))
    seeds = {"seed": SEED} if row.random else {}
    for parameters, message in OUT_OF_RANGE[row.function].items():
        with pytest.raises(ValueError, match=message):
            row.function(image, *parameters, **seeds)
