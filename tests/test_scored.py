"""Batches of photos with scores."""

import dataclasses
import os

import batches as batches_lib
import numpy as np
import pytest
from batches import assert_equal
from batches import places
from batches import steps
from PIL import Image

from rankiqa_tf.data import scored
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


@pytest.fixture(scope="module")
def flat_photos(tmp_path_factory):
    return batches_lib.flat_photos(tmp_path_factory.mktemp("flat"), 7)


def make(photos, *, size=3, crop_size=16, flips=False, seed=1):
    return scored.ScoredBatches(
        photos,
        size=size,
        crop_size=crop_size,
        flips=flips,
        seed=seed,
    )


def test_a_batch_is_what_the_module_says(flat_photos):
    batches = make(flat_photos)
    assert batches.size == 3
    (batch,) = steps(batches, 0, 1)
    assert {name: (a.shape, a.dtype) for name, a in batch.items()} == {
        "image": ((3, 16, 16, 3), np.uint8),
        "mos": ((3,), np.float32),
    }


def test_each_crop_is_of_the_photo_with_its_score(flat_photos):
    for batch in steps(make(flat_photos), 0, 7):
        colours = 10 * batch["mos"][:, None, None, None]
        np.testing.assert_array_equal(
            batch["image"], np.broadcast_to(colours, (3, 16, 16, 3))
        )


def test_about_half_of_the_crops_are_turned_left_to_right_if_asked(photos):
    some = [ScoredPhoto(path, 1.0, path.name) for path in photos]
    turned = 0
    for plain, flipped in zip(
        steps(make(some), 0, 16), steps(make(some, flips=True), 0, 16), strict=True
    ):
        for one, other in zip(plain["image"], flipped["image"], strict=True):
            if not np.array_equal(one, other):
                np.testing.assert_array_equal(one[:, ::-1], other)
                turned += 1
    assert 12 <= turned <= 36  # Of 48; five deviations of a fair coin are 17.


def test_every_epoch_takes_each_photo_once_even_inside_a_batch(flat_photos):
    scores = np.concatenate([batch["mos"] for batch in steps(make(flat_photos), 0, 7)])
    epochs = scores.reshape(3, 7)  # Batches of 3 from 7 photos.
    for epoch in epochs:
        assert sorted(epoch) == list(range(1, 8))
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_crops_are_new_parts_of_the_photo_each_epoch(photos):
    one = ScoredPhoto(photos[0], 1.0, "one")
    batches = make([one], size=1)
    with Image.open(photos[0]) as image:
        pixels = np.asarray(image)
    found = set()
    for batch in steps(batches, 0, 8):
        shown = places(batch["image"][0], pixels)
        assert len(shown) == 1
        found.add(shown[0])
    assert len(found) >= 7


def test_a_small_photo_is_mirrored(flat_photos):
    (batch,) = steps(make(flat_photos, crop_size=64), 0, 1)
    assert batch["image"].shape == (3, 64, 64, 3)


def test_any_step_can_be_made_alone(photos):
    batches = make([ScoredPhoto(path, 1.0, path.name) for path in photos])
    assert_equal(steps(batches, 3, 6), steps(batches, 0, 6)[3:])


def test_the_seed_decides(photos):
    scored_photos = [ScoredPhoto(path, 1.0, path.name) for path in photos]
    first = steps(make(scored_photos), 0, 2)
    assert_equal(steps(make(scored_photos), 0, 2), first)
    other = steps(make(scored_photos, seed=2), 0, 2)
    assert (other[0]["image"] != first[0]["image"]).any()


def test_recipe_crops_are_the_grid_that_photos_are_scored_by(flat_photos, photos):
    several = [*flat_photos[:2], ScoredPhoto(photos[0], 2.5, "photo0")]
    found = list(scored.recipe_crops(several, 24))
    assert [mos for _, mos in found] == [1.0, 2.0, 2.5]
    # 21 x 31 mirrored to 24 x 31: one crop across, two down, of one colour.
    assert found[0][0].shape == (2, 24, 24, 3)
    np.testing.assert_allclose(found[0][0], 10 / 255, rtol=1e-6)
    # 61 x 83: three down from 0, 18.5 (19) and 37; four across, the last at 59.
    pixels = np.asarray(Image.open(photos[0])) / 255
    assert found[2][0].shape == (12, 24, 24, 3)
    np.testing.assert_allclose(found[2][0][4], pixels[19:43, :24], atol=1e-6)
    np.testing.assert_allclose(found[2][0][-1], pixels[37:61, 59:83], atol=1e-6)


def test_a_photo_is_read_whatever_bytes_its_name_has(flat_photos, tmp_path):
    photos = []
    for photo in flat_photos[:3]:
        path = tmp_path / os.fsdecode(b"caf\xe9" + os.fsencode(photo.path.name))
        path.write_bytes(photo.path.read_bytes())
        photos.append(dataclasses.replace(photo, path=path))
    (expected,), (found,) = (
        steps(make(each), 0, 1) for each in (flat_photos[:3], photos)
    )
    assert_equal([found], [expected])
    crops = scored.recipe_crops(photos, 16)
    assert [mos for _, mos in crops] == [1.0, 2.0, 3.0]
