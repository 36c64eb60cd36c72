"""Losses over a batch of scores.

Scores are float [M], higher is better. A pair mask is bool [M, M], true at (i, j)
where image i is known to be better than image j.
"""

from typing import Literal
from typing import get_args

import numpy.typing as npt
import tensorflow as tf

Reduction = Literal["mean_over_pairs", "sum_over_images", "sum"]


def pair_mask(
    better: npt.ArrayLike | tf.Tensor,
    distortion: tf.Tensor,
    level: tf.Tensor,
    content: tf.Tensor | None = None,
) -> tf.Tensor:
    """Says which image of a batch should score above which other.

    Args:
        better: bool [distortions, levels, levels], true where the first level is
            known to look better than the second (`distortions.Preset.better`).
        distortion: int32 [M], the kind of distortion of each image. Images of
            different distortions are never compared.
        level: int32 [M], its level, 0 for the pristine photo.
        content: int32 [M], the photo each image was made of. Where given, only
            images of the same photo are compared (the text of the paper); without
            it, all of a distortion are (what the released code does).

    Returns:
        bool [M, M], true where image i should score above image j.
    """
    # The order of each image's own distortion: [M, levels], then [M, M].
    than = tf.gather_nd(better, tf.stack([distortion, level], 1))
    mask = tf.gather(than, level, axis=1)
    for same in (distortion, content):
        if same is not None:
            mask &= same[:, tf.newaxis] == same[tf.newaxis]
    return mask


def ranking_hinge(
    scores: tf.Tensor,
    mask: tf.Tensor,
    *,
    margin: float,
    reduction: Reduction = "mean_over_pairs",
) -> tf.Tensor:
    """Hinge loss over all pairs of a batch: Eq. 5 of the paper with g of Eq. 1.

    Each image passes the network once and takes part in all its pairs here
    (efficient Siamese backpropagation).

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask`.
        margin: by how much the better image should outscore the worse one, in the
            unit of the scores; more than 0.
        reduction: `mean_over_pairs`; `sum_over_images`, the sum over pairs divided
            by the number of images, as the released Caffe layer does; or `sum`, as
            Eq. 5 is written.

    Returns:
        The loss, a scalar; 0 if no pair can be compared.

    Raises:
        ValueError: if the reduction is not one of the three.
    """
    if reduction not in get_args(Reduction):
        raise ValueError(
            f"no reduction {reduction!r}; there are: {', '.join(get_args(Reduction))}"
        )
    shortfall = tf.nn.relu(margin - (scores[:, tf.newaxis] - scores[tf.newaxis]))
    # where, not a product: an infinite score of an unrelated image stays out.
    total = tf.reduce_sum(tf.where(mask, shortfall, tf.zeros_like(shortfall)))
    if reduction == "mean_over_pairs":
        pairs = tf.math.count_nonzero(mask, dtype=scores.dtype)
        return tf.math.divide_no_nan(total, pairs)
    if reduction == "sum_over_images":
        return total / tf.cast(tf.size(scores), scores.dtype)
    return total


def squared_error(scores: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean squared error: Eq. 13 of the paper.

    Args:
        scores: float [M].
        targets: float [M], on the same scale.

    Returns:
        The loss, a scalar.
    """
    return tf.reduce_mean(tf.square(scores - targets))


def l2_penalty(kernels: list[tf.Tensor], weight: float) -> tf.Tensor:
    """Weight decay as Caffe means it: half the weight times the squared norm.

    Its gradient, weight * W, is added before momentum; the `weight_decay` of
    Keras' optimizers is decoupled and would be something else.

    Args:
        kernels: the weights to decay; biases and normalisation are left out.
        weight: the factor; 5e-4 in the paper.

    Returns:
        The penalty, a scalar.
    """
    return 0.5 * weight * tf.add_n([tf.reduce_sum(tf.square(k)) for k in kernels])
