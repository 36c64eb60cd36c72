"""Ranked batches: their content and its source, as a function of the step number."""

import collections
import itertools

import numpy as np
import pytest
import tensorflow as tf
from batches import Numbered
from batches import assert_equal
from batches import places
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


def make(source, *, shape=BATCH, crop_size=CROP, seed=1):
    return ranked.RankedBatches(source, shape=shape, crop_size=crop_size, seed=seed)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def differences(crop, whole):
    """Mean squared difference, in levels of 255, of a crop to each place of a photo."""
    side = len(crop)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (side, side), (0, 1))
    crop = crop.astype(float).transpose(2, 0, 1)
    return np.square(windows - crop).mean((2, 3, 4))


@pytest.fixture(scope="module")
def made(photos):
    """Versions that are traced once for all."""
    return versions.MadeAnew(photos, distortions.PRESETS["live"])


@pytest.fixture(scope="module")
def batches(made):
    """Batches of the default shape, 4 distortions x 6 levels x 2 photos."""
    return make(made)


@pytest.fixture(scope="module")
def first_steps(batches):
    return steps(batches, 0, 6)


def test_the_default_batch_is_the_authors(batches, first_steps):
    assert batches.size == 48
    assert len(first_steps) == 6
    for batch in first_steps:
        assert {name: (a.shape, a.dtype) for name, a in batch.items()} == {
            "image": ((48, CROP, CROP, 3), np.uint8),
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


def test_level_0_is_a_part_of_the_photo_and_each_crop_has_its_own_place(
    first_steps, photos
):
    for batch in first_steps[:2]:
        found = set()
        for index in np.flatnonzero(batch["level"] == 0):
            content = batch["content"][index]
            shown = places(batch["image"][index], pixels(photos[content]))
            assert len(shown) == 1
            found.add((content, *shown[0]))
        assert len(found) >= 7  # Of eight; two may fall together.


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


def test_every_epoch_takes_each_photo_once_in_an_order_of_its_own():
    batches = steps(make(Numbered()), 0, 40)
    contents = [batch["content"][[0, 24]] for batch in batches]
    epochs = np.reshape(contents, (20, 4))  # Two photos a batch, four in all.
    assert (np.sort(epochs) == range(4)).all()
    assert len({tuple(epoch) for epoch in epochs}) > 8  # Of 24 orders.


def test_each_image_is_the_version_that_its_numbers_name():
    for batch in steps(make(Numbered()), 0, 4):
        for image, *numbers in zip(
            *(batch[name] for name in ("image", "content", "distortion", "level")),
            strict=True,
        ):
            assert (image == numbers).all()


def test_crops_of_a_photo_differ_from_epoch_to_epoch(made):
    shape = ranked.BatchShape(photos=4)
    batches = steps(make(made, shape=shape), 0, 2)
    first, second = (
        batch["image"][np.argsort(batch["content"], kind="stable")] for batch in batches
    )
    same = (first == second).all((1, 2, 3))
    assert same.mean() < 0.05  # Of 2,000 places or so two may fall together.


def test_the_seed_decides(made, first_steps):
    assert_equal(steps(make(made), 0, 2), first_steps[:2])
    (other,) = steps(make(made, seed=2), 0, 1)
    assert (other["image"] != first_steps[0]["image"]).any()


def test_a_run_that_is_taken_up_again_sees_the_same_batches(batches, first_steps):
    assert_equal(steps(batches, 3, 6), first_steps[3:])


def test_batches_are_the_same_where_versions_are_kept(made, first_steps):
    kept = made.in_memory(1 << 30)
    assert type(kept) is versions.Kept
    assert_equal(steps(make(kept), 0, 2), first_steps[:2])


def test_distortions_are_drawn_for_the_step_and_shared_by_its_photos():
    batches = make(Numbered(), shape=ranked.BatchShape(photos=2, distortions=2))
    assert batches.size == 24
    kinds = collections.Counter()
    for batch in steps(batches, 0, 100):
        # [photos, distortions, levels]
        distortion, level, content = (
            batch[name].reshape(2, 2, 6) for name in ("distortion", "level", "content")
        )
        assert (distortion == distortion[:1, :, :1]).all()
        kinds[tuple(distortion[0, :, 0])] += 1
        assert (level == range(6)).all()
        assert (content == content[:, :1, :1]).all()
    assert set(kinds) == set(itertools.combinations(range(4), 2))
    # Of 100 steps each of six pairs has 17, give or take four deviations of 3.7.
    assert 2 <= min(kinds.values()) <= max(kinds.values()) <= 32


def test_a_small_photo_is_mirrored(made, photos):
    (batch,) = steps(make(made, crop_size=128), 0, 1)
    for index in np.flatnonzero(batch["level"] == 0):
        photo = pixels(photos[batch["content"][index]])
        missing = 128 - np.array(photo.shape[:2])  # One more behind, where odd.
        ends = [*zip(missing // 2, missing - missing // 2, strict=True), (0, 0)]
        expected = np.pad(photo, ends, "symmetric")
        np.testing.assert_array_equal(batch["image"][index], expected)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"photos": 5}, "5 photos cannot be drawn from 4"),
        ({"photos": 0}, "0 photos cannot be drawn from 4"),
        ({"distortions": 5}, "must be 1 to 4, .*, not 5"),
        ({"distortions": -1}, "must be 1 to 4, .*, not -1"),
    ],
    ids=str,
)
def test_says_why_a_batch_cannot_be_filled(shape, message):
    with pytest.raises(ValueError, match=message):
        make(Numbered(), shape=ranked.BatchShape(**shape))


# Strengths between the levels.


def test_any_strengths_are_drawn_from_below_each_level_where_there_is_an_order():
    shape = ranked.BatchShape(any_strength=True)
    strengths = []
    for batch in steps(make(Numbered(), shape=shape), 0, 40):
        level, strength = batch["level"], batch["strength"]
        assert strength.dtype == np.float32
        # The last of Numbered's four distortions is not graded.
        fixed = (batch["distortion"] == 3) | (level == 0)
        np.testing.assert_array_equal(strength[fixed], level[fixed])
        np.testing.assert_array_equal(np.ceil(strength), level)
        strengths.extend((level - strength)[~fixed])
    # 40 batches of two photos, three distortions and five levels, all drawn evenly.
    assert len(set(strengths)) > 1190
    found = np.histogram(strengths, 10, (0, 1))[0]
    assert abs(found - 120).max() < 40


def test_images_are_made_at_the_strengths_that_the_batch_says(photos):
    made = versions.MadeAnew(
        photos, distortions.Preset("two", (ROWS[0], ROWS[2]), "Here.")
    )
    shape = ranked.BatchShape(photos=1, any_strength=True)
    (batch,) = steps(make(made, shape=shape), 0, 1)
    photo = pixels(photos[batch["content"][0]])
    for index in range(12):
        row = made.rows[batch["distortion"][index]]
        setting = row.at(float(batch["strength"][index]))
        whole = setting.distort(tf.constant(photo / np.float32(255))).numpy()
        found = differences(batch["image"][index], np.rint(whole * 255)).min()
        assert found < 0.01


def test_with_levels_there_is_no_strength(first_steps):
    assert all("strength" not in batch for batch in first_steps)
