"""Ranked batches: what they hold, where it comes from, and that a step is a number."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from batches import assert_equal
from batches import steps
from PIL import Image

import distortions
from rankiqa_tf.data import ranked
from rankiqa_tf.data import versions
from rankiqa_tf.training import losses

CROP = 24
FALLING = distortions.PRESETS["live"].better()
ROWS = distortions.PRESETS["live"].rows
BATCH = ranked.BatchShape()
SMALL = ranked.BatchShape(photos=1, distortions=2, levels=3)


def make(photos, *, shape=BATCH, crop_size=CROP, seed=1, budget=0):
    return ranked.RankedBatches(
        versions.of_photos(photos, "live", budget=budget),
        shape=shape,
        crop_size=crop_size,
        seed=seed,
    )


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def differences(crop, whole):
    """Mean squared difference, in levels of 255, of a crop to each place of a photo."""
    side = len(crop)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (side, side), (0, 1))
    crop = np.rint(crop * 255).transpose(2, 0, 1)
    return np.square(windows - crop).mean((2, 3, 4))


@pytest.fixture(scope="module")
def batches(photos):
    """Batches of the default shape, 4 distortions x 6 levels x 2 photos."""
    return make(photos)


@pytest.fixture(scope="module")
def first_steps(batches):
    return steps(batches, 0, 6)


def test_the_default_batch_is_the_authors(batches, first_steps):
    assert batches.size == 48
    assert len(first_steps) == 6
    for batch in first_steps:
        assert {name: (a.shape, a.dtype) for name, a in batch.items()} == {
            "image": ((48, CROP, CROP, 3), np.float32),
            "distortion": ((48,), np.int32),
            "level": ((48,), np.int32),
            "content": ((48,), np.int32),
        }
        rows = zip(batch["content"], batch["distortion"], batch["level"], strict=True)
        contents = np.unique(batch["content"])
        assert len(contents) == 2
        every = itertools.product(contents, range(4), range(6))
        assert sorted(rows) == sorted(every)


def test_the_default_batch_has_the_authors_pairs(first_steps):
    distortion, level, content = (
        first_steps[0][name] for name in ("distortion", "level", "content")
    )
    mask = losses.pair_mask(FALLING, *map(tf.constant, (distortion, level)))
    assert np.count_nonzero(mask) == 240
    mask = losses.pair_mask(FALLING, *map(tf.constant, (distortion, level, content)))
    assert np.count_nonzero(mask) == 120


def test_values_are_those_of_8_bit_files(first_steps):
    for batch in first_steps:
        levels = batch["image"] * 255
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
        assert batch["image"].min() >= 0
        assert batch["image"].max() <= 1


def test_level_0_is_a_part_of_the_photo_and_each_crop_has_its_own_place(
    first_steps, photos
):
    for batch in first_steps[:2]:
        places = set()
        for index in np.flatnonzero(batch["level"] == 0):
            content = batch["content"][index]
            found = differences(batch["image"][index], pixels(photos[content]))
            assert found.min() == 0
            places.add((content, *np.unravel_index(found.argmin(), found.shape)))
        assert len(places) >= 7  # Of eight; two may fall together.


def test_every_level_is_a_part_of_the_distorted_photo(first_steps, photos):
    batch = first_steps[0]
    for index in np.flatnonzero(batch["level"] > 0):
        row, level = ROWS[batch["distortion"][index]], batch["level"][index]
        photo = pixels(photos[batch["content"][index]])
        if row.random:
            # The noise is not known, its variance is where little is cut off.
            if level <= 2:
                found = differences(batch["image"][index], photo).min() / 255**2
                np.testing.assert_allclose(found, row.parameters[level - 1], rtol=0.25)
            continue
        whole = row.distort(tf.constant(photo / np.float32(255)), int(level))
        whole = np.rint(whole.numpy() * 255)
        # Up to a rounding: a graph may add up in another order.
        assert differences(batch["image"][index], whole).min() < 0.01


def test_no_two_noises_are_alike(first_steps):
    worst = []
    for batch in first_steps[:2]:
        noisy = [ROWS[kind].name == "white_noise" for kind in batch["distortion"]]
        worst += list(batch["image"][noisy & (batch["level"] == 5)])
    assert len(worst) == 4
    for first, second in itertools.combinations(worst, 2):
        # With the variance of 1 two pixels in three are black or white.
        correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert abs(correlation) < 0.2


def test_every_epoch_takes_each_photo_once(first_steps):
    contents = [batch["content"][[0, 24]] for batch in first_steps]
    epochs = np.reshape(contents, (3, 4))  # Two photos a batch, four in all.
    for epoch in epochs:
        assert sorted(epoch) == [0, 1, 2, 3]


def test_crops_of_a_photo_differ_from_epoch_to_epoch(photos):
    first, second = steps(make(photos[:1], shape=SMALL), 0, 2)
    assert (first["content"] == second["content"]).all()
    assert (first["image"] != second["image"]).any((1, 2, 3)).all()


def test_the_seed_decides(photos, first_steps):
    assert_equal(steps(make(photos), 0, 2), first_steps[:2])
    (other,) = steps(make(photos, seed=2), 0, 1)
    assert (other["image"] != first_steps[0]["image"]).any()


def test_a_run_that_is_taken_up_again_sees_the_same_batches(batches, first_steps):
    assert_equal(steps(batches, 3, 6), first_steps[3:])


@pytest.mark.parametrize("shape", [BATCH, SMALL], ids=["default", "small"])
def test_batches_are_the_same_whether_versions_are_kept_or_not(photos, shape):
    kept = make(photos, shape=shape, budget=1 << 30)
    assert_equal(steps(make(photos, shape=shape), 0, 2), steps(kept, 0, 2))


def test_draws_are_of_the_step_and_of_the_photo(photos):
    shape = ranked.BatchShape(photos=2, distortions=2, levels=3)
    batches = make(photos, shape=shape)
    assert batches.size == 12
    kinds, ladders = set(), []
    for batch in steps(batches, 0, 20):
        # [photos, distortions, levels]
        distortion, level = (
            batch[name].reshape(2, 2, 3) for name in ("distortion", "level")
        )
        assert (distortion == distortion[:1, :, :1]).all()  # Photos share the kinds.
        kinds.add(tuple(distortion[0, :, 0]))
        assert (level[..., 0] == 0).all()
        assert (np.diff(level) > 0).all()
        assert level.max() <= 5
        ladders.append(level[..., 1:].reshape(4, 2))
    assert kinds == set(itertools.combinations(range(4), 2))
    # Each photo and kind has levels of its own, and all of them come.
    assert any(len(np.unique(step, axis=0)) == 4 for step in ladders)
    assert {tuple(ladder) for step in ladders for ladder in step} == set(
        itertools.combinations(range(1, 6), 2)
    )


def test_a_small_photo_is_mirrored(photos):
    batches = make(photos[:1], shape=SMALL, crop_size=128)
    (batch,) = steps(batches, 0, 1)
    # 61 x 83, so 67 and 45 are missing: 33 and 22 before, one more behind.
    expected = np.pad(pixels(photos[0]), [(33, 34), (22, 23), (0, 0)], "symmetric")
    for image in batch["image"][batch["level"] == 0]:
        np.testing.assert_array_equal(np.rint(image * 255), expected)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"photos": 5}, "5 photos cannot be drawn from 4"),
        ({"photos": 0}, "0 photos cannot be drawn from 4"),
        ({"distortions": 5}, "must be 1 to 4, .*, not 5"),
        ({"distortions": -1}, "must be 1 to 4, .*, not -1"),
        ({"levels": 1}, "must be 2 to 6, .*, not 1"),
        ({"levels": 7}, "must be 2 to 6, .*, not 7"),
    ],
    ids=str,
)
def test_says_why_a_batch_cannot_be_filled(photos, shape, message):
    with pytest.raises(ValueError, match=message):
        make(photos, shape=ranked.BatchShape(**shape))
