"""Random pairs, and the hardest ones: the rivals of all pairs in the experiments."""

import collections
import functools
import itertools
import types

import numpy as np
import pytest
import tensorflow as tf
from batches import assert_equal
from batches import steps

import distortions
from benchmarks.experiments import random_pairs
from rankiqa_tf.config import Config
from rankiqa_tf.data import versions
from rankiqa_tf.training import losses

# Of distortion 0 levels fall, 1 has no order, of 2 level 2 is worse than 0 and 1.
BETTER = np.zeros((3, 3, 3), bool)
BETTER[0] = np.triu(np.ones((3, 3), bool), 1)
BETTER[2, [0, 1], 2] = True
KNOWN = [tuple(row) for row in np.argwhere(BETTER)]


class Numbered:
    """Versions that say by their pixels what was asked for."""

    names, num_levels, better, num_photos = ("a", "b", "c"), 2, BETTER, 5
    shares_seed = np.zeros(3, bool)

    def photo(self, content):
        return content

    def crop(self, photo, kind, level, size, place_seed, seed):
        # Of the seed a hash, so that crops with other seeds differ.
        place = tf.cast(seed[0] % 251, tf.int32)
        pixel = tf.cast(tf.stack([photo * 9 + kind * 3 + level, place, 7]), tf.uint8)
        return tf.broadcast_to(pixel, [size, size, 3])


def make(source=None, *, number=4, seed=3, crop_size=2):
    return random_pairs.RandomPairs(
        source or Numbered(), pairs=number, crop_size=crop_size, seed=seed
    )


@pytest.fixture(scope="module")
def first_steps():
    return steps(make(), 0, 500)


def test_a_batch_is_images_side_by_side_and_what_is_known_of_them(first_steps):
    assert make().size == 8
    assert len(first_steps) == 500
    for number, batch in enumerate(first_steps[:3]):
        assert {name: (a.shape, a.dtype) for name, a in batch.items()} == {
            "image": ((8, 2, 2, 3), np.uint8),
            "distortion": ((8,), np.int32),
            "level": ((8,), np.int32),
            "content": ((8,), np.int32),
            "pair": ((8,), np.int32),
            "step": ((), np.int64),
        }
        assert batch["step"] == number
        assert batch["pair"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_images_are_those_that_the_numbers_name(first_steps):
    for batch in first_steps[:50]:
        asked = 9 * batch["content"] + 3 * batch["distortion"] + batch["level"]
        np.testing.assert_array_equal(batch["image"][:, 0, 0, 0], asked)


def test_a_pair_is_of_one_photo_and_distortion_the_better_image_first(first_steps):
    for batch in first_steps:
        for name in ("content", "distortion"):
            np.testing.assert_array_equal(batch[name][::2], batch[name][1::2])
        kind, better, worse = batch["distortion"][::2], *batch["level"].reshape(4, 2).T
        assert BETTER[kind, better, worse].all()


def test_the_loss_compares_partners_alone(first_steps):
    batch = {name: tf.constant(value) for name, value in first_steps[0].items()}
    mask = losses.pair_mask(
        BETTER, batch["distortion"], batch["level"], batch["pair"]
    ).numpy()
    assert np.argwhere(mask).tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_distortions_with_an_order_and_their_pairs_are_drawn_evenly(first_steps):
    drawn = collections.Counter(
        (kind, better, worse)
        for batch in first_steps
        for kind, better, worse in zip(
            batch["distortion"][::2], *batch["level"].reshape(4, 2).T, strict=True
        )
    )
    # Of 2,000 pairs half are of distortion 0, with three pairs of levels, and half of
    # distortion 2, with two.
    assert sorted(drawn) == KNOWN
    for (kind, *_), count in drawn.items():
        chance = 1 / 6 if kind == 0 else 1 / 4
        deviation = np.sqrt(2000 * chance * (1 - chance))
        assert abs(count - 2000 * chance) < 4 * deviation


def test_every_epoch_takes_each_photo_once(first_steps):
    contents = np.concatenate([batch["content"][::2] for batch in first_steps])
    epochs = contents.reshape(-1, 5)
    assert (np.sort(epochs) == range(5)).all()
    assert len(np.unique(epochs, axis=0)) > 50  # Of 120 orders.


def test_each_image_has_a_seed_of_its_own(first_steps):
    seeds = np.stack([batch["image"][:, 0, 0, 1] for batch in first_steps])
    # Two of 251 fall together now and then.
    assert (seeds[:, ::2] == seeds[:, 1::2]).mean() < 0.02
    assert len(np.unique(seeds)) > 240


def test_the_seed_decides(first_steps):
    assert_equal(steps(make(), 0, 3), first_steps[:3])
    (other,) = steps(make(seed=4), 0, 1)
    assert (other["image"] != first_steps[0]["image"]).any()


def test_a_run_that_is_taken_up_again_sees_the_same_batches(first_steps):
    assert_equal(steps(make(), 7, 12), first_steps[7:12])


def test_workers_do_not_change_the_batches(first_steps):
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    alone = make().dataset(0, 5).with_options(options)
    assert_equal(list(alone.as_numpy_iterator()), first_steps[:5])


def test_pairs_of_real_photos_are_crops_of_them(photos):
    source = versions.MadeAnew(photos, distortions.PRESETS["live"])
    batches = make(source, number=3, crop_size=24)
    for batch in steps(batches, 0, 2):
        assert batch["image"].shape == (6, 24, 24, 3)
        for index in np.flatnonzero(batch["level"] == 0):
            photo = source.photo(tf.constant(batch["content"][index])).numpy()
            windows = np.lib.stride_tricks.sliding_window_view(photo, (24, 24), (0, 1))
            crop = batch["image"][index].transpose(2, 0, 1)
            assert (windows == crop).all((2, 3, 4)).any()
    kinds = range(len(source.names))
    every = {(k, *p) for k in kinds for p in itertools.combinations(range(6), 2)}
    falling = {tuple(row) for row in np.argwhere(distortions.PRESETS["live"].better())}
    assert falling == every


def test_says_why_there_are_no_pairs():
    with pytest.raises(ValueError, match="1 pair or more, not 0"):
        make(number=0)
    unordered = types.SimpleNamespace(names=("a", "b"), better=np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match=r"no distortion .*known order.*a, b"):
        make(unordered)


FALLING = np.broadcast_to(np.triu(np.ones((6, 6), bool), 1), (2, 6, 6))


def all_pairs(kinds, photos):
    """Those of all levels of some photos under distortions whose levels fall."""
    kind, level, _ = np.indices((kinds, 6, photos)).reshape(3, -1)
    return losses.pair_mask(FALLING, tf.constant(kind), tf.constant(level))


def hardest_by_a_loop(scores, mask, count):
    """Takes the pair that leads least, `count` times, the first of equal ones."""
    left = [(scores[i] - scores[j], i, j) for i, j in np.argwhere(mask)]
    picked = np.zeros_like(mask)
    for _ in range(min(count, len(left))):
        _, i, j = left.pop(left.index(min(left)))
        picked[i, j] = True
    return picked


@pytest.mark.parametrize("count", [0, 1, 7, 40, 1000])
@pytest.mark.parametrize("seed", range(2))
def test_the_hardest_pairs_are_those_of_a_loop(count, seed):
    generator = np.random.default_rng(seed)
    mask = generator.random((13, 13)) < 0.4
    scores = generator.integers(-3, 4, 13).astype(np.float32)  # With many ties.
    expected = hardest_by_a_loop(scores, mask, count)
    picked = random_pairs.hardest(scores=tf.constant(scores), mask=mask, count=count)
    np.testing.assert_array_equal(picked, expected)
    graph = tf.function(lambda *all: random_pairs.hardest(*all[:2], count=all[2]))
    picked = graph(scores, mask, tf.constant(count))
    np.testing.assert_array_equal(picked, expected)


@pytest.mark.parametrize(
    "ranking_loss",
    [functools.partial(losses.ranking_hinge, margin=10.0), losses.ranking_logistic],
    ids=["hinge", "logistic"],
)
def test_the_hardest_pairs_cost_no_less_than_any_other(ranking_loss):
    mask = all_pairs(kinds=2, photos=2)
    scores = tf.random.stateless_normal([24], (7, 8), stddev=5.0)

    def cost(pairs):
        return ranking_loss(scores, pairs, reduction="sum").numpy()

    every = sorted(
        cost(tf.scatter_nd([pair], [True], mask.shape)) for pair in tf.where(mask)
    )
    for count in (1, 10, 50):
        picked = random_pairs.hardest(scores, mask, count=count)
        np.testing.assert_allclose(cost(picked), sum(every[-count:]), rtol=1e-5)


def test_the_choice_of_the_hardest_pairs_has_no_gradient():
    mask = all_pairs(kinds=1, photos=1)
    scores = tf.random.stateless_normal([6], (9, 8))
    picked = tf.constant(random_pairs.hardest(scores, mask, count=4).numpy())

    def slopes(choose):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            loss = losses.ranking_logistic(scores, choose())
        return tape.gradient(loss, scores)

    np.testing.assert_array_equal(
        slopes(lambda: random_pairs.hardest(scores, mask, count=4)),
        slopes(lambda: picked),
    )


SCORES = np.random.default_rng(0).normal(size=12).astype("f4")
# Six pairs, each of one photo and one distortion; the better image is first or second.
PAIRS = {
    "distortion": [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1],
    "level": [0, 1, 3, 1, 2, 0, 1, 3, 2, 3, 0, 3],
    "content": [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3],
    "pair": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
}


def loss_of_a_step(step=0, *, hard=False, **options):
    batch = {name: tf.constant(values) for name, values in PAIRS.items()}
    batch["step"] = tf.constant(step, tf.int64)
    rise = random_pairs.HardNegatives(every=10, rise=0.25) if hard else None
    made = random_pairs.make_loss(FALLING, Config(**options), pairs=6, hard=rise)
    return float(made(tf.constant(SCORES), batch))


def cost(better, worse, margin=1.0):
    return max(0.0, margin - (SCORES[better] - SCORES[worse]))


def comparable(*, same_content=False):
    """Pairs (better, worse) that may be compared."""
    for one, other in itertools.permutations(range(12), 2):
        same = [PAIRS["distortion"][one] == PAIRS["distortion"][other]]
        if same_content:
            same.append(PAIRS["content"][one] == PAIRS["content"][other])
        if all(same) and PAIRS["level"][one] < PAIRS["level"][other]:
            yield one, other


DRAWN = [(0, 1), (3, 2), (5, 4), (6, 7), (8, 9), (10, 11)]
# A quarter of six more every ten steps, rounded to even: 1.5, 3, 4.5, 6.
RISING = pytest.mark.parametrize(
    ("step", "hard"), [(0, 0), (9, 0), (10, 2), (20, 3), (39, 4), (40, 6), (1000, 6)]
)


def test_random_pairs_are_those_that_were_drawn():
    expected = np.mean([cost(*pair) for pair in DRAWN])
    assert loss_of_a_step() == pytest.approx(expected, rel=1e-5)


@RISING
@pytest.mark.parametrize("same_content", [False, True])
def test_the_share_of_the_hardest_pairs_rises_and_there_are_always_as_many(
    step, hard, same_content
):
    kept = DRAWN[: 6 - hard]
    # Of those that were drawn none is taken a second time: there are six.
    left = set(comparable(same_content=same_content)) - set(kept)
    pairs = [*kept, *sorted(left, key=lambda pair: -cost(*pair))[:hard]]
    assert len(set(pairs)) == 6
    expected = np.mean([cost(*pair) for pair in pairs])
    found = loss_of_a_step(step, hard=True, same_content_pairs=same_content)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("count", range(7))
def test_the_hardest_are_taken_of_those_that_were_not_drawn(count):
    every = np.zeros((12, 12), bool)
    every[tuple(np.transpose(list(comparable())))] = True
    drawn = np.zeros_like(every)
    # The hardest were drawn already: of them again there would be none more.
    hardest = sorted(comparable(), key=lambda pair: -cost(*pair))
    drawn[tuple(np.transpose(hardest[:4]))] = True
    mask = random_pairs.with_hardest(
        tf.constant(SCORES), drawn, every, count=tf.constant(count)
    ).numpy()
    assert mask.sum() == 4 + count
    assert {tuple(pair) for pair in np.argwhere(mask)} == set(hardest[: 4 + count])


def test_the_loss_of_pairs_is_that_of_the_options():
    leads = np.array([SCORES[better] - SCORES[worse] for better, worse in DRAWN])
    expected = np.log1p(np.exp(-leads)).mean()
    assert loss_of_a_step(loss="logistic") == pytest.approx(expected, rel=1e-5)
    expected = sum(cost(*pair, margin=3.0) for pair in DRAWN)
    assert loss_of_a_step(loss="hinge_sum", margin=3.0) == pytest.approx(
        expected, rel=1e-5
    )
