"""Quality according to each source: by hand, by the table, and by the measures."""

import measured_pairs
import numpy as np
import pytest
import tensorflow as tf

import distortions
from rankiqa_tf import measures
from rankiqa_tf.data import quality
from rankiqa_tf.data import ranked
from rankiqa_tf.data import versions
from rankiqa_tf.datasets import opinion_table

TID2013 = distortions.PRESETS["tid2013"]
NAMES = [row.name for row in TID2013.rows]


def never():
    raise AssertionError("opinions need no reference")


def of_opinions(kinds, strengths, names=NAMES, preset="tid2013"):
    found = quality.Quality(["opinions"], names, preset).of(
        tf.zeros([len(kinds), 8, 8, 3], tf.uint8),
        never,
        tf.constant(kinds),
        tf.constant(strengths, tf.float32),
    )
    return found.numpy()[:, 0]


def test_opinions_are_the_published_means_in_steps_of_a_level():
    rows = {row.number: place for place, row in enumerate(TID2013.rows)}
    # 8 is blur, 10 JPEG: a blur of level 5 is much worse than JPEG of level 2.
    blur, jpeg = of_opinions([rows[8], rows[10]], [5, 2])
    assert (jpeg - blur) * 0.65 == pytest.approx(5.71 - 2.48)
    steps = opinion_table.quality(NAMES, "tid2013")[:, 1:]
    falling = [row.policy == "descending" for row in TID2013.rows]
    assert -np.diff(steps[falling]).mean() == pytest.approx(1, abs=0.05)


def test_between_levels_opinions_go_straight():
    at = of_opinions([3, 3, 3], [2, 2.25, 3])
    assert at[1] == pytest.approx(0.75 * at[0] + 0.25 * at[2], rel=1e-5)


def test_the_photo_is_no_worse_than_what_falls_from_level_1_on():
    table = opinion_table.quality(NAMES, "tid2013")
    falling = [row.policy == "descending" for row in TID2013.rows]
    assert (table[falling, :1] >= table[falling, 1:] - 1e-9).all()


def test_of_other_kinds_nothing_is_known_but_of_the_photo():
    joined = distortions.find_preset("live,tid2013")
    names = [row.name for row in joined.rows]
    blur = names.index("live.gaussian_blur")
    own = names.index("tid2013.gaussian_blur")
    found = of_opinions([blur, blur, own], [0, 3, 3], names, joined.name)
    assert np.isnan(found[1])
    assert found[2] == of_opinions([NAMES.index("gaussian_blur")], [3])[0]
    assert found[0] == of_opinions([0], [0])[0]


def test_measures_are_of_the_images_beside_their_references():
    pairs = [measured_pairs.pair(kind) for kind in ("blocks", "noise")]
    images, references = (
        tf.constant(np.stack(each)) for each in zip(*pairs, strict=True)
    )
    none = tf.zeros([2], tf.int32)
    found = quality.Quality(["mdsi", "opinions", "gmsd"], NAMES, "tid2013").of(
        images, lambda: references, none, tf.cast(none, tf.float32)
    )
    floats = [tf.cast(each, tf.float32) / 255 for each in (images, references)]
    assert found.shape == (2, 3)  # Opinions first.
    np.testing.assert_allclose(
        found[:, 1], -np.square(measures.mdsi(*floats)) / 0.03, rtol=1e-4
    )
    np.testing.assert_allclose(found[:, 2], -measures.gmsd(*floats) / 0.025, rtol=1e-4)


@pytest.mark.parametrize("any_strength", [False, True])
def test_ranked_batches_measure_each_crop_beside_the_same_place(photos, any_strength):
    live = distortions.PRESETS["live"]
    made = versions.MadeAnew(photos, live)
    names = made.names
    shape = ranked.BatchShape(photos=2, any_strength=any_strength)
    batches = ranked.RankedBatches(
        made,
        shape=shape,
        crop_size=40,
        seed=3,
        quality=quality.Quality(["mdsi"], names, "live"),
    )
    batch = next(batches.dataset(0, 1).as_numpy_iterator())
    found = batch["quality"]
    assert found.shape == (48, 1)
    assert found.dtype == np.float32
    # A photo beside itself is perfect wherever it is cut; the strongest are far off.
    np.testing.assert_allclose(found[batch["level"] == 0], 0, atol=1e-4)
    assert found[batch["level"] == 5].mean() < found[batch["level"] == 1].mean() < 0


def test_quality_changes_nothing_else_in_a_batch(photos):
    live = distortions.PRESETS["live"]
    made = versions.MadeAnew(photos, live)
    plain, measured = (
        next(
            ranked.RankedBatches(
                made, shape=ranked.BatchShape(), crop_size=24, seed=3, quality=known
            )
            .dataset(0, 1)
            .as_numpy_iterator()
        )
        for known in (None, quality.Quality(["gmsd"], made.names, "live"))
    )
    assert measured.keys() - plain.keys() == {"quality"}
    for name, value in plain.items():
        np.testing.assert_array_equal(value, measured[name])


def test_kinds_of_other_presets_that_are_called_alike_are_not_taken_for_tid2013s():
    assert np.isnan(opinion_table.quality(["gaussian_blur"], "live")[0, 1:]).all()
    assert np.isfinite(opinion_table.quality(["gaussian_blur"], "tid2013")).all()
