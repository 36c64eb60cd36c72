"""How a score compares with those of a collection."""

import numpy as np
import pytest

from rankiqa_tf.scores.percentiles import percentile

TENS = tuple(10.0 * number for number in range(101))  # 0, 10, ... 1000.


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (-5.0, 0),  # Below all.
        (0.0, 0),
        (9.9, 0),
        (10.0, 1),
        (834.0, 83),  # Between 830 and 840.
        (999.0, 99),
        (1000.0, 100),
        (2000.0, 100),  # Above all.
    ],
)
def test_a_score_is_better_than_so_many_whole_percent(score, expected):
    assert percentile(score, TENS) == expected


def test_of_equal_scores_a_photo_is_better_than_none():
    assert percentile(3.0, (3.0,) * 101) == 0
    # 0 to 40 % are below 1, 41 to 60 % are 1.
    steps = (0.0,) * 41 + (1.0,) * 20 + (2.0,) * 40
    assert percentile(1.0, steps) == 41
    assert percentile(1.5, steps) == 60


def test_it_is_the_share_of_the_photos_that_were_measured():
    random = np.random.default_rng(0)
    scores = random.normal(size=10_000)
    percentiles = np.quantile(scores, np.linspace(0, 1, 101)).tolist()
    for score in random.normal(size=50):
        share = 100 * np.mean(scores < score)
        assert share - 1.001 <= percentile(score, percentiles) <= share + 0.001


def test_without_percentiles_there_is_nothing_to_compare_with():
    assert percentile(1.0, ()) is None
