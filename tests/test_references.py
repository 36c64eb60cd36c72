"""The photos the package carries, and splits into training and held-out part."""

import csv
import random
from pathlib import Path

import pytest
from PIL import Image

from rankiqa_tf.data import references
from rankiqa_tf.datasets import splits


@pytest.fixture
def sources() -> list[dict[str, str]]:
    folder = references.embedded_photos()[0].parent
    with (folder / "sources.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_embedded_photos_are_sorted_files():
    photos = references.embedded_photos()
    assert len(photos) == 24
    assert [photo.name for photo in photos] == sorted(photo.name for photo in photos)
    assert all(photo.is_file() for photo in photos)


def test_embedded_photos_gives_a_list_of_its_own():
    references.embedded_photos().clear()
    assert references.embedded_photos()


def test_embedded_photos_are_small_enough_for_a_wheel():
    total = sum(photo.stat().st_size for photo in references.embedded_photos())
    assert total <= 4_000_000


def test_every_embedded_photo_has_a_source_and_is_cc0(sources):
    names = [photo.name for photo in references.embedded_photos()]
    assert [source["file"] for source in sources] == names
    assert {source["licence"] for source in sources} == {"CC0-1.0"}
    assert all(source["collection"] and source["original_name"] for source in sources)


def test_sources_give_the_size_of_every_embedded_photo(sources):
    for photo, source in zip(references.embedded_photos(), sources, strict=True):
        with Image.open(photo) as image:
            assert image.mode == "RGB"
            assert image.size == (int(source["width"]), int(source["height"]))


def test_split_parts_are_whole_and_apart():
    items = [f"photo {number}" for number in range(25)]
    training, held_out = splits.hold_out(items, holdout=0.2, seed=3)
    assert sorted(training + held_out) == sorted(items)
    assert len(held_out) == 5


def test_split_keeps_the_order_of_the_items():
    training, held_out = splits.hold_out(range(50), holdout=0.4, seed=0)
    assert training == sorted(training)
    assert held_out == sorted(held_out)


def test_split_is_decided_by_the_seed():
    items = range(100)
    first = splits.hold_out(items, holdout=0.2, seed=1)
    assert splits.hold_out(items, holdout=0.2, seed=1) == first
    assert splits.hold_out(items, holdout=0.2, seed=2) != first


def test_split_stays_as_it_is_from_version_to_version():
    # Results are compared on the same held-out photos: a new NumPy must not move them.
    _, held_out = splits.hold_out("abcdefghij", holdout=0.3, seed=7)
    assert held_out == ["a", "h", "i"]


def test_split_does_not_depend_on_the_order_of_the_items():
    items = [Path(f"photos/{number}.jpg") for number in range(40)]
    shuffled = random.Random(0).sample(items, len(items))
    _, held_out = splits.hold_out(items, holdout=0.25, seed=5)
    _, held_out_of_shuffled = splits.hold_out(shuffled, holdout=0.25, seed=5)
    assert set(held_out) == set(held_out_of_shuffled)


def test_split_does_not_depend_on_the_order_of_groups_that_print_alike():
    items = [1, "1", 2, "2", 3, "3"]
    for seed in range(10):
        _, held_out = splits.hold_out(items, holdout=0.5, seed=seed)
        _, reversed_held_out = splits.hold_out(items[::-1], holdout=0.5, seed=seed)
        assert held_out == reversed_held_out[::-1]


def test_split_never_parts_a_group():
    items = range(60)
    groups = [item % 12 for item in items]
    training, held_out = splits.hold_out(items, holdout=0.25, seed=0, groups=groups)
    assert {item % 12 for item in training}.isdisjoint(item % 12 for item in held_out)
    assert len({item % 12 for item in held_out}) == 3
    assert len(held_out) == 15


def test_split_counts_groups_and_not_items():
    groups = ["a"] * 97 + ["b", "c", "d"]
    _, held_out = splits.hold_out(range(100), holdout=0.5, seed=0, groups=groups)
    assert len({groups[item] for item in held_out}) == 2


def test_split_keeps_equal_items_together():
    training, held_out = splits.hold_out(["a", "a", "b"], holdout=0.5, seed=0)
    assert {frozenset(training), frozenset(held_out)} == {
        frozenset("a"),
        frozenset("b"),
    }


@pytest.mark.parametrize("holdout", [0.001, 0.5, 0.999])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_split_leaves_something_on_either_side(count, holdout):
    training, held_out = splits.hold_out(range(count), holdout=holdout, seed=0)
    assert training
    assert held_out


@pytest.mark.parametrize("holdout", [0.0, 1.0, -0.1, 20.0, float("nan")])
def test_split_refuses_a_holdout_out_of_range(holdout):
    with pytest.raises(ValueError, match="holdout must be more than 0 and less than 1"):
        splits.hold_out(range(10), holdout=holdout, seed=0)


@pytest.mark.parametrize(
    ("items", "groups"), [([], None), (["a"], None), (["a", "b"], ["x", "x"])]
)
def test_split_refuses_fewer_than_two_groups(items, groups):
    with pytest.raises(ValueError, match="at least 2 different groups"):
        splits.hold_out(items, holdout=0.5, seed=0, groups=groups)


def test_split_refuses_groups_that_do_not_match_the_items():
    with pytest.raises(ValueError, match="not 2 groups for 3 items"):
        splits.hold_out(["a", "b", "c"], holdout=0.5, seed=0, groups=["x", "y"])
