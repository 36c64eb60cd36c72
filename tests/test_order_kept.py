"""Shares of pairs in the right order, by hand."""

import math

import numpy as np
import pytest

import distortions
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation.ranking_check import LevelScores

# Two photos under three kinds at levels 0 to 3.
SCORES = np.array(
    [
        [[9, 8, 7, 6], [9, 9, 9, 8], [5, 1, 2, 3]],
        [[4, 5, 3, 1], [4, 6, 3, 3], [5, 1, 2, 3]],
    ],
    float,
)
_FALLING = np.triu(np.ones((4, 4), bool), 1)
_PRISTINE_FIRST = np.zeros((4, 4), bool)
_PRISTINE_FIRST[0, 1:] = True


@pytest.fixture(scope="module")
def kept():
    better = np.stack([_FALLING, _PRISTINE_FIRST, np.zeros((4, 4), bool)])
    return order_kept.measure(LevelScores(("a", "b_c", "none"), SCORES, better))


def test_shares_are_those_counted_by_hand(kept):
    a, b = kept
    assert (a.name, b.name) == ("a", "b_c")  # Nothing is known of the third.
    assert a.photo == (0.5, 1.0, 1.0)
    assert a.levels == 1.0
    # Of six pairs each photo has; the second has 4 < 5 and no other in the wrong order.
    assert (a.pairs, b.pairs) == pytest.approx((11 / 12, 0.5))
    assert b.photo == (0.0, 0.5, 1.0)  # A tie is not in order.
    assert math.isnan(b.levels)
    assert (a.from_level_2, b.from_level_2) == (1.0, 0.75)


def test_figures_have_the_mean_and_each_kind(kept):
    found = order_kept.summary(kept, "test")
    assert found == pytest.approx(
        {
            "test/order_kept/photo": (2.5 / 3 + 0.5) / 2,
            "test/order_kept/photo/a": 2.5 / 3,
            "test/order_kept/photo/b_c": 0.5,
            "test/order_kept/photo_from_level_2": 0.875,
            "test/order_kept/photo_from_level_2/a": 1.0,
            "test/order_kept/photo_from_level_2/b_c": 0.75,
            "test/order_kept/levels": 1.0,
            "test/order_kept/levels/a": 1.0,
        }
    )


def test_table_has_the_mean_and_a_line_a_kind(kept):
    block = order_kept.table(kept)
    assert block.columns[:3] == ("all pairs", "level 1", "level 2")
    mean, a, b = block.lines
    assert (mean.title, a.title, b.title) == ("mean", "a", "b c")
    assert b.cells == ("0.500", "0.000", "0.500", "1.000", "0.750", "-")
    assert mean.cells == ("0.708", "0.250", "0.750", "1.000", "0.875", "1.000")


@pytest.mark.parametrize("preset", ["live", "tid2013", "camera"])
def test_a_scorer_that_knows_levels_keeps_every_order_that_falls(preset):
    rows = distortions.PRESETS[preset]
    scores = np.tile(-np.arange(6.0), (2, len(rows.rows), 1))
    names = tuple(row.name for row in rows.rows)
    kept = order_kept.measure(LevelScores(names, scores, rows.better()))
    falling = {row.name for row in rows.rows if row.policy == "descending"}
    assert {row.name for row in kept if row.photo == (1.0,) * 5} >= falling
