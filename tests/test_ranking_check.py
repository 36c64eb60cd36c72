"""Scores of held-out photos at every level, with scorers whose scores are known."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import distortions
from rankiqa_tf import ranking_check

ROWS = distortions.PRESETS["live"].rows
NAMES = tuple(row.name for row in ROWS)
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
        photos[:2], preset="live", crop_size=CROP, seed=seed
    )


@pytest.fixture(scope="module")
def check(photos):
    return make(photos)


@pytest.fixture(scope="module")
def pictures(check):
    """The versions of two photos, in the order in which they are scored."""
    seen = []

    def score(picture):
        seen.append(picture)
        return -len(seen)

    result = check.whole_photos(score)
    assert result.names == NAMES
    np.testing.assert_array_equal(
        result.scores, -np.arange(1.0, 49).reshape(2, 4, 6), strict=True
    )
    return np.array(seen, object).reshape(2, 4, 6, *(() if False else ()))


def red():
    """A model whose score is the mean of red."""
    image = keras.Input([CROP, CROP, 3])
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image)[:, 0])


@pytest.mark.parametrize(("sign", "accuracy", "srocc"), [(-1, 1, -1), (1, 0, 1)])
def test_scores_that_fall_or_rise_with_every_level(check, sign, accuracy, srocc):
    count = itertools.count()
    figures = check.whole_photos(lambda _: sign * next(count)).summary("rank")
    for name in ("", *(f"/{name}" for name in NAMES)):
        assert figures[f"rank/pair_accuracy{name}"] == accuracy
        assert np.sign(figures[f"rank/srocc{name}"]) == -srocc
    assert len(figures) == 2 * 5
