"""Agreement of scores with opinions, against SciPy and by hand."""

import json
import warnings

import numpy as np
import pytest
import scipy.stats

from rankiqa_tf import metrics

EVERY = pytest.mark.parametrize("metric", metrics.CORRELATIONS_AND_ERROR.values())


def data(kind):
    generator = np.random.default_rng(0)
    scores = generator.normal(size=200)
    opinions = scores + generator.normal(size=200)
    return (scores.round(), opinions.round()) if kind == "tied" else (scores, opinions)


@pytest.mark.parametrize("kind", ["distinct", "tied"])
def test_correlations_are_scipys(kind):
    scores, opinions = data(kind)
    for metric, function in (
        (metrics.srocc, scipy.stats.spearmanr),
        (metrics.lcc, scipy.stats.pearsonr),
        (metrics.krocc, scipy.stats.kendalltau),
    ):
        found = metric(scores, opinions)
        assert isinstance(found, float)
        np.testing.assert_allclose(found, function(scores, opinions).statistic)


def test_correlations_by_hand():
    scores, opinions = [1, 2, 3, 4], [10, 30, 20, 60]
    # Ranks 1 2 3 4 and 1 3 2 4: 1 - 6 * (1 + 1) / (4 * 15).
    np.testing.assert_allclose(metrics.srocc(scores, opinions), 0.8)
    # Five of six pairs in order, one not.
    np.testing.assert_allclose(metrics.krocc(scores, opinions), 4 / 6)
    # Deviations -1.5 -.5 .5 1.5 and -20 0 -10 30: 70 / sqrt(5 * 1400).
    np.testing.assert_allclose(metrics.lcc(scores, opinions), 70 / 7000**0.5)


def test_ties_have_their_mean_rank():
    # Ranks 1.5 1.5 3 and 1 2 3, of mean 2: deviations -.5 -.5 1 and -1 0 1.
    # (.5 + 0 + 1) / sqrt(1.5 * 2)
    np.testing.assert_allclose(metrics.srocc([7, 7, 9], [1, 2, 3]), 1.5 / 3**0.5)
    # Two pairs in order, one tied in the scores: 2 / sqrt(2 * 3).
    np.testing.assert_allclose(metrics.krocc([7, 7, 9], [1, 2, 3]), 2 / 6**0.5)


def test_rank_correlations_see_the_order_only():
    scores, opinions = data("distinct")
    assert metrics.srocc(np.exp(scores), opinions) == metrics.srocc(scores, opinions)
    assert metrics.krocc(np.exp(scores), opinions) == metrics.krocc(scores, opinions)


def test_rmse_by_hand():
    # sqrt((9 + 0 + 16 + 0) / 4)
    assert metrics.rmse([4, 1, 2, 5], [1, 1, 6, 5]) == 2.5


def test_pair_accuracy_by_hand():
    falling = np.triu(np.ones((3, 3), bool), 1)
    assert metrics.pair_accuracy([3, 2, 1], falling) == 1
    assert metrics.pair_accuracy([1, 2, 3], falling) == 0
    # (0, 1) is wrong; (0, 2) and (1, 2) are right.
    np.testing.assert_allclose(metrics.pair_accuracy([2, 3, 1], falling), 2 / 3)
    # Of the last two nothing is known; of the two pairs one is tied, and so wrong.
    known = [[False, True, True], [False] * 3, [False] * 3]
    assert metrics.pair_accuracy([5, 4, 5], known) == 0.5


def test_pair_accuracy_needs_an_order_of_as_many_as_there_are_scores():
    with pytest.raises(ValueError, match=r"order of 3 scores .* shape \(2, 2\)"):
        metrics.pair_accuracy([1, 2, 3], np.ones((2, 2), bool))


def test_constant_data_have_no_correlation_and_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in (metrics.srocc, metrics.lcc, metrics.krocc):
            assert np.isnan(metric([1, 1, 1], [1, 2, 3]))
            assert np.isnan(metric([1, 2, 3], [4, 4, 4]))
        assert np.isnan(metrics.pair_accuracy([1, 2], np.zeros((2, 2), bool)))


@EVERY
@pytest.mark.parametrize(
    ("scores", "opinions"),
    [([1, 2], [1, 2, 3]), ([1], [1]), ([], []), ([[1, 2]], [[1, 2]])],
)
def test_refuses_what_is_no_pair_of_lists(metric, scores, opinions):
    with pytest.raises(ValueError, match="two lists of the same length, at least 2"):
        metric(scores, opinions)


@EVERY
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_refuses_what_is_no_finite_number(metric, number):
    with pytest.raises(ValueError, match="not a finite number"):
        metric([1, 2, number], [1, 2, 3])
    with pytest.raises(ValueError, match="not a finite number"):
        metric([1, 2, 3], [1, 2, number])


def test_figures_that_are_no_number_are_null_in_json():
    text = metrics.to_json({"srocc": float("nan"), "rmse": 0.5, "photos": 3})
    assert json.loads(text) == {"srocc": None, "rmse": 0.5, "photos": 3}
