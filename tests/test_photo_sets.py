"""A photo and its versions side by side, and the pairs among them."""

import types

import numpy as np
import pytest
from PIL import Image

import distortions
from rankiqa_tf.data import photo_sets
from rankiqa_tf.data import versions

LIVE = distortions.PRESETS["live"]
SIZE = 40


@pytest.fixture(scope="module")
def sets(photos):
    made = versions.MadeAnew(photos, LIVE)
    found = photo_sets.dataset(made, size=SIZE, count=3, seed=5)
    batches = list(found.as_numpy_iterator())
    contents = [int(batch["content"][0]) for batch in batches]
    assert len(set(contents)) == 3  # Of four, in an order that the seed draws.
    return dict(zip(contents, (batch["image"] for batch in batches), strict=True))


def test_a_set_has_the_photo_and_every_level_of_every_kind(sets):
    assert [s.shape for s in sets.values()] == [(1 + 4 * 5, SIZE, SIZE, 3)] * 3
    assert all(s.dtype == np.uint8 for s in sets.values())


def test_all_are_of_one_place_of_the_photo(sets, photos):
    for content, images in sets.items():
        with Image.open(photos[content]) as image:
            pixels = np.asarray(image).astype(int)
        windows = np.lib.stride_tricks.sliding_window_view(pixels, (SIZE, SIZE, 3))
        alike = (windows[:, :, 0] == images[0]).all((2, 3, 4))
        assert alike.sum() == 1
        # The weakest levels are nearer to their place than to the next one.
        top, left = np.argwhere(alike)[0]
        beside = windows[top, left - 1 if left else left + 1, 0]
        for kind in range(4):
            weakest = images[1 + kind * 5].astype(int)
            own = np.abs(weakest - images[0]).mean()
            assert own < np.abs(weakest - beside).mean()


def test_levels_of_a_kind_get_worse(sets):
    errors = [
        np.square(s[1:] - s[0].astype(float)).mean((1, 2, 3)) for s in sets.values()
    ]
    by_level = np.mean(errors, 0).reshape(4, 5)
    assert (np.diff(by_level) >= 0).all()  # Of so small a photo JPEG 2000 is soon gray.
    assert (by_level[:, 0] < by_level[:, -1]).all()


def test_the_seed_decides_places_and_noise(photos, sets):
    made = versions.MadeAnew(photos, LIVE)
    again, other = (
        next(iter(photo_sets.dataset(made, size=SIZE, count=1, seed=seed)))[
            "image"
        ].numpy()
        for seed in (5, 6)
    )
    first = next(iter(sets.values()))
    np.testing.assert_array_equal(again, first)
    assert (other != first).any()


def known(better):
    """Versions of which nothing but the order counts."""
    return types.SimpleNamespace(better=better, num_levels=better.shape[-1] - 1)


def test_pairs_are_with_the_photo_and_of_neighbours_by_hand():
    falling = np.triu(np.ones((4, 4), bool), 1)
    first = np.zeros((4, 4), bool)
    first[0, 1:] = True
    better, worse = photo_sets.pairs(known(np.stack([falling, first])))
    found = set(zip(better.tolist(), worse.tolist(), strict=True))
    assert found == {(0, 1), (0, 2), (0, 3), (1, 2), (2, 3), (0, 4), (0, 5), (0, 6)}
    assert len(better) == len(found)


@pytest.mark.parametrize("preset", ["tid2013", "camera", "live_md"])
def test_all_that_is_known_follows_from_the_pairs(preset):
    order = distortions.PRESETS[preset].better()
    levels = order.shape[-1]
    better, worse = photo_sets.pairs(known(order))
    followed = np.zeros_like(order)
    for good, bad in zip(better, worse, strict=True):
        kind = (max(good, bad) - 1) // (levels - 1)
        place = [0 if n == 0 else (n - 1) % (levels - 1) + 1 for n in (good, bad)]
        followed[kind, place[0], place[1]] = True
    assert (followed <= order).all()
    for _ in range(levels):
        followed |= followed.astype(int) @ followed.astype(int) > 0
    np.testing.assert_array_equal(followed, order)


def test_a_set_may_have_some_kinds_that_are_drawn_for_each_photo(photos):
    made = versions.MadeAnew(photos, LIVE)
    drawn = set()
    for batch in photo_sets.dataset(made, size=SIZE, count=4, kinds=2, seed=3):
        kinds = batch["distortion"].numpy()
        assert len(kinds) == photo_sets.size(made, 2) == 1 + 2 * 5
        first, second = kinds[1], kinds[-1]
        assert kinds.tolist() == [first] + [first] * 5 + [second] * 5
        assert first < second
        assert batch["level"].numpy().tolist() == [0, *range(1, 6), *range(1, 6)]
        assert batch["image"].shape == (11, SIZE, SIZE, 3)
        drawn.add((int(first), int(second)))
    assert len(drawn) > 1
