"""Ridge regression of scores on the features of a network."""

import dataclasses
from collections.abc import Hashable
from collections.abc import Sequence

import numpy as np
import scipy.linalg

# Candidates when searching for a penalty, from almost none to predicting the mean.
PENALTIES = 10.0 ** np.arange(-5, 1.1, 0.25)
# Errors hardly differ over a wide range of penalties. How much to give up for a
# stronger one: this fraction of the smallest error or of the explained variance, if
# that is less.
_GIVEN_UP = 0.01
_FOLDS = 5
# Number of left-out rows that is enough for a choice: with many rows not every fold is
# left out, since each costs the cube of the rest.
_LEFT_OUT = 2000


@dataclasses.dataclass(frozen=True)
class Ridge:
    """A fitted regression: `(features - mean) / scale ** 0.5 @ kernel + bias`.

    Attributes:
        mean: float64 [c].
        scale: float64 [c], more than 0.
        kernel: float64 [c].
        bias: in the unit of the targets.
        penalty: the penalty it was fitted with.
    """

    mean: np.ndarray
    scale: np.ndarray
    kernel: np.ndarray
    bias: float
    penalty: float

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Returns predictions [n] for features [n, c]."""
        return (features - self.mean) / np.sqrt(self.scale) @ self.kernel + self.bias


def fit(
    features: np.ndarray,
    targets: np.ndarray,
    *,
    shares: np.ndarray,
    penalty: float | None,
    groups: Sequence[Hashable] | None = None,
) -> Ridge:
    """Fits a regression.

    Args:
        features: [n, c] of any scale; some may be constant.
        targets: [n].
        shares: [c], by which to divide each feature's variance of 1; the inverses sum
            to 1. The larger a feature's share, the more it costs to use it.
        penalty: weight of the squared norm of the kernel against the mean squared
            error. None for the largest of `PENALTIES` that predicts left-out folds
            nearly best: its error exceeds the smallest by at most 1 % of that and of
            the explained variance. There are five folds, or as many as groups; with
            many rows, only the first folds are left out, with 2,000 rows or more.
        groups: the group of each row, such as the reference of a distorted photo: rows
            of a group are left out together. If None, each row is its own group.
    """
    mean, scale = features.mean(0), (features.var(0) + 1e-6) * shares
    known = features - mean
    known /= np.sqrt(scale)  # In place: with many photos it takes gigabytes.
    bias = float(targets.mean())
    residue = targets - bias
    if penalty is None:
        every = range(len(known)) if groups is None else groups
        penalty = _strongest_of_the_best(known, residue, _folds(every))
    strength = penalty * len(known)
    if _few(known):  # The dual form.
        system = known @ known.T + strength * np.eye(len(known))
        kernel = known.T @ scipy.linalg.solve(system, residue, assume_a="pos")
    else:
        system = known.T @ known + strength * np.eye(known.shape[1])
        kernel = scipy.linalg.solve(system, known.T @ residue, assume_a="pos")
    return Ridge(mean, scale, kernel, bias, penalty)


def _few(known: np.ndarray) -> bool:
    """Whether there are fewer rows than features."""
    return len(known) < known.shape[1]


def _folds(groups: Sequence[Hashable]) -> np.ndarray:
    """Returns the fold of each row, int [n] from 0; groups are assigned at random."""
    _, numbers = np.unique([str(group) for group in groups], return_inverse=True)
    count = numbers.max() + 1
    dealt = np.random.Generator(np.random.PCG64(0)).permutation(count)
    return dealt[numbers] % min(_FOLDS, count)


def _strongest_of_the_best(
    features: np.ndarray, residue: np.ndarray, folds: np.ndarray
) -> float:
    """Returns the strongest penalty that predicts left-out folds nearly best.

    Left-out rows affect the fit only through the standardisation and the mean.
    """
    few = _few(features)
    products = features @ features.T if few else np.empty(0)
    errors = np.zeros(len(PENALTIES))
    tested = np.zeros(len(residue), bool)
    for fold in range(folds.max() + 1):
        known, unknown = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(known):  # A single group.
            return 1.0
        # The dual form and the primal one.
        if few:
            system, known_targets = products[np.ix_(known, known)], residue[known]
            across = products[np.ix_(unknown, known)]
        else:
            system = features[known].T @ features[known]
            known_targets = features[known].T @ residue[known]
            across = features[unknown]
        diagonal = np.diag(system).copy()
        for place, penalty in enumerate(PENALTIES):
            # One by one: an eigendecomposition would serve all, but takes ten times as
            # long.
            np.fill_diagonal(system, diagonal + penalty * len(known))
            found = across @ scipy.linalg.solve(system, known_targets, assume_a="pos")
            errors[place] += np.sum((found - residue[unknown]) ** 2)
        tested[unknown] = True
        if tested.sum() >= _LEFT_OUT:
            break
    least = errors.min()
    explained = max(np.sum(residue[tested] ** 2) - least, 0)
    near = errors <= least + _GIVEN_UP * min(least, explained)
    return float(PENALTIES[near].max())
