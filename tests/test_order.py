"""Order and seeds as functions of a number."""

import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf.data import order


def places(slots, count, seed, purpose="photos"):
    dataset = tf.data.Dataset.range(*slots)
    dataset = dataset.map(lambda slot: order.shuffled(slot, count, seed, purpose))
    return np.array(list(dataset.as_numpy_iterator()))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_every_epoch_takes_each_thing_once(count):
    epochs = places((0, 5 * count), count, seed=1).reshape(5, count)
    for epoch in epochs:
        assert sorted(epoch) == list(range(count))


def test_epochs_differ():
    epochs = places((0, 100), 20, seed=1).reshape(5, 20)
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_the_seed_decides_the_order():
    first = places((0, 40), 20, seed=1)
    np.testing.assert_array_equal(places((0, 40), 20, seed=1), first)
    assert (places((0, 40), 20, seed=2) != first).any()


def test_each_purpose_has_an_order_of_its_own():
    first, other = (places((0, 500), 50, 1, purpose) for purpose in ("one", "other"))
    # Two orders have one place of 50 in common on the mean, 10 here of ten epochs.
    assert (first == other).sum() < 30


def test_a_slot_can_be_asked_for_alone():
    np.testing.assert_array_equal(
        places((33, 40), 20, seed=1), places((0, 40), 20, seed=1)[33:]
    )
    slot = tf.constant(33, tf.int64)
    assert order.shuffled(slot, 20, 1, "photos") == places((33, 34), 20, seed=1)[0]


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_seeds_differ_by_seed_purpose_and_number(dtype):
    seeds = {
        tuple(order.seed_of(seed, purpose, tf.constant(number, dtype)).numpy())
        for seed in range(5)
        for purpose in ("photo", "step")
        for number in range(20)
    }
    assert len(seeds) == 5 * 2 * 20


def test_a_seed_is_the_same_in_a_graph():
    number = tf.constant(3, tf.int64)
    graph = tf.function(lambda: order.seed_of(1, "photo", number))
    np.testing.assert_array_equal(graph(), order.seed_of(1, "photo", number))
