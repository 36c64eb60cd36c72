"""Equal parts of batches, one per machine."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from batches import Numbered
from batches import flat_photos
from batches import steps

from rankiqa_tf.data import batches
from rankiqa_tf.data import joined
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.training import stopping
from rankiqa_tf.training.kept_batches import KeptBatches


def scored_batches(folder):
    photos = flat_photos(folder, 7)
    return scored.ScoredBatches(photos, size=4, crop_size=8, flips=True, seed=1)


def ranked_batches(folder):
    del folder
    shape = ranked.BatchShape(photos=2, distortions=2)
    return ranked.RankedBatches(Numbered(), shape=shape, crop_size=8, seed=1)


def kept(source, folder, **options):
    image = keras.Input((8, 8, 3))
    return KeptBatches(
        source,
        keras.Model(image, (keras.ops.sum(image, (1, 2)), 2 * image)),
        steps=3,
        seed=1,
        folder=folder,
        name=folder.name,
        stop=stopping.never,
        **options,
    )


SOURCES = {
    "scored": scored_batches,
    "ranked": ranked_batches,
    "kept": lambda folder: kept(ranked_batches(folder), folder / "kept", together=12),
    "joined": lambda folder: joined.JoinedBatches(
        kept(scored_batches(folder), folder / "scored"),
        kept(ranked_batches(folder), folder / "ranked", together=12),
    ),
}


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "joined"])
def test_parts_one_after_the_other_are_the_batch(name, tmp_path):
    whole = SOURCES[name](tmp_path)
    halves = [whole.part(number, 2) for number in range(2)]
    assert [half.size for half in halves] == [whole.size // 2] * 2
    every = [steps(each, 1, 4) for each in (whole, *halves)]
    for expected, *parts in zip(*every, strict=True):
        tf.nest.map_structure(
            lambda all_of_it, *of_parts: np.testing.assert_array_equal(
                np.concatenate(of_parts), all_of_it
            ),
            expected,
            *parts,
        )


def test_scores_of_joined_parts_are_parted_as_those_of_the_whole(tmp_path):
    whole = SOURCES["joined"](tmp_path)
    halves = [whole.part(number, 2) for number in range(2)]
    assert [half.size for half in halves] == [whole.size // 2] * 2

    def scores(batch):
        """A number for each image that tells it from others."""
        return tf.reduce_sum(batch["image"][1], (1, 2, 3))

    for expected, *parts in zip(
        *(each.dataset(0, 3) for each in (whole, *halves)), strict=True
    ):
        gathered = {
            name: tf.concat([part[name] for part in parts], 0)
            for name in expected
            if name != "image"
        }
        found = joined.split(
            tf.concat([scores(part) for part in parts], 0), gathered, parts=2
        )
        for one, other in zip(
            found, joined.split(scores(expected), expected), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_a_batch_that_cannot_be_divided_equally_is_refused(tmp_path):
    for whole, drawn in ((scored_batches(tmp_path), 4), (ranked_batches(None), 2)):
        with pytest.raises(ValueError, match=f"drawn from {drawn} cannot be divided"):
            whole.part(0, 3)


def test_places_of_a_part_are_those_of_each_batch():
    numbers = tf.range(4, 10, dtype=tf.int64)
    place = functools.partial(batches.place, numbers, drawn=6)
    assert place(part=(0, 6)).numpy().tolist() == list(range(4, 10))
    second = batches.part_of(6, 1, 3)
    assert place(part=second).numpy().tolist() == [14, 15, 20, 21, 26, 27]
