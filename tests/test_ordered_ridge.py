"""Ridge regression that keeps an order, against scipy's minimisers and by hand."""

import numpy as np
import pytest
import scipy.optimize

from rankiqa_tf.models import ordered_ridge
from rankiqa_tf.models import ridge

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(3, (1, 10, 0.1, 2, 5), (30, 5))
TARGETS = FEATURES @ (1, 0.1, 0, -0.5, 0) + RANDOM.normal(50, 1, 30)
SHARES = np.full(5, 5.0)
VERSIONS = RANDOM.normal(3, (1, 10, 0.1, 2, 5), (12, 5)).astype(np.float32)
BETTER, WORSE = np.arange(0, 12, 2), np.arange(1, 12, 2)


def fit(penalty=0.01):
    return ridge.fit(FEATURES, TARGETS, shares=SHARES, penalty=penalty)


def order(margin=0.5, better=BETTER, worse=WORSE):
    return ordered_ridge.Order(
        features=VERSIONS, better=better, worse=worse, margin=margin
    )


def leads(fitted):
    scores = fitted.predict(VERSIONS)
    return scores[BETTER] - scores[WORSE]


@pytest.mark.parametrize("weight", [0.01, 1.0, 100.0])
def test_the_kernel_is_the_least_that_a_general_minimiser_finds(weight):
    before = fit()
    after = ordered_ridge.refit(before, FEATURES, TARGETS, order(), weight=weight)
    scale = np.sqrt(before.scale)
    known, versions = (FEATURES - before.mean) / scale, VERSIONS / scale

    def cost(kernel):
        error = np.mean((known @ kernel + before.bias - TARGETS) ** 2)
        ahead = (versions[BETTER] - versions[WORSE]) @ kernel
        lacking = np.maximum(0.5 - ahead, 0)
        return error + 0.01 * kernel @ kernel + weight * np.mean(lacking**2)

    found = scipy.optimize.minimize(cost, before.kernel, tol=1e-12)
    np.testing.assert_allclose(after.kernel, found.x, rtol=5e-3, atol=1e-3)
    assert cost(after.kernel) <= cost(before.kernel)


def test_more_weight_brings_more_pairs_into_order():
    shares = []
    for weight in (0.001, 1.0, 1000.0):
        fitted = ordered_ridge.refit(fit(), FEATURES, TARGETS, order(), weight=weight)
        shares.append(np.mean(leads(fitted) > 0))
    assert np.mean(leads(fit()) > 0) <= shares[0] <= shares[1] < shares[2] == 1


def test_an_order_that_is_kept_by_the_margin_changes_nothing():
    fitted = fit()
    ahead = leads(fitted)
    right = [np.where(ahead > 0, *pair) for pair in ((BETTER, WORSE), (WORSE, BETTER))]
    margin = order(np.abs(ahead).min() / 2, *right)
    again = ordered_ridge.refit(fitted, FEATURES, TARGETS, margin, weight=10.0)
    np.testing.assert_allclose(again.kernel, fitted.kernel, rtol=1e-4, atol=1e-6)


def test_everything_but_the_kernel_stays_as_it_was():
    before = fit()
    after = ordered_ridge.refit(before, FEATURES, TARGETS, order(), weight=1.0)
    for name in ("mean", "scale", "bias", "penalty"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_more_pairs_than_are_taken_at_once_count_alike():
    many = 5000
    repeated = order(0.5, np.tile(BETTER, many), np.tile(WORSE, many))
    once = ordered_ridge.refit(fit(), FEATURES, TARGETS, order(), weight=1.0)
    often = ordered_ridge.refit(fit(), FEATURES, TARGETS, repeated, weight=1.0)
    np.testing.assert_allclose(often.kernel, once.kernel, rtol=1e-3, atol=1e-5)
