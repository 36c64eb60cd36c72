"""From the features of a network to its score."""

from collections.abc import Iterable

import keras
import numpy as np
import scipy.linalg

_STANDARDISE = "standardise"
_SCORE = "score"


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
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    penalty: float,
) -> None:
    """Sets the last layer by ridge regression on the frozen features.

    Fine-tuning that starts from a random last layer first bends the features to it;
    one that starts from the best last layer keeps what they know (Kumar et al.,
    "Fine-tuning can distort pretrained features", ICLR 2022).

    Args:
        model: from `models.build`.
        batches: images [N, h, w, 3] in 0..1 and their targets, float [N].
        penalty: weight of the squared norm, against the mean squared error of
            features of unit variance; more than 0.
    """
    score = model.get_layer(_SCORE)
    extract = keras.Model(model.input, score.input)
    parts = [(extract.predict_on_batch(images), to) for images, to in batches]
    features, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
    mean, target_mean = features.mean(0), targets.mean()
    centred = (features - mean).astype(np.float64)
    gram = centred.T @ centred / len(centred)
    gram[np.diag_indices_from(gram)] += penalty
    moment = centred.T @ (targets - target_mean) / len(centred)
    kernel = scipy.linalg.solve(gram, moment, assume_a="pos")
    bias = np.atleast_1d(target_mean - mean @ kernel)
    score.set_weights([kernel[:, np.newaxis], bias])


def _has_standardisation(model: keras.Model) -> bool:
    return any(layer.name == _STANDARDISE for layer in model.layers)
