"""Parallel maps: in order, on all cores, with TensorFlow's autotuner off."""

import numpy as np
import pytest
import tensorflow as tf
from batches import Numbered

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
    return {
        "ranked": ranked.RankedBatches(Numbered(), shape=shape, crop_size=24, seed=0),
        "scored": scored.ScoredBatches(
            rated, size=2, crop_size=24, flips=False, seed=0
        ),
    }


@pytest.mark.parametrize("name", ["ranked", "scored"])
def test_no_pipeline_has_the_tuner_whose_thread_holds_up_its_end(photos, name):
    options = _sources(photos)[name].dataset(0, 2).options()
    assert options.autotune.enabled is False
