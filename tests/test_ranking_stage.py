"""What the ranking stage takes of a batch: which pairs, at which loss."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.training.stages import ranking

FALLING = np.broadcast_to(np.triu(np.ones((4, 4), bool), 1), (2, 4, 4))
SCORES = np.random.default_rng(0).normal(size=12).astype("f4")
# Six pairs, each of one photo and one distortion; the better image is first or second.
BATCH = {
    "distortion": [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1],
    "level": [0, 1, 3, 1, 2, 0, 1, 3, 2, 3, 0, 3],
    "content": [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3],
    "pair": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
}


def loss(step=0, **options):
    batch = {name: tf.constant(values) for name, values in BATCH.items()}
    batch["step"] = tf.constant(step, tf.int64)
    config = Config(pairs_per_batch=6, hard_every=10, hard_rise=0.25, **options)
    return float(ranking.make_loss(FALLING, config)(tf.constant(SCORES), batch))


def cost(better, worse, margin=1.0):
    return max(0.0, margin - (SCORES[better] - SCORES[worse]))


def comparable(*, same_content=False):
    """Pairs (better, worse) that may be compared."""
    for one, other in itertools.permutations(range(12), 2):
        same = [BATCH["distortion"][one] == BATCH["distortion"][other]]
        if same_content:
            same.append(BATCH["content"][one] == BATCH["content"][other])
        if all(same) and BATCH["level"][one] < BATCH["level"][other]:
            yield one, other


DRAWN = [(0, 1), (3, 2), (5, 4), (6, 7), (8, 9), (10, 11)]


@pytest.mark.parametrize("same_content", [False, True])
def test_all_pairs_are_those_of_a_distortion_or_of_a_photo_too(same_content):
    pairs = list(comparable(same_content=same_content))
    assert len(pairs) == (6 if same_content else 26)
    assert loss(same_content_pairs=same_content) == pytest.approx(
        np.mean([cost(*pair) for pair in pairs]), rel=1e-5
    )


def test_random_pairs_are_those_that_were_drawn():
    expected = np.mean([cost(*pair) for pair in DRAWN])
    assert loss(pairs="random") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("step", "hard"),
    # A quarter of six more every ten steps, rounded to even: 1.5, 3, 4.5, 6.
    [(0, 0), (9, 0), (10, 2), (20, 3), (39, 4), (40, 6), (1000, 6)],
)
def test_the_share_of_the_hardest_pairs_rises(step, hard):
    hardest = sorted(comparable(), key=lambda pair: -cost(*pair))[:hard]
    pairs = {*DRAWN[: 6 - hard], *hardest}
    expected = np.mean([cost(*pair) for pair in pairs])
    assert loss(step, pairs="hard") == pytest.approx(expected, rel=1e-5)


def test_the_logistic_loss_is_that_of_ranknet():
    expected = np.mean(
        [np.log1p(np.exp(SCORES[worse] - SCORES[better])) for better, worse in DRAWN]
    )
    assert loss(pairs="random", loss="logistic") == pytest.approx(expected, rel=1e-5)


def test_the_margin_and_the_reduction_are_those_of_the_options():
    expected = sum(cost(*pair, margin=3.0) for pair in DRAWN)
    found = loss(pairs="random", margin=3.0, reduction="sum")
    assert found == pytest.approx(expected, rel=1e-5)
