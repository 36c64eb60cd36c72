"""Ridge regression that preserves a known order, with or without opinion scores.

Opinion scores of photos say little about distortions: a regression on them alone may
well score a noisy version above its photo. Here the versions take part too, in pairs of
which the better one should win.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.optimize

from distortions import progress
from rankiqa_tf.models.ridge import Ridge

_STEPS = 500
_NEAR = 1e-6  # Stop when a step lowers the cost by less than this fraction.

Cost = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """Images with a known order.

    Attributes:
        features: float32 [m, c], of the images.
        better: int [p], index of the better image of each pair.
        worse: int [p], index of the worse image of each pair.
        margin: by how much the better image should outscore the worse one, in the unit
            of the scores; more than 0. One for all pairs, or float [p].
    """

    features: np.ndarray
    better: np.ndarray
    worse: np.ndarray
    margin: float | np.ndarray


def refit(
    fitted: Ridge,
    features: np.ndarray,
    targets: np.ndarray,
    order: Order,
    *,
    weight: float,
) -> Ridge:
    """Refits a regression so that it preserves an order.

    Minimises the mean squared error, plus the fitted regression's penalty times the
    squared norm of the kernel, plus `weight` times the mean over the pairs of max(0,
    margin - lead)^2, the squared hinge of a ranking support vector machine (Chapelle
    and Keerthi,
    "Efficient algorithms for ranking with SVMs", Information Retrieval 13, 2010). This
    is convex and smooth. With tens of thousands of features, no matrix of features by
    features is formed: L-BFGS needs only products with the rows.

    Args:
        fitted: the regression without an order.
        features: float [n, c], the features it was fitted to.
        targets: float [n], the targets it was fitted to.
        order: the order to preserve.
        weight: of the pairs against the mean squared error.

    Returns:
        A copy of `fitted` with another kernel.
    """
    known = ((features - fitted.mean) / np.sqrt(fitted.scale)).astype(np.float32)
    residue = targets - fitted.bias
    of_pairs = _cost_of_pairs(order, fitted.scale)

    def cost(kernel: np.ndarray) -> tuple[float, np.ndarray]:
        error = (known @ kernel.astype(np.float32)).astype(float) - residue
        slope = 2 * (known.T @ (error / len(error)).astype(np.float32))
        pairs, slope_of_pairs = of_pairs(kernel)
        return np.mean(error**2) + weight * pairs, slope + weight * slope_of_pairs

    kernel = _least(cost, fitted.kernel, fitted.penalty)
    return dataclasses.replace(fitted, kernel=kernel)


def fit(order: Order, *, shares: np.ndarray, penalty: float) -> Ridge:
    """Fits scores to an order alone.

    Args:
        order: the order to preserve.
        shares: as for `ridge.fit`.
        penalty: weight of the squared norm of the kernel.

    Returns:
        A regression whose scores of the images have a mean of 0.
    """
    # Sums in double precision, but without a copy: there are gigabytes of features.
    mean = order.features.mean(0, dtype=float)
    from_mean = order.features - mean.astype(np.float32)
    scale = (np.square(from_mean).mean(0, dtype=float) + 1e-6) * shares
    kernel = _least(_cost_of_pairs(order, scale), np.zeros(len(mean)), penalty)
    return Ridge(mean, scale, kernel, 0.0, penalty)


def _cost_of_pairs(order: Order, scale: np.ndarray) -> Cost:
    """Returns the pairs' mean squared hinge and its gradient, of a kernel."""
    # Only differences count, so nothing needs centring.
    versions = order.features / np.sqrt(scale).astype(np.float32)

    def cost(kernel: np.ndarray) -> tuple[float, np.ndarray]:
        scores = (versions @ kernel.astype(np.float32)).astype(float)
        leads = scores[order.better] - scores[order.worse]
        lacking = np.maximum(order.margin - leads, 0)
        # The effect of raising each score by 1: as the worse and as the better of
        # pairs.
        adds = np.bincount(order.worse, lacking, len(scores))
        adds -= np.bincount(order.better, lacking, len(scores))
        slope = versions.T @ (2 / len(leads) * adds).astype(np.float32)
        return float(np.mean(lacking**2)), slope

    return cost


def _least(cost: Cost, kernel: np.ndarray, penalty: float) -> np.ndarray:
    """Returns the kernel minimising cost and squared norm, by L-BFGS from a start."""

    def penalised(kernel: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = cost(kernel)
        return value + penalty * kernel @ kernel, slope + 2 * penalty * kernel

    with progress.shown(_STEPS, "fit order", unit="iterations") as line:
        return scipy.optimize.minimize(
            penalised,
            kernel,
            jac=True,
            method="L-BFGS-B",
            callback=lambda _: line.advance(),
            options={"maxiter": _STEPS, "ftol": _NEAR, "gtol": 0},
        ).x
