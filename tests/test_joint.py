"""Joint batches: both sources in one, step by step."""

import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf.data import joint
from rankiqa_tf.data import pairs
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.data import versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

CROP = 24


@pytest.fixture(scope="module", params=["ranked", "pairs"])
def ranked_batches(photos, request):
    source = versions.of_photos(photos, "live", budget=1 << 30)
    if request.param == "pairs":
        return pairs.RandomPairs(source, pairs=3, crop_size=CROP, seed=1)
    shape = ranked.BatchShape(photos=1, distortions=2, levels=3)
    return ranked.RankedBatches(source, shape=shape, crop_size=CROP, seed=1)


def make_scored(photos, crop_size=CROP):
    rated = [ScoredPhoto(photo, 10.0 * n, photo.name) for n, photo in enumerate(photos)]
    return scored.ScoredBatches(rated, size=3, crop_size=crop_size, flips=True, seed=2)


def test_a_batch_is_that_of_one_source_and_then_that_of_the_other(
    ranked_batches, photos
):
    scored_batches = make_scored(photos)
    both = joint.JointBatches(ranked_batches, scored_batches)
    assert both.size == 6 + 3
    found = list(both.dataset(2, 5).as_numpy_iterator())
    first = list(ranked_batches.dataset(2, 5).as_numpy_iterator())
    second = list(scored_batches.dataset(2, 5).as_numpy_iterator())
    assert len(found) == 3
    for batch, one, other in zip(found, first, second, strict=True):
        assert set(batch) == set(one) | set(other)
        np.testing.assert_array_equal(batch["image"][:6], one["image"])
        np.testing.assert_array_equal(batch["image"][6:], other["image"])
        for name in set(batch) - {"image"}:
            expected = one.get(name, other.get(name))
            np.testing.assert_array_equal(batch[name], expected)


def test_shapes_are_known_so_that_a_step_is_traced_once(ranked_batches, photos):
    both = joint.JointBatches(ranked_batches, make_scored(photos))
    image = both.dataset(0, 1).element_spec["image"]
    assert image == tf.TensorSpec([9, CROP, CROP, 3], tf.float32)


def test_refuses_crops_of_two_sizes(ranked_batches, photos):
    both = joint.JointBatches(ranked_batches, make_scored(photos, 32))
    with pytest.raises(ValueError, match="24 pixels and scored ones of 32"):
        both.dataset(0, 1)
