"""The head of a network: from its features to its score."""

import math
import os
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf.models import ordered_ridge
from rankiqa_tf.models import ridge
from rankiqa_tf.models.curve import Curve
from rankiqa_tf.models.ordered_ridge import Order

# Images, or tensors inside a network to use in their place.
Given = np.ndarray | tuple[np.ndarray, ...]

_STANDARDISE = "standardise"
_SCORE = "score"
_PIECES, _CURVED = "curve_pieces", "curve"

# About ten times the penalty that predicts best from features not trained on the
# targets. As a starting point it leaves errors for the features to learn from; at the
# end, when they have memorised the targets, a smaller one would trust them too much.
PENALTY = 0.003
_PASS = 16  # Images per pass of the network.
# Weight of the pairs against opinions, and the penalty to use without opinions.
ORDER_WEIGHT = 0.3
_ORDER_PENALTY = 0.001


def mean_over_space(level: keras.KerasTensor) -> keras.KerasTensor:
    """Averages [N, h, w, c] over space; returns float32 [N, c]."""
    return keras.ops.mean(_float32(level), axis=(1, 2))


def deviation_over_space(level: keras.KerasTensor) -> keras.KerasTensor:
    """Returns the standard deviation of [N, h, w, c] over space, float32 [N, c]."""
    # The constant bounds the slope of the root where a channel is constant.
    return keras.ops.sqrt(keras.ops.var(_float32(level), axis=(1, 2)) + 1e-4)


def _float32(level: keras.KerasTensor) -> keras.KerasTensor:
    # In half precision, sums over space soon exceed 65504, the largest number.
    return keras.ops.cast(level, "float32")


def pooled(level: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Returns a level's pooled features.

    Args:
        level: [N, h, w, c], or a vector [N, c], which is returned unchanged.

    Returns:
        Features, each [N, c].
    """
    if len(level.shape) == 2:
        return [level]
    return [mean_over_space(level), deviation_over_space(level)]


def standardised(features: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Joins features, each standardised to mean 0 and variance 1.

    Levels differ a hundredfold in scale, so a linear score of raw features would only
    see one of them. `fit_standardisation` sets the means and variances; training does
    not change them.
    """
    joined = features[0]
    if len(features) > 1:
        joined = keras.layers.Concatenate(dtype="float32")(features)
    layer = keras.layers.BatchNormalization(
        center=False,
        scale=False,
        epsilon=1e-6,
        name=_STANDARDISE,
        trainable=False,
        dtype="float32",
    )
    return layer(joined)


def attach(backbone: keras.Model, features: keras.KerasTensor) -> keras.Model:
    """Adds a final linear unit, the score, [N]."""
    score = keras.layers.Dense(1, name=_SCORE, dtype="float32")(features)
    return _ended(backbone, score)


def _ended(network: keras.Model, score: keras.KerasTensor) -> keras.Model:
    score = keras.layers.Reshape((), name="squeeze")(score)  # From [N, 1].
    return keras.Model(network.input, score, name=network.name)


def fit_standardisation(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets the means and variances of a model's standardisation from examples.

    Args:
        model: from `models.build`; unchanged if its head is not standardised. The
            statistics of random batch normalisation have to be set first, with
            `layers.gather_statistics`.
        batches: images [N, h, w, 3] in 0..1, like those training will see.
    """
    if not has_standardisation(model):
        return
    layer = model.get_layer(_STANDARDISE)
    extract = _input_of(layer, model)
    features = np.concatenate([extract(batch).numpy() for batch in batches])
    layer.set_weights([features.mean(0), features.var(0)])


def fit_score(
    model: keras.Model,
    photos: Iterable[tuple[Given, float]],
    *,
    given: Sequence[keras.KerasTensor] = (),
    penalty: float | None = PENALTY,
    groups: Sequence[Hashable] | None = None,
    order: Order | None = None,
) -> None:
    """Sets the last layer by ridge regression on the features of photos.

    Fine-tuning from a random last layer first distorts the features to fit that layer;
    starting from a fitted last layer preserves what they know (Kumar et al.,
    "Fine-tuning can distort pretrained features", ICLR 2022). The standardisation below
    it, if any, is set from the same features, which it scales so that their variances
    sum to 1. That way the last layer learns no faster than the layers below.

    Args:
        model: from `models.build`.
        photos: for each photo its crops, [n, h, w, 3] in 0..1, and its target. As a
            photo's score is the mean over its crops, its features are the mean of
            theirs.
        given: tensors inside the network, if photos have the values of these, each
            [n, ...], instead of crops.
        penalty: weight of the squared norm of the weights against the mean squared
            error, for features whose variances sum to 1. Each mean or deviation of a
            level gets an equal share of it, however many channels it has; otherwise the
            last levels, being the widest, would dominate. None to use the penalty found
            by `ridge.fit`, which assumes features not trained on the targets.
        groups: the group of each photo, for `ridge.fit` to find a penalty.
        order: an order of other images that the scores should preserve; features as
            from `features`.
    """
    extract, shares = extractor(model, given)
    targets = []

    def rows() -> Iterator[np.ndarray]:
        for crops, target in photos:
            targets.append(target)
            yield extract(crops)

    # Not via a list of rows, which takes gigabytes with many photos.
    features = np.fromiter(rows(), np.dtype((np.float64, (len(shares),))))
    wanted = np.array(targets, np.float64)
    fitted = ridge.fit(features, wanted, shares=shares, penalty=penalty, groups=groups)
    if order is not None:
        fitted = ordered_ridge.refit(
            fitted, features, wanted, order, weight=ORDER_WEIGHT
        )
    _set_score(model, fitted)


def check_memory(model: keras.Model, photos: int) -> None:
    """Checks that there is memory for `fit_score`, before hours are spent.

    Raises:
        ValueError: if it needs more memory than the machine has; never raised where the
            amount of memory is unknown.
    """
    _, shares = extractor(model)
    # Features and standardised features in float64; and two square matrices, with as
    # many rows as there are photos or features, whichever is fewer.
    needed = 8 * (2 * photos * len(shares) + 2 * min(photos, len(shares)) ** 2)
    there = _physical_memory()
    if there is not None and needed > there:
        raise ValueError(
            f"the last layer is fitted to all photos at once: {photos:,} of them, "
            f"with {len(shares):,} features each, take {needed / 1e9:.0f} GB, and "
            f"this machine has {there / 1e9:.0f} GB of memory; use fewer photos, "
            "levels last, or mos_scale raw with steps, which fit nothing"
        )


def _physical_memory() -> int | None:
    """Returns the machine's memory in bytes; None if unknown."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):  # As on Windows.
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def fit_order(model: keras.Model, order: Order) -> None:
    """Sets the last layer, and the standardisation below it, to preserve an order.

    Args:
        model: from `models.build`.
        order: the order of images, with features as from `features`.
    """
    _, shares = extractor(model)
    _set_score(model, ordered_ridge.fit(order, shares=shares, penalty=_ORDER_PENALTY))


def _set_score(model: keras.Model, fitted: ridge.Ridge) -> None:
    kernel, bias = fitted.kernel, fitted.bias
    if has_standardisation(model):
        layer = model.get_layer(_STANDARDISE)
        layer.set_weights([fitted.mean, fitted.scale])
    else:
        kernel = kernel / np.sqrt(fitted.scale)
        bias -= fitted.mean @ kernel
    weights = [kernel[:, np.newaxis], np.atleast_1d(bias)]
    model.get_layer(_SCORE).set_weights(weights)


def append_curve(model: keras.Model, curve: Curve) -> keras.Model:
    """Makes a model apply a curve to its scores.

    Returns:
        If the curve is a line, the model itself, with the line merged into its last
        layer; otherwise a new model, from `curved`.
    """
    if len(curve.points) > 2:
        return curved(model, curve)
    slope, height = curve.slopes()[0], curve(0.0)
    layer = model.get_layer(_SCORE)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * slope, bias * slope + height])
    return model


def curved(model: keras.Model, curve: Curve) -> keras.Model:
    """Returns a model that applies a curve to another's scores.

    Returns:
        A model that shares the other's layers, so training either trains both, and has
        two more layers that are not to be trained.
    """
    # The first slope extends from the first corner in both directions; each further
    # corner adds its change of slope.
    places, heights = np.transpose(curve.points)
    slopes = curve.slopes()
    pieces = keras.layers.Dense(
        len(places), "relu", name=_PIECES, trainable=False, dtype="float32"
    )
    last = keras.layers.Dense(1, name=_CURVED, trainable=False, dtype="float32")
    ended = _ended(model, last(pieces(model.get_layer(_SCORE).output)))
    signs = np.append(-1, np.ones(len(slopes)))
    pieces.set_weights([signs[np.newaxis], -signs * np.append(places[0], places[:-1])])
    weights = np.concatenate([-slopes[:1], slopes[:1], np.diff(slopes)])
    last.set_weights([weights[:, np.newaxis], heights[:1]])
    return ended


def remove_curve(model: keras.Model, curve: Curve) -> keras.Model:
    """Undoes `append_curve`: returns the model as it was before."""
    if len(curve.points) == 2:
        return append_curve(model, curve.inverse())
    return _ended(model, model.get_layer(_SCORE).output)


def extractor(
    model: keras.Model, given: Sequence[keras.KerasTensor] = ()
) -> tuple[Callable[[Given], np.ndarray], np.ndarray]:
    """Returns the function that extracts the features the last layer is fitted to.

    Args:
        model: from `models.build`.
        given: as for `fit_score`.

    Returns:
        A function from the crops of a photo, [n, h, w, 3] in 0..1, to the mean of their
        features, float32 [c], before standardisation; and float64 [c], by which to
        divide variances of 1 so that they sum to 1 and each joined vector gets an equal
        share.
    """
    layer = _given_features(model)
    sizes = [layer.input.shape[-1]]
    for join in model.layers:
        if isinstance(join, keras.layers.Concatenate) and join.output is layer.input:
            sizes = [vector.shape[-1] for vector in join.input]
    shares = np.repeat([len(sizes) * size for size in sizes], sizes).astype(float)
    features = _input_of(layer, model, given)
    return lambda crops: features(crops).numpy().mean(0), shares


def features(model: keras.Model, images: Iterable[np.ndarray]) -> np.ndarray:
    """Returns the features that the head receives, for many images.

    Args:
        model: from `models.build`.
        images: batches of uint8 [N, h, w, 3], with any N.

    Returns:
        float32 [all, c], before standardisation.
    """
    of = _input_of(_given_features(model), model)
    return np.concatenate(
        [
            of(part.astype(np.float32) / 255).numpy()
            for several in images
            for part in np.array_split(several, math.ceil(len(several) / _PASS))
        ]
    )


def _given_features(model: keras.Model) -> keras.Layer:
    return model.get_layer(_STANDARDISE if has_standardisation(model) else _SCORE)


def _input_of(
    layer: keras.Layer, model: keras.Model, given: Sequence[keras.KerasTensor] = ()
) -> Callable[[Given], tf.Tensor]:
    """Returns a function from images [N, h, w, 3] to a layer's input, [N, c]."""
    start = tuple(given) or model.input
    if len(given) == 1 and given[0] is layer.input:
        return lambda batch: tf.convert_to_tensor(batch[0])
    extract = keras.Model(start, layer.input)
    images = tf.nest.map_structure(lambda t: tf.TensorSpec(t.shape, tf.float32), start)

    # One signature, so that different numbers of crops do not trace new graphs.
    @tf.function(input_signature=[images])
    def features(batch: tf.Tensor | tuple[tf.Tensor, ...]) -> tf.Tensor:
        return extract(batch)

    return features


def has_standardisation(model: keras.Model) -> bool:
    """Whether features are standardised before the score."""
    return any(layer.name == _STANDARDISE for layer in model.layers)
