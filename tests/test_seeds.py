"""Nothing random repeats: every draw of a run has a seed of its own."""

import collections

import numpy as np
import pytest
import tensorflow as tf

import distortions
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.data import versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation.ranking_check import RankingCheck

CROP = 24
SEED = 5


@pytest.fixture
def drawn(monkeypatch):
    """How often each seed is drawn from, as it happens, inside graphs too.

    Whatever a seed is for, the same one gives the same numbers: to split it is to draw
    from it, too. Of an order each place is drawn alone.
    """
    found = collections.Counter()

    def record(module, name, *, at=1, by_place=False):
        draw = getattr(module, name)

        def count(seed, place):
            found[*seed.tolist(), int(place)] += 1
            return seed

        def recorded(*arguments, **options):
            given = list(arguments)
            seed = tf.convert_to_tensor(given[at])
            place = tf.cast(given[0], tf.int32) if by_place else tf.constant(-1)
            counted = tf.numpy_function(count, [seed, place], seed.dtype)
            given[at] = tf.ensure_shape(counted, [2])
            return draw(*given, **options)

        monkeypatch.setattr(module, name, recorded)

    record(tf.random, "stateless_uniform")
    record(tf.random, "split", at=0)
    record(tf.random.experimental, "stateless_shuffle")
    record(tf.random.experimental, "index_shuffle", by_place=True)
    record(tf.image, "stateless_random_flip_left_right")
    return found


def test_no_seed_is_drawn_from_twice_in_a_run(photos, drawn):
    made = versions.MadeAnew(photos, distortions.PRESETS["live"])
    sources = (
        ranked.RankedBatches(
            made, shape=ranked.BatchShape(photos=1), crop_size=CROP, seed=SEED
        ),
        scored.ScoredBatches(
            [ScoredPhoto(photo, 1.0, photo.name) for photo in photos],
            size=4,
            crop_size=CROP,
            flips=True,
            seed=SEED,
        ),
    )
    assert [len(list(source.dataset(0, 2))) for source in sources] == [2, 2]
    # A step: of the ranked photo its number, kinds, and all seeds; of 24 crops the
    # place, of five the noise; of 4 scored photos number, place and turn.
    assert drawn.total() == 2 * (3 + 24 + 5 + 4 * 3)
    check = RankingCheck(made, crop_size=CROP, seed=SEED, count=1)
    check.whole_photos(lambda pictures: [np.mean(picture) for picture in pictures])
    # Of 21 pictures the place of a crop, of five the noise.
    assert drawn.total() == 88 + 21 + 5
    assert drawn.most_common(1)[0][1] == 1
