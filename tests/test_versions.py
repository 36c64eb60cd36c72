"""The versions of photos: a crop is part of the whole, whether kept or made anew."""

import numpy as np
import pytest
import tensorflow as tf
from batches import places
from PIL import Image

import distortions
from rankiqa_tf.data import versions

SIZE = 48  # More than one block of JPEG; less than each side but one.
SEED = tf.constant([3, 14])


@pytest.fixture(scope="module", params=["live", "live_md"])
def made(photos, request):
    return versions.MadeAnew(photos, distortions.PRESETS[request.param])


def each(made):
    for kind, row in enumerate(made.rows):
        for level in range(made.num_levels + 1):
            yield kind, row, level


def test_says_what_the_preset_says(made, photos):
    assert made.num_photos == len(photos)
    assert made.names == tuple(row.name for row in made.rows)
    assert made.better.shape == (len(made.rows), *2 * [made.num_levels + 1])


def test_a_whole_version_is_that_of_the_row(made, photos):
    photo = made.photo(tf.constant(1))
    with Image.open(photos[1]) as image:
        np.testing.assert_array_equal(photo, np.asarray(image))
    for kind, row, level in each(made):
        expected = row.distort(tf.cast(photo, tf.float32) / 255, level, seed=SEED)
        found = made.whole(photo, tf.constant(kind), tf.constant(level), SEED)
        np.testing.assert_array_equal(found, np.rint(expected * 255))


def test_a_crop_of_what_is_not_random_is_a_part_of_the_whole(made):
    for content in (1, 3):  # Each has a side that is less than a crop or hardly more.
        photo = made.photo(tf.constant(content))
        for kind, row, level in each(made):
            if row.random:
                continue
            seed = tf.constant([kind, level])
            number = tf.constant(kind), tf.constant(level)
            found = made.crop(photo, *number, SIZE, seed, seed).numpy()
            image = made.whole(photo, *number, seed).numpy()
            missing = np.maximum(SIZE - np.array(image.shape[:2]), 0)
            before = missing // 2
            image = np.pad(
                image,
                [*zip(before, missing - before, strict=True), (0, 0)],
                "symmetric",
            )
            assert places(found, image), (row.name, level)


def test_kept_versions_are_those_made_anew(made):
    kept = versions.Kept(made)
    assert not kept.graded.any()  # What lies between the levels is not kept.
    for content in (0, 3):
        photo, number = made.photo(tf.constant(content)), kept.photo(content)
        for kind, _, level in each(made):
            arguments = tf.constant(kind), tf.constant(level)
            np.testing.assert_array_equal(
                kept.whole(number, *arguments, SEED),
                made.whole(photo, *arguments, SEED),
            )
            np.testing.assert_array_equal(
                kept.crop(number, *arguments, 24, SEED, SEED),
                made.crop(photo, *arguments, 24, SEED, SEED),
            )


def test_versions_are_kept_only_within_the_budget(photos):
    # The photo itself, and five levels of three kinds that are not random.
    rows = distortions.PRESETS["live"].rows
    assert sum(not row.random for row in rows) == 3
    needed = 16 * sum(np.asarray(Image.open(path)).size for path in photos)
    for budget, kind in ((needed, versions.Kept), (needed - 1, versions.MadeAnew)):
        found = versions.MadeAnew(photos, distortions.PRESETS["live"]).in_memory(budget)
        assert type(found) is kind
        assert found.in_memory(budget) is found or kind is versions.MadeAnew


def test_datasets_share_the_graph_of_the_versions(photos, monkeypatch):
    calls = []
    distort_box = distortions.Setting.distort_box

    def counted(*arguments, **options):
        calls.append(arguments)
        return distort_box(*arguments, **options)

    monkeypatch.setattr(distortions.Setting, "distort_box", counted)
    made = versions.MadeAnew(photos[:1], distortions.PRESETS["live"])
    made.rows = (made.rows[3], made.rows[0])  # Fewer are traced in less time.

    def crops():
        def crop(level):
            photo, kind = made.photo(tf.constant(0)), tf.constant(0)
            return made.crop(photo, kind, level, 24, SEED, SEED)

        levels = tf.data.Dataset.from_tensor_slices(tf.constant([0, 5]))
        return list(levels.map(crop).as_numpy_iterator())

    first = crops()
    assert len(calls) == 2
    # The first dataset is gone by now, Pillow's part of the graph must not be.
    np.testing.assert_array_equal(crops(), first)
    assert len(calls) == 2


def test_graphs_are_as_large_for_many_photos_as_for_few(photos):
    def size(count):
        files = [photos[0].with_name(f"{number}.jpg") for number in range(count)]
        made = versions.MadeAnew(files, distortions.PRESETS["live"])
        graph = tf.function(made.photo).get_concrete_function(
            tf.TensorSpec([], tf.int32)
        )
        return len(graph.graph.as_graph_def().SerializeToString())

    # Names are no part of them, but for numbers that tell one graph from another.
    assert abs(size(2_000) - size(2)) < 1_000


def test_levels_share_the_seed_where_chance_is_in_events(monkeypatch):
    row = distortions.PRESETS["tid2013"].row("jpeg_transmission_errors")
    noise = distortions.PRESETS["tid2013"].row("white_noise")
    assert row.shares_seed
    assert not noise.shares_seed
    seeds, places = [], []

    class Recorded:
        names, shares_seed = ("events", "noise"), np.array([True, False])

        def crop(self, photo, kind, strength, size, place_seed, seed):
            seeds.append((kind.numpy().item(), *seed.numpy().tolist()))
            places.append((*place_seed.numpy().tolist(),))
            return tf.zeros([size, size, 3], tf.uint8)

    versions.several_crops(
        Recorded(),
        tf.constant(0),
        tf.constant([0, 0, 0, 1, 1, 1]),
        tf.constant([0, 1, 2, 0, 1, 2]),
        size=3,
        seed=SEED,
    )
    # One of the events, three of the noise; and each image has its own place.
    assert len(set(seeds[:3])) == 1
    assert len(set(seeds)) == 4
    assert len(set(places)) == 6
