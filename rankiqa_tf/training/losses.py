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
    """Says which image of a batch should score above which other.

    Args:
        better: bool [distortions, levels, levels], true where the first level is
            known to look better than the second (`distortions.Preset.better`).
        distortion: int32 [M], the kind of distortion of each image. Images of
            different distortions are never compared.
        level: int32 [M], its level, 0 for the pristine photo.
        group: int32 [M]. Where given, only images of the same group are compared:
            of the same photo (the text of the paper), or of the same drawn pair (a
            standard Siamese network); without it, all of a distortion are (what the
            released code does).
        graded: bool [distortions], true where strengths, not levels, are the order;
            without it, nowhere.
        strength: float [M], as of `distortions.Row.at`; needed with `graded`.
        least_difference: strengths less far apart than this are not compared.

    Returns:
        bool [M, M], true where image i should score above image j.
    """
    # The order of each image's own distortion: [M, levels], then [M, M].
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
    """Says that any photo as it is looks better than strong versions of any other.

    Args:
        better: as of `pair_mask`.
        distortion: int32 [M], as of `pair_mask`.
        level: int32 [M], likewise.
        from_level: the level from which on versions are worse, where the order of their
            kind says that they are worse than their own photo.

    Returns:
        bool [M, M], true where image i should score above image j.
    """
    places = tf.stack([distortion, tf.zeros_like(distortion), level], 1)
    is_worse = tf.gather_nd(better, places) & (level >= from_level)
    return (level == 0)[:, tf.newaxis] & is_worse[tf.newaxis]


def pairs_by_quality(
    quality: tf.Tensor, known: tf.Tensor, *, least_difference: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Says which image of a batch is better than which other, across kinds and photos.

    Args:
        quality: float [M, s], by each of s sources, higher is better; not a number
            where a source does not know an image.
        known: bool [M, M], from `pair_mask`: what no source can turn round.
        least_difference: by how much quality must differ, by all sources that know
            both images; there must be one.

    Returns:
        bool [M, M], true where image i should score above image j; and float [M, M],
        by how much better it is, the mean over the sources that know, 0 elsewhere.
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

    Each image passes the network once and takes part in all its pairs here
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
    """Squared hinge loss, the mean over the pairs of a batch.

    That of a ranking support vector machine (Chapelle and Keerthi, "Efficient
    algorithms for ranking with SVMs", Information Retrieval 13, 2010): smooth, so that
    it goes with a squared error.

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

    It is the cross entropy of the chance that the better image wins, taken as the
    sigmoid of its lead: RankNet (Burges et al., "Learning to rank using gradient
    descent", ICML 2005). It needs no margin, and no pair ever costs nothing.

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask`.
        reduction: as of `ranking_hinge`.

    Returns:
        The loss, a scalar; 0 if no pair can be compared.

    Raises:
        ValueError: if the reduction is not one of the three.
    """
    return _over_pairs(tf.math.softplus(-_leads(scores, mask)), mask, reduction)


def ranking_fidelity(
    scores: tf.Tensor, mask: tf.Tensor, differences: tf.Tensor | float
) -> tf.Tensor:
    """Fidelity loss, the mean over the pairs of a batch: soft pairs.

    1 - sqrt(p q) - sqrt((1 - p) (1 - q)), p being the chance that the better image
    wins by what is known, and q that by the scores: of Thurstone's model, by normal
    noise of deviation 1 on each (Zhang, Ma, Zhai and Yang, "Uncertainty-aware blind
    image quality assessment in the laboratory and wild", UNIQUE, IEEE Transactions on
    Image Processing 30, 2021; the loss is FRank's, Tsai et al., SIGIR 2007).

    Args:
        scores: float [M].
        mask: bool [M, M], from `pair_mask` or `pairs_by_quality`.
        differences: float [M, M] or one for all, by how much better an image is.

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
    """By how much image i outscores image j, [M, M]; 0 outside the mask."""
    # where, not a product, and before any function of the leads: infinite scores of
    # unrelated images stay out of the loss and of its gradient.
    leads = scores[:, tf.newaxis] - scores[tf.newaxis]
    return tf.where(mask, leads, tf.zeros_like(leads))


def _over_pairs(costs: tf.Tensor, mask: tf.Tensor, reduction: Reduction) -> tf.Tensor:
    """Reduces the costs [M, M] of the pairs of a mask to a scalar."""
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
