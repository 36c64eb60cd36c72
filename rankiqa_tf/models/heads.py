"""From the features of a network to its score."""

from collections.abc import Iterable
from collections.abc import Sequence

import keras
import numpy as np
import scipy.linalg

_STANDARDISE = "standardise"
_SCORE = "score"

# Half a decade apart, for features of unit variance.
PENALTIES = tuple(float(penalty) for penalty in 10.0 ** np.arange(-3, 3.5, 0.5))


def mean_over_space(level: keras.KerasTensor) -> keras.KerasTensor:
    """From [N, h, w, c] to the mean of each channel, [N, c]."""
    return keras.ops.mean(level, axis=(1, 2))


def deviation_over_space(level: keras.KerasTensor) -> keras.KerasTensor:
    """From [N, h, w, c] to the standard deviation of each channel, [N, c]."""
    # The constant bounds the root's slope where a channel is silent.
    return keras.ops.sqrt(keras.ops.var(level, axis=(1, 2)) + 1e-4)


def standardised(pooled: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Joins features and brings each to mean 0 and variance 1.

    Levels differ a hundredfold in scale; a linear score of raw features would see
    one of them. `fit_standardisation` sets the means and variances; training does
    not change them.
    """
    features = keras.layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    layer = keras.layers.BatchNormalization(
        center=False, scale=False, epsilon=1e-6, name=_STANDARDISE, trainable=False
    )
    return layer(features)


def attach(backbone: keras.Model, features: keras.KerasTensor) -> keras.Model:
    """Ends a network in one linear unit: the score, [N]."""
    score = keras.layers.Dense(1, name=_SCORE, dtype="float32")(features)
    score = keras.layers.Reshape((), name="squeeze")(score)
    return keras.Model(backbone.input, score, name=backbone.name)


def fit_standardisation(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets the means and variances of a standardising model from examples.

    Args:
        model: from `models.build`; one without a standardised head is left as it is.
        batches: images [N, h, w, 3] in 0..1, such as training will see.
    """
    if not _has_standardisation(model):
        return
    layer = model.get_layer(_STANDARDISE)
    extract = keras.Model(model.input, layer.input)
    features = np.concatenate([extract.predict_on_batch(batch) for batch in batches])
    layer.set_weights([features.mean(0), features.var(0)])


def fit_score(
    model: keras.Model,
    photos: Iterable[tuple[np.ndarray, float]],
    *,
    penalties: Sequence[float] = PENALTIES,
) -> float:
    """Sets the last layer by ridge regression on the frozen features of photos.

    Fine-tuning that starts from a random last layer first bends the features to it;
    one that starts from the best last layer keeps what they know (Kumar et al.,
    "Fine-tuning can distort pretrained features", ICLR 2022).

    Args:
        model: from `models.build`.
        photos: the crops of a photo, [n, h, w, 3] in 0..1, and its target. As a
            photo's score is the mean of its crops', its features are their mean.
        penalties: weights of the squared norm, against the mean squared error, to
            choose from; more than 0.

    Returns:
        The penalty taken: that of the least squared error on photos left out, one at
        a time (Allen's PRESS, in closed form).
    """
    layer = model.get_layer(_SCORE)
    extract = keras.Model(model.input, layer.input)
    rows = [(extract.predict_on_batch(crops).mean(0), to) for crops, to in photos]
    features, targets = (np.array(part, np.float64) for part in zip(*rows, strict=True))
    count, mean, target_mean = len(targets), features.mean(0), targets.mean()
    left, singular, right = scipy.linalg.svd(features - mean, full_matrices=False)
    moments = left.T @ (targets - target_mean)

    def left_out_error(penalty: float) -> float:
        kept = singular**2 / (singular**2 + count * penalty)
        residuals = targets - target_mean - left @ (kept * moments)
        leverage = left**2 @ kept + 1 / count  # The constant takes 1 / count.
        return float(np.mean((residuals / (1 - leverage)) ** 2))

    best = min(penalties, key=left_out_error)
    kernel = right.T @ (singular / (singular**2 + count * best) * moments)
    bias = np.atleast_1d(target_mean - mean @ kernel)
    layer.set_weights([kernel[:, np.newaxis], bias])
    return best


def _has_standardisation(model: keras.Model) -> bool:
    return any(layer.name == _STANDARDISE for layer in model.layers)
