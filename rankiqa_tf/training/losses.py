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
    group: tf.Tensor | None = None,
    *,
    graded: npt.ArrayLike | tf.Tensor | None = None,
    strength: tf.Tensor | None = None,
    least_difference: float = 0.0,
) -> tf.Tensor:
    """Returns which images of a batch should score above which others.

    Args:
        better: bool [distortions, levels, levels], true where the first level is
            known to look better than the second (`distortions.Preset.better`).
        distortion: int32 [M], the kind of distortion of each image. Images of
            different distortions are never compared.
        level: int32 [M], its level, 0 for the pristine photo.
        group: int32 [M]. If given, only images of the same group are compared: of the
            same photo (as the paper's text says), or of the same drawn pair (a standard
            Siamese network). If not, all images of a distortion are compared (as the
            released code does).
        graded: bool [distortions], true where images are ordered by strength rather
            than level; by default nowhere.
        strength: float [M], as for `distortions.Row.at`; required with `graded`.
        least_difference: images whose strengths differ by less are not compared.

    Returns:
        bool [M, M], true where image i should score above image j.
    """
    # The order within each image's own distortion: [M, levels], then [M, M].
    than = tf.gather_nd(better, tf.stack([distortion, level], 1))
    mask = tf.gather(than, level, axis=1)
    if graded is not None and strength is not None:
        more = strength[tf.newaxis] - strength[:, tf.newaxis]
        weaker = (more > 0) & (more >= least_difference)
        is_graded = tf.gather(tf.convert_to_tensor(graded), distortion)
        mask = tf.where(is_graded[:, tf.newaxis], weaker, mask)
    for same in (distortion, group):
        if same is not None:
            mask &= same[:, tf.newaxis] == same[tf.newaxis]
    return mask


def photo_mask(
    better: npt.ArrayLike | tf.Tensor,
    distortion: tf.Tensor,
    level: tf.Tensor,
    *,
    from_level: int,
) -> tf.Tensor:
    """Returns pairs in which any pristine photo beats strong versions of other photos.

    Args:
        better: as for `pair_mask`.
        distortion: int32 [M], as for `pair_mask`.
        level: int32 [M], as for `pair_mask`.
        from_level: the level from which versions count as worse, provided that their
            kind's order says they are worse than their own photo.

    Returns:
        bool [M, M], true where image i should score above image j.
    """
    places = tf.stack([distortion, tf.zeros_like(distortion), level], 1)
    is_worse = tf.gather_nd(better, places) & (level >= from_level)
    return (level == 0)[:, tf.newaxis] & is_worse[tf.newaxis]


def pairs_by_quality(
    quality: tf.Tensor, known: tf.Tensor, *, least_difference: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns which images of a batch are better, comparing across kinds and photos.

    Args:
        quality: float [M, s], the quality according to each of s sources, higher is
            better; nan where a source does not know an image.
        known: bool [M, M], from `pair_mask`: pairs that no source may reverse.
        least_difference: how much quality has to differ according to every source that
            knows both images; at least one source has to know them.

    Returns:
        bool [M, M], true where image i should score above image j; and float [M, M],
        how much better it is, averaged over the sources that know both, 0 elsewhere.
    """
    differences = quality[:, tf.newaxis] - quality[tf.newaxis]
    unknown = tf.math.is_nan(differences)
    agreed = tf.reduce_all(unknown | (differences >= least_difference), -1)
    anywhere = tf.reduce_any(~unknown, -1) | known
    mask = agreed & anywhere & ~tf.transpose(known)
    total = tf.reduce_sum(tf.where(unknown, 0.0, differences), -1)
    sources = tf.math.count_nonzero(~unknown, -1, dtype=total.dtype)
    mean = tf.where(sources > 0, tf.math.divide_no_nan(total, sources), 1.0)
    return mask, tf.where(mask, mean, 0.0)


def ranking_hinge(
    scores: tf.Tensor,
    mask: tf.Tensor,
    *,
    margin: float | tf.Tensor,
    reduction: Reduction = "mean_over_pairs",
) -> tf.Tensor:
    """Hinge loss over all pairs of a batch: Eq. 5 of the paper with g of Eq. 1.

    Each image goes through the network once and takes part in all its pairs here
    (efficient Siamese backpropagation).

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask`.
        margin: by how much the better image should outscore the worse one, in the
            unit of the scores; more than 0. One for all pairs or float [M, M].
        reduction: `mean_over_pairs`; `sum_over_images`, the sum over pairs divided
            by the number of images, as the released Caffe layer does; or `sum`, as
            Eq. 5 is written.

    Returns:
        The loss, a scalar; 0 if no pair can be compared.

    Raises:
        ValueError: if the reduction is not one of the three.
    """
    return _over_pairs(tf.nn.relu(margin - _leads(scores, mask)), mask, reduction)


def ranking_squared_hinge(
    scores: tf.Tensor, mask: tf.Tensor, *, margin: float
) -> tf.Tensor:
    """Squared hinge loss, averaged over the pairs of a batch.

    The loss of a ranking support vector machine (Chapelle and Keerthi, "Efficient
    algorithms for ranking with SVMs", Information Retrieval 13, 2010). Being smooth, it
    combines well with a squared error.

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask`.
        margin: by how much the better image should outscore the worse one.

    Returns:
        The loss, a scalar; 0 if no pair can be compared.
    """
    lacking = tf.nn.relu(margin - _leads(scores, mask))
    return _over_pairs(tf.square(lacking), mask, "mean_over_pairs")


def ranking_logistic(
    scores: tf.Tensor,
    mask: tf.Tensor,
    *,
    reduction: Reduction = "mean_over_pairs",
) -> tf.Tensor:
    """Logistic loss over all pairs of a batch, log(1 + exp(-(s_i - s_j))).

    The cross entropy of the probability that the better image wins, modelled as the
    sigmoid of the score difference: RankNet (Burges et al., "Learning to rank using
    gradient descent", ICML 2005). It needs no margin, and no pair's loss is ever
    exactly 0.

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask`.
        reduction: as for `ranking_hinge`.

    Returns:
        The loss, a scalar; 0 if no pair can be compared.

    Raises:
        ValueError: if the reduction is not one of the three.
    """
    return _over_pairs(tf.math.softplus(-_leads(scores, mask)), mask, reduction)


def ranking_fidelity(
    scores: tf.Tensor, mask: tf.Tensor, differences: tf.Tensor | float
) -> tf.Tensor:
    """Fidelity loss, averaged over the pairs of a batch, with soft labels.

    1 - sqrt(p q) - sqrt((1 - p) (1 - q)), where p is the true probability that the
    better image wins and q the one predicted from the scores, both by Thurstone's model
    with normal noise of deviation 1 on each image (UNIQUE: Zhang, Ma, Zhai and Yang,
    "Uncertainty-aware blind image quality assessment in the laboratory and wild", IEEE
    Transactions on Image Processing 30, 2021; the loss is that of FRank, Tsai et al.,
    SIGIR 2007).

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask` or `pairs_by_quality`.
        differences: float [M, M], or one for all pairs: how much better an image is.

    Returns:
        The loss, a scalar; 0 if no pair can be compared.
    """
    known, found = (
        tf.clip_by_value(0.5 * (1 + tf.math.erf(each / 2)), 1e-6, 1 - 1e-6)
        for each in (
            tf.convert_to_tensor(differences, scores.dtype),
            _leads(scores, mask),
        )
    )
    kept = tf.sqrt(known * found) + tf.sqrt((1 - known) * (1 - found))
    return _over_pairs(1 - kept, mask, "mean_over_pairs")


def _leads(scores: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns by how much image i outscores image j, [M, M]; 0 outside the mask."""
    # Uses where rather than a product, and before any function of the differences, so
    # that infinite scores of unrelated images affect neither the loss nor its gradient.
    leads = scores[:, tf.newaxis] - scores[tf.newaxis]
    return tf.where(mask, leads, tf.zeros_like(leads))


def _over_pairs(costs: tf.Tensor, mask: tf.Tensor, reduction: Reduction) -> tf.Tensor:
    """Reduces the costs [M, M] of the pairs in a mask to a scalar."""
    if reduction not in get_args(Reduction):
        raise ValueError(
            f"no reduction {reduction!r}; there are: {', '.join(get_args(Reduction))}"
        )
    total = tf.reduce_sum(tf.where(mask, costs, tf.zeros_like(costs)))
    if reduction == "mean_over_pairs":
        pairs = tf.math.count_nonzero(mask, dtype=costs.dtype)
        return tf.math.divide_no_nan(total, pairs)
    if reduction == "sum_over_images":
        return total / tf.cast(tf.shape(mask)[0], costs.dtype)
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
    """Weight decay as in Caffe: half the weight times the squared norm.

    Its gradient, weight * W, is added before momentum, unlike the decoupled
    `weight_decay` of Keras' optimizers.

    Args:
        kernels: the weights to decay, without biases and normalisation.
        weight: the factor; 5e-4 in the paper.

    Returns:
        The penalty, a scalar.
    """
    return 0.5 * weight * tf.add_n([tf.reduce_sum(tf.square(k)) for k in kernels])
