"""Losses and their pair masks: closed forms, loops in NumPy, and the paper's Eq. 10."""

import functools
import itertools

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from rankiqa_tf.training import losses


def batch(distortions, levels, photos):
    """Distortion, level and content of a batch of all of these, each int32 [M]."""
    every = itertools.product(range(distortions), range(levels), range(photos))
    return tf.transpose(tf.constant(list(every), tf.int32))


# Nine distortions whose quality falls with each of six levels.
FALLING = np.broadcast_to(np.triu(np.ones((6, 6), bool), 1), (9, 6, 6))

# The authors' batches, whose loss layers have margin 10: 4 * 15 * 2 * 2 pairs (two
# photos are compared with each other too), 9 * 10 pairs. With equal scores every pair
# costs 10: 2400 / 48 = 50 and 900 / 45 = 20.
LIVE = pytest.param((4, 6, 2), 240, 50.0, id="live")
TID = pytest.param((9, 5, 1), 90, 20.0, id="tid2013")
AUTHORS = pytest.mark.parametrize(("shape", "pairs", "caffe_loss"), [LIVE, TID])
EVERY_REDUCTION = pytest.mark.parametrize(
    "reduction", ["mean_over_pairs", "sum_over_images", "sum"]
)
EVERY_LOSS = pytest.mark.parametrize(
    "ranking_loss",
    [functools.partial(losses.ranking_hinge, margin=10.0), losses.ranking_logistic],
    ids=["hinge", "logistic"],
)


@AUTHORS
def test_equal_scores_cost_what_the_authors_layer_says(shape, pairs, caffe_loss):
    distortion, level, _ = batch(*shape)
    mask = losses.pair_mask(FALLING, distortion, level)
    assert np.count_nonzero(mask) == pairs
    scores = tf.fill([len(level)], 3.25)
    for reduction, loss in (
        ("sum_over_images", caffe_loss),
        ("mean_over_pairs", 10.0),
        ("sum", 10.0 * pairs),
    ):
        np.testing.assert_allclose(
            losses.ranking_hinge(scores, mask, margin=10.0, reduction=reduction), loss
        )


@pytest.mark.parametrize(("shape", "ratio"), [((4, 6, 2), 5), ((9, 5, 1), 2)])
def test_mean_over_pairs_is_the_authors_loss_by_a_constant(shape, ratio):
    distortion, level, _ = batch(*shape)
    mask = losses.pair_mask(FALLING, distortion, level)
    scores = tf.random.stateless_normal([len(level)], (1, 2), stddev=10.0)
    mean = losses.ranking_hinge(scores, mask, margin=10.0)
    caffe = losses.ranking_hinge(scores, mask, margin=10.0, reduction="sum_over_images")
    np.testing.assert_allclose(mean, caffe / ratio, rtol=1e-5)


def test_only_images_of_one_photo_are_compared_where_contents_are_given():
    distortion, level, content = batch(4, 6, 2)
    mask = losses.pair_mask(FALLING, distortion, level, content).numpy()
    assert np.count_nonzero(mask) == 120
    better, worse = np.nonzero(mask)
    np.testing.assert_array_equal(content.numpy()[better], content.numpy()[worse])


def test_mask_of_a_small_batch_by_hand():
    # Two of one distortion, levels 0 and 2; then of another 1, 1 and 0.
    mask = losses.pair_mask(
        FALLING, tf.constant([0, 0, 1, 1, 1]), tf.constant([0, 2, 1, 1, 0])
    )
    pairs = np.argwhere(mask.numpy()).tolist()
    assert pairs == [[0, 1], [4, 2], [4, 3]]


def test_mask_keeps_to_the_order_of_each_distortion_by_hand():
    # Of the first distortion level 1 is better than 0 and 2, of the second nothing is
    # known.
    better = np.zeros((2, 3, 3), bool)
    better[0, 1, [0, 2]] = True
    distortion = tf.constant([0, 0, 0, 0, 1, 1, 1])
    level = tf.constant([0, 1, 1, 2, 0, 1, 2])
    mask = losses.pair_mask(better, distortion, level)
    assert np.argwhere(mask.numpy()).tolist() == [[1, 0], [1, 3], [2, 0], [2, 3]]


def test_strengths_are_the_order_of_graded_distortions_by_hand():
    # Of the first distortion strengths count, whatever the levels; of the second the
    # levels of the table, which says that 2 is better than 1, and nothing of 0.
    better = np.zeros((2, 3, 3), bool)
    better[0, 0, 1] = better[1, 2, 1] = True
    mask = losses.pair_mask(
        better,
        tf.constant([0, 0, 0, 0, 1, 1, 1]),
        tf.constant([0, 1, 1, 2, 0, 1, 2]),
        graded=[True, False],
        strength=tf.constant([0, 0.25, 0.5, 1.25, 0, 0.5, 1.5]),
        least_difference=0.5,
    )
    assert np.argwhere(mask.numpy()).tolist() == [
        [0, 2],
        [0, 3],
        [1, 3],
        [2, 3],
        [6, 5],
    ]


def test_the_same_strength_is_never_compared():
    mask = losses.pair_mask(
        FALLING,
        tf.constant([0, 0]),
        tf.constant([1, 1]),
        graded=[True],
        strength=tf.constant([0.5, 0.5]),
        least_difference=0.0,
    )
    assert not mask.numpy().any()


@pytest.mark.parametrize(
    ("reduction", "loss"),
    [("sum", 6.5), ("mean_over_pairs", 6.5 / 3), ("sum_over_images", 6.5 / 4)],
)
def test_loss_of_four_images_by_hand(reduction, loss):
    # Levels 0, 1, 2 of one distortion and one image of another. With margin 2:
    # (0, 1): 2 - (1 - 4) = 5; (0, 2): 2 - (1 - .5) = 1.5;
    # (1, 2): 2 - (4 - .5) = -1.5, so 0.
    mask = losses.pair_mask(
        FALLING, tf.constant([0, 0, 0, 1]), tf.constant([0, 1, 2, 0])
    )
    scores = tf.constant([1.0, 4.0, 0.5, 9.0])
    found = losses.ranking_hinge(scores, mask, margin=2.0, reduction=reduction)
    np.testing.assert_allclose(found, loss, rtol=1e-6)


def gradient_by_equation_10(scores, order, margin):
    """Row sums of the paper's P with a_ij of Eq. 10; `order` is its l, in -1, 0, 1."""
    sums = np.zeros(len(scores))
    for i in range(len(scores)):
        for j in range(len(scores)):
            if order[i, j] * (scores[j] - scores[i]) + margin > 0:
                sums[i] += order[i, j]
    return sums


@pytest.mark.parametrize("same_content", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_is_that_of_the_paper(seed, same_content):
    generator = np.random.default_rng(seed)
    distortion, level, content = generator.integers(0, (4, 6, 2), (48, 3)).T
    scores = tf.constant(generator.normal(0, 8, 48))
    # l_ij is 1 where i is better, -1 where j is, 0 where they cannot be compared.
    order = np.zeros((48, 48))
    for i, j in itertools.product(range(48), range(48)):
        if distortion[i] == distortion[j]:
            order[i, j] = np.sign(level[j] - level[i])
        if same_content and content[i] != content[j]:
            order[i, j] = 0
    mask = losses.pair_mask(
        FALLING,
        *map(tf.constant, (distortion, level)),
        tf.constant(content) if same_content else None,
    )
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = losses.ranking_hinge(scores, mask, margin=10.0, reduction="sum")
    # As printed, Eq. 10 points downhill: by Eq. 2 the better image has slope -1.
    np.testing.assert_allclose(
        tape.gradient(loss, scores),
        -gradient_by_equation_10(scores.numpy(), order, 10.0),
    )


@AUTHORS
def test_equal_scores_cost_ln_2_a_pair_by_the_logistic_loss(shape, pairs, caffe_loss):
    del caffe_loss
    distortion, level, _ = batch(*shape)
    mask = losses.pair_mask(FALLING, distortion, level)
    scores = tf.fill([len(level)], -7.5)
    for reduction, number in (
        ("sum_over_images", pairs / len(level)),
        ("mean_over_pairs", 1),
        ("sum", pairs),
    ):
        np.testing.assert_allclose(
            losses.ranking_logistic(scores, mask, reduction=reduction),
            number * np.log(2),
            rtol=1e-6,
        )


@pytest.mark.parametrize(
    "known",
    [((0, 1), (0, 2), (1, 2)), ((0, 1), (0, 2)), ()],
    ids=["all", "partial", "none"],
)
def test_logistic_loss_and_its_gradient_are_those_of_a_loop(known):
    better = np.zeros((2, 3, 3), bool)
    for first, second in known:
        better[:, first, second] = True
    generator = np.random.default_rng(4)
    distortion, level = generator.integers(0, (2, 3), (15, 2)).T
    scores = generator.normal(0, 3, 15)
    loss, slopes = 0.0, np.zeros(15)
    for i, j in itertools.product(range(15), range(15)):
        if distortion[i] == distortion[j] and better[distortion[i], level[i], level[j]]:
            chance = 1 / (1 + np.exp(scores[j] - scores[i]))
            loss -= np.log(chance)
            slopes[i] -= 1 - chance
            slopes[j] += 1 - chance
    assert (loss > 0) == bool(known)
    mask = losses.pair_mask(better, *map(tf.constant, (distortion, level)))
    scores = tf.constant(scores)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        found = losses.ranking_logistic(scores, mask, reduction="sum")
    np.testing.assert_allclose(found, loss)
    np.testing.assert_allclose(tape.gradient(found, scores), slopes, atol=1e-12)


@EVERY_LOSS
@EVERY_REDUCTION
def test_huge_scores_have_finite_losses_and_slopes(ranking_loss, reduction):
    distortion, level, _ = batch(1, 6, 1)
    mask = losses.pair_mask(FALLING, distortion, level)
    scores = tf.constant([1e4, -1e4, 1e4, -1e4, 0, 1e4])
    # By hand: pairs (1, 2), (1, 5) and (3, 5) trail by 20,000 each, (1, 4), (3, 4)
    # and (4, 5) by 10,000; (0, 2), (0, 5), (1, 3) and (2, 5) are even; the others lead
    # by far. Margins, or ln 2 where scores are even, add up to 100 or less.
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = ranking_loss(scores, mask, reduction=reduction)
    number = {"sum": 1, "mean_over_pairs": 15, "sum_over_images": 6}[reduction]
    np.testing.assert_allclose(loss, 90_000 / number, rtol=1.2e-3)
    assert np.isfinite(tape.gradient(loss, scores)).all()


def test_pairs_of_one_group_alone_are_compared_as_drawn():
    # Two pairs of the same photo and distortion, levels (0, 2) and (1, 3).
    level, pair = tf.constant([0, 2, 1, 3]), tf.constant([0, 0, 1, 1])
    mask = losses.pair_mask(FALLING, tf.zeros(4, tf.int32), level, pair)
    assert np.argwhere(mask.numpy()).tolist() == [[0, 1], [2, 3]]


@EVERY_LOSS
@EVERY_REDUCTION
def test_loss_does_not_depend_on_the_order_of_the_batch(ranking_loss, reduction):
    columns = batch(3, 4, 2)
    scores = tf.random.stateless_normal([24], (3, 4), stddev=5.0)
    mask = losses.pair_mask(FALLING, *columns)
    order = np.random.default_rng(5).permutation(24)
    shuffled_mask = losses.pair_mask(FALLING, *tf.gather(columns, order, axis=1))
    np.testing.assert_array_equal(shuffled_mask, mask.numpy()[order][:, order])
    np.testing.assert_allclose(
        ranking_loss(scores, mask, reduction=reduction),
        ranking_loss(tf.gather(scores, order), shuffled_mask, reduction=reduction),
        rtol=1e-5,
    )


@EVERY_LOSS
@EVERY_REDUCTION
def test_without_pairs_loss_and_gradient_are_0(ranking_loss, reduction):
    scores = tf.constant([1.0, np.inf, -3.0, np.inf])
    mask = losses.pair_mask(FALLING, tf.range(4), tf.range(4))
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = ranking_loss(scores, mask, reduction=reduction)
    assert loss == 0
    np.testing.assert_array_equal(tape.gradient(loss, scores), [0, 0, 0, 0])


@EVERY_LOSS
@EVERY_REDUCTION
@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64])
def test_loss_keeps_the_type_of_the_scores_also_in_a_graph(
    ranking_loss, dtype, reduction
):
    distortion, level, content = batch(4, 6, 2)
    scores = tf.cast(tf.random.stateless_normal([48], (5, 6), stddev=5.0), dtype)

    def loss(*columns):
        mask = losses.pair_mask(FALLING, *columns)
        return ranking_loss(scores, mask, reduction=reduction)

    eager = loss(distortion, level, content)
    graph = tf.function(loss)(distortion, level, content)
    assert eager.dtype == graph.dtype == dtype
    np.testing.assert_allclose(eager, graph, rtol=1e-2 if dtype == tf.float16 else 1e-5)


@EVERY_LOSS
def test_refuses_an_unknown_reduction_and_names_those_there_are(ranking_loss):
    with pytest.raises(ValueError, match=r"'mean'; .*mean_over_pairs, sum_over_images"):
        ranking_loss(tf.zeros(2), tf.zeros((2, 2), bool), reduction="mean")


def test_squared_error_is_the_mean_by_hand():
    # (1 + 0 + 4) / 3
    error = losses.squared_error(tf.constant([1.0, 2.0, 3.0]), tf.constant([2.0, 2, 1]))
    np.testing.assert_allclose(error, 5 / 3, rtol=1e-6)


def test_gradient_of_the_l2_penalty_is_weight_times_kernel():
    kernels = [tf.constant([[1.0, -2.0]]), tf.constant([3.0])]
    with tf.GradientTape() as tape:
        tape.watch(kernels)
        penalty = losses.l2_penalty(kernels, 5e-4)
    np.testing.assert_allclose(penalty, 0.5 * 5e-4 * 14, rtol=1e-6)
    for slope, kernel in zip(tape.gradient(penalty, kernels), kernels, strict=True):
        np.testing.assert_allclose(slope, 5e-4 * kernel, rtol=1e-6)


def test_fidelity_loss_of_three_images_is_that_of_a_loop_with_scipy():
    scores = [0.3, -1.2, 4.0]
    mask = np.triu(np.ones((3, 3), bool), 1)
    differences = np.array([[0, 0.5, 2], [0, 0, 1], [0, 0, 0]])
    costs = []
    for i, j in np.argwhere(mask):
        known, found = scipy.stats.norm.cdf(
            np.array([differences[i, j], scores[i] - scores[j]]) / 2**0.5
        )
        same = (known * found) ** 0.5 + ((1 - known) * (1 - found)) ** 0.5
        costs.append(1 - same)
    found = losses.ranking_fidelity(
        tf.constant(scores), tf.constant(mask), tf.constant(differences, tf.float32)
    )
    assert float(found) == pytest.approx(np.mean(costs), rel=1e-4)


def test_fidelity_loss_is_0_where_scores_say_what_is_known_and_has_finite_slopes():
    scores = tf.Variable([3.0, 1.0, -400.0])
    mask = tf.constant(np.triu(np.ones((3, 3), bool), 1))
    wanted = scores[:, tf.newaxis] - scores[tf.newaxis]
    found = losses.ranking_fidelity(scores, mask, wanted)
    np.testing.assert_allclose(found, 0, atol=1e-5)
    with tf.GradientTape() as tape:
        loss = losses.ranking_fidelity(scores, mask, 1.0)
    assert np.isfinite(tape.gradient(loss, scores)).all()


NAN = float("nan")


def by_quality(columns, known=None, least=0.5):
    quality = tf.constant(columns, tf.float32)
    count = len(columns)
    known = np.zeros((count, count), bool) if known is None else known
    mask, differences = losses.pairs_by_quality(
        quality, tf.constant(known), least_difference=least
    )
    pairs = {(int(i), int(j)) for i, j in np.argwhere(mask.numpy())}
    assert not differences.numpy()[~mask.numpy()].any()
    return pairs, differences.numpy()


def test_images_are_compared_whose_quality_differs_enough():
    pairs, differences = by_quality([[3.0], [2.6], [1.0]])
    assert pairs == {(0, 2), (1, 2)}
    assert differences[0, 2] == 2.0
    assert differences[1, 2] == pytest.approx(1.6)


def test_sources_must_agree_and_one_that_does_not_know_has_no_say():
    pairs, differences = by_quality([[3, 5], [2, NAN], [1, 6], [NAN, 2]])
    # 0 and 2 are in two orders; 0 and 1 by the first, 0 and 3 by the second alone.
    assert pairs == {(0, 1), (1, 2), (0, 3), (2, 3)}
    assert differences[2, 3] == 4.0


def test_the_difference_is_the_mean_of_what_sources_say():
    _, differences = by_quality([[3.0, 5.0], [2.0, 2.0]])
    assert differences[0, 1] == 2.0


def test_no_source_turns_a_known_order_round_and_where_none_knows_it_counts():
    known = np.zeros((3, 3), bool)
    known[0, 1] = known[1, 2] = True
    pairs, differences = by_quality([[1.0], [4.0], [NAN]], known)
    assert pairs == {(1, 2)}
    assert differences[1, 2] == 1.0  # One level.


def test_pairs_by_quality_are_the_same_in_a_graph():
    quality = tf.constant([[3.0, 1.0], [2.0, NAN], [0.0, 0.0]])
    known = tf.zeros([3, 3], tf.bool)
    for eager, graph in zip(
        losses.pairs_by_quality(quality, known, least_difference=0.5),
        tf.function(losses.pairs_by_quality)(quality, known, least_difference=0.5),
        strict=True,
    ):
        np.testing.assert_array_equal(eager, graph)


def test_each_pair_may_have_a_margin_of_its_own():
    scores = tf.constant([2.0, 1.0, 0.0])
    mask = tf.constant(np.triu(np.ones((3, 3), bool), 1))
    margin = tf.constant([[9.0, 1.5, 4.0], [9.0, 9.0, 0.5], [9.0, 9.0, 9.0]])
    found = losses.ranking_hinge(scores, mask, margin=margin, reduction="sum")
    assert found == 0.5 + 2.0 + 0.0


def test_every_photo_beats_strong_versions_of_kinds_that_fall_by_hand():
    falling = np.triu(np.ones((4, 4), bool), 1)
    rising = falling.copy()
    rising[0, 2:] = False  # Of the second kind, level 2 and 3 may look better.
    distortion = [0, 1, 0, 0, 1, 1]
    level = [0, 0, 1, 2, 3, 1]
    mask = losses.photo_mask(
        np.stack([falling, rising]),
        tf.constant(distortion),
        tf.constant(level),
        from_level=2,
    )
    assert np.argwhere(mask.numpy()).tolist() == [[0, 3], [1, 3]]
    mask = losses.photo_mask(
        np.stack([falling, rising]),
        tf.constant(distortion),
        tf.constant(level),
        from_level=1,
    )
    wanted = [[i, j] for i in (0, 1) for j in (2, 3, 5)]
    assert np.argwhere(mask.numpy()).tolist() == wanted
