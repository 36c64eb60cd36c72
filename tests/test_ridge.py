"""Ridge regression against least squares, and its penalty against leaving out."""

import numpy as np
import pytest
import scipy.linalg

from rankiqa_tf.models import ridge

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(3, (1, 10, 0.1, 2, 5), (30, 5))
TARGETS = FEATURES @ (1, 0.1, 0, -0.5, 0) + RANDOM.normal(50, 1, 30)
SHARES = np.array([10, 10, 5, 10 / 3, 2.5])


def by_least_squares(features, targets, penalty, mean, scale):
    """The regression's predictor, from one sum of squares with a row a weight."""
    count, size = features.shape
    known = np.column_stack([(features - mean) / scale**0.5, np.ones(count)])
    rows = np.vstack(
        [known / count**0.5, penalty**0.5 * np.eye(size, size + 1)],
    )
    values = np.append(targets / count**0.5, np.zeros(size))
    found = np.linalg.lstsq(rows, values, rcond=None)[0]
    return lambda x: (x - mean) / scale**0.5 @ found[:-1] + found[-1]


@pytest.mark.parametrize("rows", [4, 5, 30])  # Fewer than features, as many, more.
@pytest.mark.parametrize("penalty", [1e-4, 0.1, 3.0])
def test_predictions_are_those_of_least_squares(penalty, rows):
    features, targets = FEATURES[:rows], TARGETS[:rows]
    fitted = ridge.fit(features, targets, shares=SHARES, penalty=penalty)
    scale = features.var(0) * SHARES
    np.testing.assert_allclose(fitted.scale, scale, rtol=1e-3)
    expected = by_least_squares(
        features, targets, penalty, features.mean(0), fitted.scale
    )
    others = RANDOM.normal(3, 1, (7, 5))
    np.testing.assert_allclose(fitted.predict(others), expected(others), rtol=1e-6)


@pytest.mark.parametrize("noise", [0.1, 3.0, 100.0])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("columns", [4, 5, 20])
def test_the_penalty_is_the_strongest_that_predicts_what_is_left_out_nearly_best(
    noise, size, columns
):
    # Five groups, so that each is a fold, whatever the deal; of one row, or of three.
    rows = 5 * size
    random = np.random.default_rng(1)
    features = np.hstack([FEATURES[:rows], random.normal(size=(rows, 15))])[:, :columns]
    targets = TARGETS[:rows] + random.normal(0, noise, rows)
    groups = np.arange(rows) // size
    shares = np.full(columns, columns)
    fitted = ridge.fit(features, targets, shares=shares, penalty=None, groups=groups)
    known = (features - fitted.mean) / fitted.scale**0.5
    errors = []
    for penalty in ridge.PENALTIES:
        found = []
        for group in range(5):
            rest, out = groups != group, groups == group
            gram = known[rest].T @ known[rest] + penalty * rest.sum() * np.eye(columns)
            kernel = np.linalg.solve(
                gram, known[rest].T @ (targets - targets.mean())[rest]
            )
            found.extend(known[out] @ kernel + targets.mean() - targets[out])
        errors.append(np.mean(np.square(found)))
    least, variance = min(errors), targets.var()
    # Where no penalty explains anything, the least error decides.
    most = least + 0.01 * max(0, min(least, variance - least))
    near = [
        penalty
        for penalty, error in zip(ridge.PENALTIES, errors, strict=True)
        if error <= most
    ]
    assert fitted.penalty == pytest.approx(max(near))


def test_groups_keep_copies_from_telling_on_each_other():
    # Five copies of each row: where they may be parted, no penalty seems best.
    random = np.random.default_rng(2)
    features = np.repeat(random.normal(size=(12, 40)), 5, axis=0)
    targets = np.repeat(random.normal(size=12), 5)
    shares = np.full(40, 40.0)
    alone, together = (
        ridge.fit(features, targets, shares=shares, penalty=None, groups=groups).penalty
        for groups in (None, np.arange(60) // 5)
    )
    assert alone < 1e-3 < 0.1 < together


def test_with_a_single_group_nothing_is_left_out_and_the_penalty_is_1():
    fitted = ridge.fit(
        FEATURES, TARGETS, shares=SHARES, penalty=None, groups=["lake"] * 30
    )
    assert fitted.penalty == 1


def test_noise_asks_for_more_of_a_penalty():
    quiet, loud = (
        ridge.fit(
            FEATURES,
            TARGETS + np.random.default_rng(1).normal(0, noise, 30),
            shares=SHARES,
            penalty=None,
        ).penalty
        for noise in (0.1, 100.0)
    )
    assert quiet < loud


def test_a_constant_feature_does_no_harm():
    features = np.column_stack([FEATURES, np.full(30, 7.0)])
    fitted = ridge.fit(features, TARGETS, shares=np.full(6, 6.0), penalty=0.1)
    assert np.isfinite(fitted.predict(features)).all()
    assert abs(fitted.kernel[-1]) < 1e-9


def test_of_many_rows_the_first_folds_tell_the_penalty(monkeypatch):
    random = np.random.default_rng(4)
    features = random.normal(size=(60, 90))
    targets = features[:, 0] + random.normal(size=60)
    options = {"shares": np.full(90, 90.0), "penalty": None}
    solved = []
    solve = scipy.linalg.solve

    def counted(matrix, *arguments, **known):
        solved.append(len(matrix))
        return solve(matrix, *arguments, **known)

    monkeypatch.setattr(scipy.linalg, "solve", counted)
    monkeypatch.setattr(ridge, "_LEFT_OUT", 13)
    ridge.fit(features, targets, **options)
    # 12 rows left out are too few, 24 are enough; then comes the fit to all.
    assert solved == [48] * 2 * len(ridge.PENALTIES) + [60]
