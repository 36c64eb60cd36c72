"""Photos with scores and ranked versions in one batch."""

import numpy as np
import pytest
import tensorflow as tf
from batches import Numbered
from batches import assert_equal
from batches import flat_photos
from batches import steps

from rankiqa_tf.data import joined
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.training import losses
from rankiqa_tf.training.stages import scored_steps


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    photos = flat_photos(tmp_path_factory.mktemp("flat"), 5)
    shape = ranked.BatchShape(photos=1, distortions=2)
    return (
        scored.ScoredBatches(photos, size=3, crop_size=8, flips=True, seed=1),
        ranked.RankedBatches(Numbered(), shape=shape, crop_size=8, seed=1),
    )


def test_a_joined_batch_is_both_one_after_the_other(sources):
    batches = joined.JoinedBatches(*sources)
    assert batches.size == 3 + 2 * 6
    for found, first, second in zip(
        steps(batches, 2, 5), *(steps(each, 2, 5) for each in sources), strict=True
    ):
        images = np.concatenate([first.pop("image"), second.pop("image")])
        np.testing.assert_array_equal(found.pop("image"), images)
        assert_equal([found], [first | second])


def test_scores_are_parted_as_the_images_were_joined(sources):
    (batch,) = joined.JoinedBatches(*sources).dataset(0, 1)
    of_photos, of_versions = joined.split(tf.range(15), batch)
    assert of_photos.numpy().tolist() == [0, 1, 2]
    assert of_versions.numpy().tolist() == list(range(3, 15))


def test_the_joined_loss_is_that_of_a_loop(sources):
    (batch,) = joined.JoinedBatches(*sources).dataset(0, 1)
    scores = np.random.default_rng(0).normal(size=15).astype("f4")
    known = {name: value.numpy() for name, value in batch.items()}
    better, costs = Numbered.better, []
    for i in range(12):
        for j in range(12):
            kind = known["distortion"][i]
            if kind != known["distortion"][j]:
                continue
            if better[kind, known["level"][i], known["level"][j]]:
                lead = float(scores[3 + i]) - float(scores[3 + j])
                costs.append(max(0.0, 0.6 - lead) ** 2)
    assert len(costs) == 2 * 15
    wanted = np.mean((scores[:3] - known["mos"]) ** 2) + 0.3 * np.mean(costs)
    found = scored_steps.make_joined_loss(Numbered())(tf.constant(scores), batch)
    assert found.numpy() == pytest.approx(wanted, rel=1e-5)


def test_a_kept_order_costs_nothing_and_its_slope_is_0():
    scores = tf.Variable([3.0, 2.0, 1.0])
    mask = tf.constant(np.triu(np.ones((3, 3), bool), 1))
    with tf.GradientTape() as tape:
        lost = losses.ranking_squared_hinge(scores, mask, margin=0.9)
    assert lost.numpy() == 0
    assert tape.gradient(lost, scores).numpy().tolist() == [0, 0, 0]


class Tuples:
    """Batches of 2 whose images are tuples of a vector and a map."""

    size = 2

    def __init__(self, name, start):
        self._name, self._start = name, start

    def dataset(self, first, last):
        def batch(step):
            number = tf.cast(self._start + 2 * step + [0, 1], tf.float32)
            return {
                "image": (number[:, None], tf.tile(number[:, None, None], [1, 3, 4])),
                self._name: number,
            }

        return tf.data.Dataset.range(first, last).map(batch)


def test_what_stands_in_place_of_images_is_joined_part_by_part():
    (batch,) = steps(joined.JoinedBatches(Tuples("mos", 0), Tuples("level", 10)), 1, 2)
    vector, maps = batch["image"]
    assert vector.tolist() == [[2], [3], [12], [13]]
    np.testing.assert_array_equal(maps, np.tile(vector[..., None], [1, 3, 4]))
    assert (batch["mos"].tolist(), batch["level"].tolist()) == ([2, 3], [12, 13])
