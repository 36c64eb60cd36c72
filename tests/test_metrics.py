"""Agreement of scores with opinions, against SciPy and by hand."""

import json
import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from rankiqa_tf.evaluation import metrics

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


@pytest.mark.parametrize(
    "parameters",
    [(9, 1, 50, 10), (100, 0, 60, 30), (0.9, 0.2, 0.1, 0.05), (0, 100, -50, 15)],
    ids=["rises", "rises in part", "small unit", "falls"],
)
def test_logistic_fit_finds_the_curve_that_points_are_on(parameters):
    b1, b2, b3, b4 = parameters
    scores = b3 + b4 * np.random.default_rng(0).uniform(-3, 2, 50)
    # Written out as VQEG does.
    opinions = (b1 - b2) / (1 + np.exp(-(scores - b3) / abs(b4))) + b2
    np.testing.assert_allclose(metrics.logistic(scores, *parameters), opinions)
    found = metrics.fit_logistic(scores, opinions)
    np.testing.assert_allclose(found, parameters, atol=1e-6)
    np.testing.assert_allclose(metrics.lcc_logistic(scores, opinions), 1)


def noisy_curves(count):
    """Scores, and opinions that rise with them along curves from a step to a line."""
    random = np.random.default_rng(0)
    for _ in range(count):
        scores = random.normal(size=random.integers(8, 30))
        opinions = np.tanh(scores / random.uniform(0.1, 6))
        yield scores, opinions + random.normal(0, 0.3, scores.shape)


def test_opinions_turned_round_give_the_fit_turned_round():
    for scores, opinions in noisy_curves(60):
        b1, b2, *place = metrics.fit_logistic(scores, opinions)
        found = metrics.fit_logistic(scores, -opinions)
        np.testing.assert_allclose(found, (-b1, -b2, *place), rtol=1e-6)


def test_the_width_of_a_fit_is_more_than_0():
    for scores, opinions in noisy_curves(60):
        assert metrics.fit_logistic(scores, opinions)[3] > 0


def test_logistic_fit_is_the_best_there_is():
    scores, opinions = data("distinct")
    fitted = metrics.fit_logistic(scores, opinions)

    def error(parameters):
        return np.sum((metrics.logistic(scores, *parameters) - opinions) ** 2)

    # A method that knows no gradient, from the fit and from far off.
    for start in (fitted, (3.0, -3.0, 0.5, 2.0)):
        other = scipy.optimize.minimize(
            error, start, method="Nelder-Mead", options={"maxiter": 5000}
        )
        np.testing.assert_allclose(error(fitted), other.fun, rtol=1e-4)
    expected = scipy.stats.pearsonr(metrics.logistic(scores, *fitted), opinions)
    found = metrics.lcc_logistic(scores, opinions)
    np.testing.assert_allclose(found, expected.statistic)


def test_lcc_after_the_logistic_has_no_less_than_a_line():
    # A line is the limit of a wide logistic.
    for kind in ("distinct", "tied"):
        scores, opinions = data(kind)
        fitted = metrics.lcc_logistic(scores, opinions)
        assert fitted >= metrics.lcc(scores, opinions) - 1e-9
    steps = np.arange(20.0)
    np.testing.assert_allclose(metrics.lcc_logistic(steps, 3 * steps - 7), 1)


def test_lcc_after_the_logistic_has_no_unit():
    scores, opinions = data("distinct")
    expected = metrics.lcc_logistic(scores, opinions)
    for scale, shift in ((1e-4, 0), (1e4, -3e6)):
        found = metrics.lcc_logistic(scores * scale + shift, opinions / scale)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_a_logistic_fit_there_is_no_figure_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Four parameters go through four points.
        for scores, opinions in (
            ([1, 2, 3, 4], [1, 3, 2, 6]),
            ([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]),
            ([1, 2, 3, 4, 5], [4, 4, 4, 4, 4]),
        ):
            assert metrics.fit_logistic(scores, opinions) is None
            assert np.isnan(metrics.lcc_logistic(scores, opinions))


def test_a_fit_that_is_a_step_gives_no_warning():
    generator = np.random.default_rng(0)
    # The best curve goes up between two of the scores, as steeply as it can.
    scores = generator.permutation(np.linspace(0, 1, 60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(metrics.lcc_logistic(scores, scores > 0.4), 1)
        # So do those of many scores that have nothing to do with opinions.
        for _ in range(30):
            opinions = generator.normal(size=60)
            found = metrics.lcc_logistic(scores, opinions)
            assert np.isnan(found) or found > 0


def test_a_logistic_fit_that_is_not_found_is_none(monkeypatch):
    def gives_up(*_, **__):
        raise RuntimeError("Optimal parameters not found")

    monkeypatch.setattr(scipy.optimize, "curve_fit", gives_up)
    assert metrics.fit_logistic(*data("distinct")) is None
    assert np.isnan(metrics.lcc_logistic(*data("distinct")))


@pytest.mark.parametrize("kind", ["distinct", "tied"])
@pytest.mark.parametrize("metric", [metrics.srocc, metrics.lcc, metrics.rmse])
def test_interval_is_about_scipys(metric, kind):
    scores, opinions = data(kind)
    expected = scipy.stats.bootstrap(
        (scores, opinions),
        metric,
        paired=True,
        vectorized=False,
        n_resamples=500,
        method="percentile",
        random_state=np.random.default_rng(1),
    ).confidence_interval
    found = metrics.interval(metric, scores, opinions, count=500)
    # With 500 draws each end has an error of its own, of a thirtieth of the width.
    width = expected.high - expected.low
    np.testing.assert_allclose(found, tuple(expected), atol=0.15 * width)
    assert found[0] < metric(scores, opinions) < found[1]


def test_interval_of_all_draws_goes_from_the_least_to_the_most():
    # Of two groups there are three draws: both, in any order, or one of them twice.
    scores, opinions = [1, 2, 5, 7], [1, 4, 5, 5]
    values = [
        metrics.rmse(scores, opinions),
        metrics.rmse(scores[:2] * 2, opinions[:2] * 2),
        metrics.rmse(scores[2:] * 2, opinions[2:] * 2),
    ]
    found = metrics.interval(
        metrics.rmse,
        scores,
        opinions,
        groups=["lake", "lake", "city", "city"],
        confidence=1 - 1e-9,
        count=100,
    )
    np.testing.assert_allclose(found, (min(values), max(values)), rtol=1e-6)


def test_interval_counts_photos_of_one_group_once():
    scores, opinions = data("distinct")
    once = metrics.interval(metrics.lcc, scores, opinions, count=200)
    groups = np.repeat(np.arange(200), 3)
    thrice = scores[groups], opinions[groups]
    # Copies of a photo say nothing new: LCC of any draw is that of its photos.
    grouped = metrics.interval(metrics.lcc, *thrice, groups=list(groups), count=200)
    np.testing.assert_allclose(grouped, once)
    taken_as_new = metrics.interval(metrics.lcc, *thrice, count=200)
    assert np.diff(taken_as_new) < 0.7 * np.diff(once)


def test_interval_of_photos_without_groups_gathers_none(monkeypatch):
    joined, concatenate = [], np.concatenate
    monkeypatch.setattr(
        np,
        "concatenate",
        lambda parts, *rest, **options: (
            joined.append(len(parts)) or concatenate(parts, *rest, **options)
        ),
    )
    scores, opinions = data("tied")
    # Of each photo an array in each draw is what takes the time of many photos.
    alone = metrics.interval(metrics.lcc, scores, opinions, count=20)
    assert len(scores) not in joined
    names = [f"photo {n}" for n in range(len(scores))]
    assert metrics.interval(metrics.lcc, scores, opinions, groups=names, count=20) == (
        alone
    )
    assert len(scores) not in joined


def test_interval_is_decided_by_the_seed_and_grows_with_the_confidence():
    def interval(**options):
        return metrics.interval(metrics.srocc, *data("tied"), count=100, **options)

    assert interval() == interval()
    assert interval() != interval(seed=1)
    low, high = interval(confidence=0.5)
    assert interval()[0] < low < high < interval()[1]


def test_interval_leaves_out_draws_without_a_figure():
    # Drawn alone, either group has no correlation: what is left is both, LCC 1.
    scores = [1, 1, 2, 2]
    found = metrics.interval(
        metrics.lcc, scores, scores, groups=["a", "a", "b", "b"], count=50
    )
    np.testing.assert_allclose(found, (1, 1))
    assert np.isnan(metrics.interval(metrics.lcc, [1, 1], [2, 3], count=9)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 95}, "confidence must be between 0 and 1, not 95"),
        ({"count": 0}, "count must be 1 or more draws, not 0"),
        ({"groups": ["a"]}, "not 1 groups for 3 photos"),
    ],
)
def test_interval_refuses_what_is_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        metrics.interval(metrics.lcc, [1, 2, 3], [1, 2, 3], **options)


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
