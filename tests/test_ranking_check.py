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


def make(photos, seed=1):
    return ranking_check.RankingCheck(
        versions.MadeAnew(photos[:2], "live"), crop_size=CROP, seed=seed
    )


@pytest.fixture(scope="module")
def check(photos):
    return make(photos)


def red(sign=1):
    """A model whose score is the mean of red."""
    image = keras.Input([CROP, CROP, 3])
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(sign * image)[:, 0])


def test_every_photo_is_scored_at_every_level_of_every_distortion(check, pixels):
    pictures = []

    def score(picture):
        pictures.append(picture)
        return len(pictures)

    result = check.whole_photos(score)
    assert result.names == tuple(row.name for row in ROWS)
    expected = np.arange(1.0, 49).reshape(2, 4, 6)
    np.testing.assert_array_equal(result.scores, expected, strict=True)
    versions = itertools.product(pixels, ROWS, range(6))
    for picture, (photo, row, level) in zip(pictures, versions, strict=True):
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


@pytest.mark.parametrize(("sign", "accuracy"), [(-1, 1.0), (1, 0.0)])
def test_scores_that_fall_with_the_level_are_accurate(check, sign, accuracy):
    numbers = itertools.count()
    figures = check.whole_photos(lambda _: sign * next(numbers)).summary("rank")
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
    figures = result.summary("look")
    # blur: one photo all right, one all wrong. noise: a tie in the first photo.
    np.testing.assert_allclose(figures["look/pair_accuracy/blur"], 1 / 2)
    np.testing.assert_allclose(figures["look/pair_accuracy/noise"], (2 / 3 + 1) / 2)
    np.testing.assert_allclose(figures["look/pair_accuracy"], (1 / 2 + 5 / 6) / 2)
    # blur: the photos' orders cancel. noise: ranks 2.5 2.5 1 6 5 4 of the scores and
    # 5.5 3.5 1.5 5.5 3.5 1.5 of quality; the sum of products of their deviations from
    # 3.5 is 7, that of the squares 17 and 16.
    np.testing.assert_allclose(figures["look/srocc/blur"], 0, atol=1e-12)
    np.testing.assert_allclose(figures["look/srocc/noise"], 7 / (17 * 16) ** 0.5)
    np.testing.assert_allclose(figures["look/srocc"], 3.5 / (17 * 16) ** 0.5)


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
        for score in scores[:, 0]:  # Level 0 under each distortion, each a new crop.
            assert np.abs(means - score).min() < 1e-5
        assert len(np.unique(scores[:, 0])) == len(ROWS)


def test_single_crops_stay_the_same_for_the_next_model(check):
    first = check.single_crops(red()).scores
    np.testing.assert_allclose(check.single_crops(red(-1)).scores, -first, rtol=1e-6)


def test_the_seed_decides(check, photos):
    first = check.single_crops(red()).scores
    np.testing.assert_array_equal(make(photos).single_crops(red()).scores, first)
    assert (make(photos, seed=2).single_crops(red()).scores != first).any()
    mean = check.whole_photos(np.mean).scores
    np.testing.assert_array_equal(make(photos).whole_photos(np.mean).scores, mean)
    other = make(photos, seed=2).whole_photos(np.mean).scores
    noise = [row.random for row in ROWS]
    # Only noise is random where photos are not cut.
    assert (other[:, noise, 1:] != mean[:, noise, 1:]).all()
    np.testing.assert_array_equal(other[:, np.invert(noise)], mean[:, np.invert(noise)])
