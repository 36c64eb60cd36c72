"""Random pairs: what they hold, that draws are even, and that a step is a number."""

import collections
import itertools
import types

import numpy as np
import pytest
import tensorflow as tf
from batches import assert_equal
from batches import steps

import distortions
from rankiqa_tf.data import pairs
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

    def photo(self, content):
        return content

    def crop(self, photo, kind, level, size, seed):
        # Of the seed a hash, so that crops with other seeds differ.
        place = tf.cast(seed[0] % 251, tf.int32)
        pixel = tf.cast(tf.stack([photo * 9 + kind * 3 + level, place, 7]), tf.uint8)
        return tf.broadcast_to(pixel, [size, size, 3])


def make(source=None, *, number=4, seed=3, crop_size=2):
    return pairs.RandomPairs(
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
            "image": ((8, 2, 2, 3), np.float32),
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
        np.testing.assert_allclose(batch["image"][:, 0, 0, 0] * 255, asked, rtol=1e-6)


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
    assert len(np.unique(np.rint(seeds * 255))) > 240


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
    source = versions.of_photos(photos, "live", budget=0)
    batches = make(source, number=3, crop_size=24)
    for batch in steps(batches, 0, 2):
        assert batch["image"].shape == (6, 24, 24, 3)
        for index in np.flatnonzero(batch["level"] == 0):
            photo = source.photo(tf.constant(batch["content"][index])).numpy()
            windows = np.lib.stride_tricks.sliding_window_view(photo, (24, 24), (0, 1))
            crop = np.rint(batch["image"][index] * 255).transpose(2, 0, 1)
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
