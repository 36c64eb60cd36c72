"""Maps side by side: in order, on all cores, with TensorFlow's tuner off."""

import itertools
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from batches import Numbered

from distortions import cores
from rankiqa_tf.data import joint
from rankiqa_tf.data import parallel
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


def test_elements_keep_their_order_however_long_each_takes():
    def make(number):
        # The first of every seven takes a thousand times as long as the others.
        size = tf.where(number % 7 == 0, 1_000_000, 1_000)
        noise = tf.random.stateless_uniform([size], [number, 0], maxval=1.0)
        return number + tf.cast(tf.reduce_mean(noise), tf.int64)

    made = parallel.map_in_order(tf.data.Dataset.range(50), make)
    np.testing.assert_array_equal(list(made.as_numpy_iterator()), np.arange(50))


def _sources(photos):
    shape = ranked.BatchShape(photos=1, distortions=1)
    rated = [ScoredPhoto(photo, 1.0, photo.name) for photo in photos]
    both = ranked.RankedBatches(Numbered(), shape=shape, crop_size=24, seed=0)
    scores = scored.ScoredBatches(rated, size=2, crop_size=24, flips=False, seed=0)
    return {
        "ranked": both,
        "scored": scores,
        "joint": joint.JointBatches(both, scores),
    }


@pytest.mark.parametrize("name", ["ranked", "scored", "joint"])
def test_no_pipeline_has_the_tuner_whose_thread_holds_up_its_end(photos, name):
    options = _sources(photos)[name].dataset(0, 2).options()
    assert options.autotune.enabled is False


def test_things_made_ahead_come_in_order_and_from_several_threads():
    threads = set()

    def make(number):
        threads.add(threading.get_ident())
        time.sleep(0.02 if number % 3 == 0 else 0.001)
        return number**2

    assert list(parallel.ahead(make, range(30))) == [n**2 for n in range(30)]
    assert threading.get_ident() not in threads
    assert len(threads) == min(cores.available(), 30)


def test_no_more_are_made_ahead_than_a_few_for_each_core():
    taken = []

    def items():
        for number in itertools.count():
            taken.append(number)
            yield number

    made = parallel.ahead(lambda number: number, items())
    assert taken == []
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    assert len(taken) == 3 + 2 * cores.available()
    made.close()


def test_an_error_comes_where_its_result_is_due():
    def make(number):
        if number == 2:
            raise ValueError("the third")
        return number

    made = parallel.ahead(make, range(5))
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(made)
