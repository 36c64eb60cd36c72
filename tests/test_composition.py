"""Compositions: several distortions one after another, each with its own strength."""

import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf
from pictures import make_photo

import distortions
from distortions import blur
from distortions import chance
from distortions import jpeg
from distortions import noise

SEED = (3, 14)
LIVE = distortions.PRESETS["live"]
BLUR, NOISE, JPEG = (LIVE.row(n) for n in ("gaussian_blur", "white_noise", "jpeg"))


def compose(rows, strengths):
    return distortions.compose("several", rows, strengths, source="Here.")


def test_a_photo_goes_through_one_after_another():
    image = make_photo(37, 53)
    row = compose((BLUR, NOISE, JPEG), ((1, 2, 3), (0.5, 1, 2)))
    by_hand = jpeg.jpeg(
        noise.white_noise(blur.gaussian_blur(image, 7 / 6), 2**-7.5, seed=SEED), 7
    )
    np.testing.assert_array_equal(row.distort(image, 1, seed=SEED), by_hand)
    assert row.arguments(1) == {"sigma": 7 / 6, "variance": 2**-7.5, "quality": 7}
    assert row.arguments(2) == {"sigma": 7 / 12, "variance": 2**-10, "quality": 12}


def test_strength_0_leaves_one_out():
    image = make_photo(37, 53)
    row = compose((BLUR, JPEG), ((0, 2), (3, 0)))
    expected = jpeg.jpeg(image, 12), blur.gaussian_blur(image, 6.5)
    in_graph = tf.function(lambda level: row.at(level).distort(image))
    for level, of in enumerate(expected, 1):
        np.testing.assert_array_equal(row.distort(image, level), of)
        np.testing.assert_allclose(in_graph(tf.constant(float(level))), of, atol=1e-6)


def test_one_parameter_that_does_nothing_leaves_no_one_out():
    image = make_photo(37, 53)
    # No bits are flipped, but the quality of 90 is left.
    sent = distortions.PRESETS["tid2013"].row("jpeg_transmission_errors")
    sent = dataclasses.replace(sent, parameters=((90, 0.0),))
    row = compose((BLUR, sent), ((1, 1),))
    expected = jpeg.jpeg(blur.gaussian_blur(image, 7 / 6), 90)
    np.testing.assert_allclose(row.distort(image, 1, seed=SEED), expected, atol=1e-6)


def test_no_strength_less_and_one_greater_is_worse():
    strengths = list(itertools.product((0, 1, 2), repeat=3))[1:]
    row = compose((BLUR, NOISE, JPEG), strengths)
    better = row.better()
    for one, first in enumerate([(0, 0, 0), *strengths]):
        for other, second in enumerate([(0, 0, 0), *strengths]):
            falls = one != other and all(np.less_equal(first, second))
            assert better[one, other] == falls


def test_of_levels_that_are_no_ladder_the_order_is_the_rows_own():
    shift = distortions.PRESETS["tid2013"].row("mean_shift")
    assert not shift.better()[1, 2]  # A little darker and a little lighter: a tie.
    row = compose((shift, JPEG), ((1, 1), (2, 1), (3, 1), (2, 2), (2.5, 2), (3, 3)))
    found = {tuple(pair) for pair in np.argwhere(row.better()).tolist()}
    # In either level 3 looks worse; level 2 does so with more JPEG, and not beside 1.
    # What lies between two levels is not known to look worse than either.
    known = {(1, 3), (2, 3), (2, 4), (1, 6), (2, 6), (3, 6), (4, 6)}
    assert found == {(0, 1), (0, 2), (0, 3), (0, 4), (0, 6)} | known


def test_of_several_random_ones_each_has_a_seed_of_its_own():
    image = np.full((37, 53, 3), 0.5, np.float32)
    twice = distortions.chain(noise.white_noise, noise.white_noise)
    seeds = chance.split(tf.constant(SEED), 2)
    first = noise.white_noise(image, 0.001, seed=seeds[0])
    expected = noise.white_noise(first, 0.002, seed=seeds[1])
    np.testing.assert_array_equal(twice(image, 0.001, 0.002, seed=SEED), expected)
    # Two independent noises: their variances add up.
    assert np.var(expected) == pytest.approx(0.003, rel=0.1)


def test_parameters_of_the_same_name_are_told_apart():
    def names(*functions):
        return list(distortions.chain(*functions).kind.parameters)

    assert names(blur.gaussian_blur, jpeg.jpeg) == ["sigma", "quality"]
    assert names(noise.white_noise, noise.pink_noise) == [
        "white_noise_variance",
        "pink_noise_variance",
    ]
    assert names(jpeg.jpeg, blur.gaussian_blur, jpeg.jpeg) == [
        "jpeg_quality_1",
        "sigma",
        "jpeg_quality_3",
    ]


def test_a_chain_does_all_it_is_told_even_what_does_next_to_nothing():
    image = make_photo(37, 53)
    both = distortions.chain(blur.gaussian_blur, jpeg.jpeg)
    np.testing.assert_array_equal(
        both(image, 1, 100), jpeg.jpeg(blur.gaussian_blur(image, 1), 100)
    )
    with pytest.raises(ValueError, match="sigma must be more than 0 pixels, not 0"):
        both(image, 0, 50)


@pytest.mark.parametrize(
    ("rows", "strengths"),
    [
        ((BLUR, JPEG), ((2, 2),)),
        ((JPEG, BLUR), ((2, 2),)),
        ((BLUR, JPEG, BLUR), ((1, 2, 2),)),
        ((JPEG, BLUR, JPEG), ((2, 1, 3),)),
    ],
    ids=lambda value: (
        "-".join(row.name for row in value) if hasattr(value[0], "name") else ""
    ),
)
def test_a_box_of_a_composition_is_a_part_of_the_whole(rows, strengths):
    photo = tf.constant(make_photo(150, 201))
    row = compose(rows, strengths)
    whole = row.distort(photo, 1).numpy()
    for top, left, height, width in (
        (0, 0, 150, 201),
        (61, 77, 27, 41),
        (33, 131, 50, 70),
    ):
        part = row.distort_box(photo, 1, tf.constant([top, left, height, width]))
        np.testing.assert_allclose(
            part, whole[top : top + height, left : left + width], atol=2e-6
        )


def test_one_that_needs_the_whole_photo_makes_all_need_it():
    assert distortions.chain(blur.gaussian_blur, noise.pink_noise).kind.reach is None


def test_what_cannot_be_composed_is_named():
    with pytest.raises(
        ValueError, match="level 2 has 1 strengths, not 2, one for each"
    ):
        compose((BLUR, JPEG), ((1, 1), (1,)))
    with pytest.raises(ValueError, match="jpeg has strengths from 0 to 5, not 6"):
        compose((BLUR, JPEG), ((1, 6),))
    with pytest.raises(ValueError, match="cannot be composed: it must be made a kind"):
        distortions.chain(lambda image: image)
    with pytest.raises(ValueError, match="nothing to compose"):
        distortions.chain()
