"""Scores of held-out photos at every level, with scorers whose scores are known."""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import distortions
from rankiqa_tf.data import versions
from rankiqa_tf.evaluation import ranking_check

ROWS = distortions.PRESETS["live"].rows
CROP = 24


@pytest.fixture(scope="module")
def pixels(photos):
    found = []
    for path in photos[:2]:
        with Image.open(path) as image:
            found.append(np.asarray(image))
    return found


@pytest.fixture(scope="module")
def made(photos):
    """Versions that are traced once for all."""
    return versions.MadeAnew(photos[:2], distortions.PRESETS["live"])


def make(made, seed=1, count=0):
    return ranking_check.RankingCheck(made, crop_size=CROP, seed=seed, count=count)


@pytest.fixture(scope="module")
def check(made):
    return make(made)


def in_order(pictures):
    """Scores of no meaning: 1, 2, 3 and so on."""
    return [number for number, _ in enumerate(pictures, 1)]


def roughness(picture):
    """A score that tells versions apart: how far pixels are from their neighbours."""
    return np.abs(np.diff(np.rint(picture), axis=1)).mean()


def score_roughness(pictures):
    return [roughness(picture.astype(float)) for picture in pictures]


def red(sign=1):
    """A model whose score is the mean of red."""
    image = keras.Input([CROP, CROP, 3])
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(sign * image)[:, 0])


def test_pristine_photos_are_scored_once_and_stand_at_level_0_of_each_kind(check):
    result = check.whole_photos(in_order)
    assert result.names == tuple(row.name for row in ROWS)
    assert result.scores.max() == 2 * (1 + 4 * 5)
    first = np.array([[1, *range(5 * kind + 2, 5 * kind + 7)] for kind in range(4)])
    np.testing.assert_array_equal(result.scores, [first, first + 21])
    assert result.scores.dtype == np.float64


def test_every_photo_is_scored_at_every_level_of_every_distortion(check, pixels):
    pictures = []

    def score_many(given):
        for picture in given:
            pictures.append(picture)
            yield float(len(pictures))

    scores = check.whole_photos(score_many).scores
    for (number, photo), (kind, row), level in itertools.product(
        enumerate(pixels), enumerate(ROWS), range(6)
    ):
        picture = pictures[int(scores[number, kind, level]) - 1]
        assert picture.dtype == np.uint8
        if level == 0:
            np.testing.assert_array_equal(picture, photo)
        elif row.random:
            error = np.square(picture / 255 - photo / 255).mean()
            if level <= 2:  # Later much of the noise is cut off at black and white.
                np.testing.assert_allclose(error, row.parameters[level - 1], rtol=0.1)
        else:
            whole = row.distort(tf.constant(photo / np.float32(255)), level)
            # Up to a rounding: a graph may add up in another order.
            np.testing.assert_allclose(picture, np.rint(whole * 255), atol=1)


def test_versions_can_be_made_again_as_they_were_scored(check):
    first = []

    def score_many(given):
        for picture in given:
            first.append(picture)
            yield float(len(first))

    scores = check.whole_photos(score_many, keep_singles=True).scores
    wanted = [(1, 2, 3), (0, 1, 5), (1, 3, 0), (0, 0, 1)]
    versions_ = [(photo, ROWS[kind].name, level) for photo, kind, level in wanted]
    pictures = check.pictures(versions_)
    for place, version, picture in zip(wanted, versions_, pictures, strict=True):
        np.testing.assert_array_equal(picture, first[int(scores[place]) - 1])
        # What is distorted, noise included, is where the crop is from.
        windows = np.lib.stride_tricks.sliding_window_view(picture, (CROP, CROP, 3))
        assert (windows == check.single(*version)).all((3, 4, 5)).any()
    assert check.pictures([]) == []
    assert len(check.photos) == 2


def test_a_score_stands_at_its_photo_kind_and_level(made, pixels):
    scores = make(made).whole_photos(score_roughness).scores
    for photo, of_photo in zip(pixels, scores, strict=True):
        image = tf.constant(photo / np.float32(255))
        for row, of_kind in zip(ROWS, of_photo, strict=True):
            for level, score in enumerate(of_kind):
                if row.random and level:
                    continue
                whole = row.distort(image, level, seed=(0, 0))
                expected = roughness(whole.numpy() * 255)
                # Far less than what parts any two of them.
                assert score == pytest.approx(expected, abs=1e-3), (row.name, level)
    levels = scores[:, [not row.random for row in ROWS]]
    distinct = np.unique([levels[0, :, 1:], levels[1, :, 1:]])
    assert np.diff(distinct).min() > 1e-2


def test_photos_are_as_many_as_told_the_first_ones(made, check):
    every = check.whole_photos(score_roughness).scores
    for count, photos in ((1, 1), (100, 2), (0, 2)):
        capped = make(made, count=count)
        scores = capped.whole_photos(score_roughness).scores
        np.testing.assert_array_equal(scores, every[:photos], strict=True)
    assert make(made, count=1).single_crops(red()).scores.shape == (1, 4, 6)


@pytest.mark.parametrize(("sign", "accuracy"), [(-1, 1.0), (1, 0.0)])
def test_scores_that_fall_with_the_level_are_accurate(check, sign, accuracy):
    result = check.whole_photos(lambda pictures: sign * np.array(in_order(pictures)))
    figures = result.summary("rank")
    names = ["", *(f"/{row.name}" for row in ROWS)]
    assert list(figures) == [
        f"rank/{figure}{name}"
        for figure in ("pair_accuracy", "srocc")
        for name in names
    ]
    for name in names:
        assert figures[f"rank/pair_accuracy{name}"] == accuracy


def test_summary_by_hand():
    result = ranking_check.LevelScores(
        ("blur", "noise"),
        np.array([[[3.0, 2, 1], [5, 5, 4]], [[1, 2, 3], [9, 8, 7]]]),
        np.stack(2 * [np.triu(np.ones((3, 3), bool), 1)]),
    )
    figures = result.summary("held_out")
    # blur: one photo all right, one all wrong. noise: a tie in the first photo.
    np.testing.assert_allclose(figures["held_out/pair_accuracy/blur"], 1 / 2)
    np.testing.assert_allclose(figures["held_out/pair_accuracy/noise"], (2 / 3 + 1) / 2)
    np.testing.assert_allclose(figures["held_out/pair_accuracy"], (1 / 2 + 5 / 6) / 2)
    # blur: the photos' orders cancel. noise: ranks 2.5 2.5 1 6 5 4 of the scores and
    # 5.5 3.5 1.5 5.5 3.5 1.5 of quality; the sum of products of their deviations from
    # 3.5 is 7, that of the squares 17 and 16.
    np.testing.assert_allclose(figures["held_out/srocc/blur"], 0, atol=1e-12)
    np.testing.assert_allclose(figures["held_out/srocc/noise"], 7 / (17 * 16) ** 0.5)
    np.testing.assert_allclose(figures["held_out/srocc"], 3.5 / (17 * 16) ** 0.5)


def test_only_what_is_known_of_the_levels_is_summed_up():
    better = np.zeros((2, 3, 3), bool)
    better[0, 0] = [False, True, True]  # The first comes first; of the rest nothing.
    scores = np.array([[[3.0, 1, 2], [1, 2, 3]], [[3, 4, 2], [1, 2, 3]]])
    result = ranking_check.LevelScores(("blocks", "shift"), scores, better)
    figures = result.summary("rank")
    assert math.isnan(figures.pop("rank/srocc"))
    # Both pairs of the first photo are right, one of two of the second.
    expected = {"rank/pair_accuracy": 0.75, "rank/pair_accuracy/blocks": 0.75}
    assert figures == expected


def test_single_crops_are_parts_of_the_photo(check, pixels):
    result = check.single_crops(red())
    assert result.names == tuple(row.name for row in ROWS)
    assert result.scores.shape == (2, 4, 6)
    assert result.scores.dtype == np.float64
    for photo, scores in zip(pixels, result.scores, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(photo[..., 0], (CROP, CROP))
        means = windows.mean((2, 3)) / 255
        assert len(np.unique(scores[:, 0])) == 1  # The photo, cut once for all kinds.
        assert np.abs(means - scores[0, 0]).min() < 1e-5


class Placed:
    """Versions whose red says where a pixel is, made as often as `count` says."""

    names, num_levels, num_photos = ("one", "two"), 3, 2
    better = np.stack(2 * [np.triu(np.ones((4, 4), bool), 1)])
    shares_seed = np.zeros(2, bool)

    def __init__(self):
        self.count = 0

    def photo(self, content):
        return content

    def whole(self, photo, kind, level, seed):
        def make():
            self.count += 1
            return np.arange(256, dtype=np.uint8)

        red = tf.ensure_shape(tf.numpy_function(make, [], tf.uint8), [256])
        return tf.tile(red[tf.newaxis, :, tf.newaxis], [CROP, 1, 3])


def test_each_picture_is_cut_at_a_place_of_its_own_and_made_once():
    placed = Placed()
    check = make(placed)
    check.whole_photos(in_order, keep_singles=True)
    scores = check.single_crops(red()).scores
    assert placed.count == 2 * (1 + 2 * 3)
    lefts = np.rint(scores * 255 - (CROP - 1) / 2).astype(int)
    assert 0 <= lefts.min() < lefts.max() <= 256 - CROP
    # Of 14 in 233 places a third of a pair falls together on the mean.
    assert len(np.unique(lefts)) >= 12


def test_levels_share_the_seed_where_chance_is_in_events():
    seeds = []

    class Seeded(Placed):
        shares_seed = np.array([True, False])

        def whole(self, photo, kind, level, seed):
            def record(*numbers):
                seeds.append([int(number) for number in np.hstack(numbers)])
                return np.uint8(0)

            red = tf.numpy_function(record, [photo, kind, level, seed], tf.uint8)
            return tf.fill([CROP, CROP, 3], tf.ensure_shape(red, []))

    make(Seeded()).whole_photos(in_order)
    for content in range(2):
        of = {(kind, level): (a, b) for c, kind, level, a, b in seeds if c == content}
        events, noise = ([of[kind, level] for level in (1, 2, 3)] for kind in range(2))
        assert len(set(events)) == 1
        assert len(set(noise)) == 3
        assert not {*events} & {*noise}
    assert len({(a, b) for *_, a, b in seeds}) == 2 * (1 + 1 + 3)


def test_single_crops_stay_the_same_for_the_next_model(check):
    first = check.single_crops(red()).scores
    np.testing.assert_allclose(check.single_crops(red(-1)).scores, -first, rtol=1e-6)


def test_single_crops_are_those_of_the_whole_photos_that_were_scored(made, check):
    expected = check.single_crops(red()).scores
    whole_first = make(made)
    whole_first.whole_photos(in_order, keep_singles=True)
    np.testing.assert_array_equal(whole_first.single_crops(red()).scores, expected)


def test_the_seed_decides(made, check):
    again, other = make(made), make(made, seed=2)
    first, second, third = (
        each.whole_photos(score_roughness).scores for each in (check, again, other)
    )
    np.testing.assert_array_equal(second, first)
    noise = [row.random for row in ROWS]
    # Only noise is random where photos are not cut.
    assert (third[:, noise, 1:] != first[:, noise, 1:]).all()
    np.testing.assert_array_equal(
        third[:, np.invert(noise)], first[:, np.invert(noise)]
    )
    np.testing.assert_array_equal(third[..., 0], first[..., 0])
    first, second, third = (
        each.single_crops(red()).scores for each in (check, again, other)
    )
    np.testing.assert_array_equal(second, first)
    assert (third != first).mean() > 0.9
