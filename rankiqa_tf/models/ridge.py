"""Ridge regression of scores on the features of a network."""

import dataclasses

import numpy as np
import scipy.linalg

# Tried where the penalty is to be found, from hardly any to the mean of all targets.
PENALTIES = 10.0 ** np.arange(-5, 1.1, 0.5)


@dataclasses.dataclass(frozen=True)
class Ridge:
    """A fitted regression: `(features - mean) / scale ** 0.5 @ kernel + bias`.

    Attributes:
        mean: float64 [c].
        scale: float64 [c], more than 0.
        kernel: float64 [c].
        bias: in the unit of the targets.
        penalty: that it was fitted with.
    """

    mean: np.ndarray
    scale: np.ndarray
    kernel: np.ndarray
    bias: float
    penalty: float

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Gives a prediction [n] for features [n, c]."""
        return (features - self.mean) / np.sqrt(self.scale) @ self.kernel + self.bias


def fit(
    features: np.ndarray,
    targets: np.ndarray,
    *,
    shares: np.ndarray,
    penalty: float | None,
) -> Ridge:
    """Fits a regression.

    Args:
        features: [n, c] of any scale; some may be constant.
        targets: [n].
        shares: [c], what each feature's variance of 1 is divided by; the sum of the
            inverses is 1. What a feature with a larger share could say costs more.
        penalty: weight of the squared norm of the kernel against the mean squared
            error; None for the one of `PENALTIES` with the least error on targets that
            are left out one at a time.
    """
    mean, scale = features.mean(0), (features.var(0) + 1e-6) * shares
    known = (features - mean) / np.sqrt(scale)
    bias = float(targets.mean())
    residue = targets - bias
    # The dual form: of photos there are few.
    gram = known @ known.T
    if penalty is None:
        penalty = _least_error_left_out(gram, residue)
    count = len(known)
    weights = scipy.linalg.solve(
        gram + penalty * count * np.eye(count), residue, assume_a="pos"
    )
    return Ridge(mean, scale, known.T @ weights, bias, penalty)


def _least_error_left_out(gram: np.ndarray, residue: np.ndarray) -> float:
    """The penalty that predicts each target best from the others.

    The error of a prediction that was fitted without its target is the error of the
    fit divided by 1 minus its leverage (Allen's PRESS, 1974), so nothing is fitted
    anew. The standardisation alone knows all of them.
    """
    count = len(gram)
    values, vectors = scipy.linalg.eigh(gram)
    turned = vectors.T @ residue
    errors = []
    for penalty in PENALTIES:
        kept = values / (values + penalty * count)
        leverage = vectors**2 @ kept + 1 / count
        left_out = (residue - vectors @ (kept * turned)) / (1 - leverage)
        errors.append(np.mean(left_out**2))
    return float(PENALTIES[np.argmin(errors)])
