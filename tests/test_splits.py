"""Splits of a data set by reference, and of anything by groups."""

import random
from pathlib import Path

import pytest

from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split


@pytest.fixture
def photos(tmp_path):
    """Three photos of each of 24 references."""
    return [
        ScoredPhoto(tmp_path / f"{number}_{level}.png", float(level), f"I{number:02}")
        for number in range(1, 25)
        for level in range(3)
    ]


def test_default_is_ten_splits_of_80_and_20_percent(photos):
    drawn = splits.draw(photos)
    assert len(drawn) == 10
    # As the authors split TID2013's 24 references.
    assert {(len(split.training), len(split.held_out)) for split in drawn} == {(19, 5)}
    assert len(set(drawn)) == 10


def test_no_reference_stands_on_both_sides_and_none_is_left_out(photos):
    for split in splits.draw(photos, count=5, holdout=0.4):
        parts = splits.divide(split, photos)
        assert not parts.validation
        training, held_out = parts.training, parts.held_out
        sides = [{photo.reference for photo in part} for part in (training, held_out)]
        assert sides[0].isdisjoint(sides[1])
        assert sorted(sides[0] | sides[1]) == [f"I{n:02}" for n in range(1, 25)]
        assert sorted(training + held_out, key=photos.index) == photos
        assert len(held_out) == 3 * 10


def test_seed_decides_and_a_larger_count_begins_with_the_same(photos):
    ten = splits.draw(photos, seed=3)
    assert splits.draw(photos, seed=3, count=4) == ten[:4]
    others = splits.draw(photos, seed=4)
    # Not those of the seed before, moved by one.
    assert set(others).isdisjoint(ten)


def test_order_of_the_photos_does_not_matter(photos):
    shuffled = random.Random(0).sample(photos, len(photos))
    assert splits.draw(shuffled) == splits.draw(photos)


def test_splits_stay_as_they_are_from_version_to_version(photos):
    # Results are compared on the same splits: a new NumPy must not move them.
    first, second = splits.draw(photos, count=2)
    assert first.held_out == ("I03", "I07", "I08", "I09", "I12")
    assert second.held_out == ("I01", "I02", "I12", "I14", "I24")


def test_parts_keep_the_order_of_the_photos():
    photos = [ScoredPhoto(f"{name}.png", 1.0, name) for name in "dacb"]
    split = splits.of_references(
        training=("a", "d"), validation=("c",), held_out=("b",)
    )
    parts = splits.divide(split, photos)
    assert [photo.reference for photo in parts.training] == ["d", "a"]
    assert parts.validation == [photos[2]]
    assert parts.held_out == [photos[3]]


def test_divide_refuses_photos_of_another_data_set():
    photos = [ScoredPhoto(f"{name}.png", 1.0, name) for name in "abc"]
    with pytest.raises(ValueError, match="1 of 3 references are in no part"):
        splits.divide(Split(training=("a",), held_out=("b",)), photos)
    with pytest.raises(ValueError, match="1 of 4 references are not in the data set"):
        splits.divide(Split(training=("a", "b"), held_out=("c", "d")), photos)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"training": ("a",), "held_out": ("b", "a")},
            "1 references occur .* 'a'; each",
        ),
        (
            {"training": ("a", "a"), "held_out": ("b",)},
            "first being 'a'; each must be",
        ),
        (
            {"training": ("a",), "held_out": ("b",), "validation": ("b",)},
            "first being 'b'; each must be",
        ),
        (
            {"training": (), "held_out": ("b",)},
            "the training part of a split has no ref",
        ),
        (
            {"training": ("a",), "held_out": ()},
            "the held_out part of a split has no ref",
        ),
    ],
)
def test_refuses_a_reference_on_both_sides_and_an_empty_part(parts, message):
    with pytest.raises(ValueError, match=message):
        splits.of_references(**parts)


def test_refuses_no_splits_and_too_few_references(photos):
    with pytest.raises(ValueError, match="count must be 1 or more splits, not 0"):
        splits.draw(photos, count=0)
    with pytest.raises(ValueError, match="at least 2 different groups"):
        splits.draw(photos[:3])


def test_hold_out_parts_are_whole_and_apart():
    items = [f"photo {number}" for number in range(25)]
    training, held_out = splits.hold_out(items, holdout=0.2, seed=3)
    assert sorted(training + held_out) == sorted(items)
    assert len(held_out) == 5


def test_hold_out_keeps_the_order_of_the_items():
    training, held_out = splits.hold_out(range(50), holdout=0.4, seed=0)
    assert training == sorted(training)
    assert held_out == sorted(held_out)


def test_hold_out_is_decided_by_the_seed():
    items = range(100)
    first = splits.hold_out(items, holdout=0.2, seed=1)
    assert splits.hold_out(items, holdout=0.2, seed=1) == first
    assert splits.hold_out(items, holdout=0.2, seed=2) != first


def test_hold_out_stays_as_it_is_from_version_to_version():
    # Results are compared on the same held-out photos: a new NumPy must not move them.
    _, held_out = splits.hold_out("abcdefghij", holdout=0.3, seed=7)
    assert held_out == ["a", "h", "i"]


def test_hold_out_does_not_depend_on_the_order_of_the_items():
    items = [Path(f"photos/{number}.jpg") for number in range(40)]
    shuffled = random.Random(0).sample(items, len(items))
    _, held_out = splits.hold_out(items, holdout=0.25, seed=5)
    _, held_out_of_shuffled = splits.hold_out(shuffled, holdout=0.25, seed=5)
    assert set(held_out) == set(held_out_of_shuffled)


class Alike:
    """A group that prints as others do; a set of them has the order they came in."""

    def __init__(self, number):
        self.number = number

    def __str__(self):
        return "group"

    def __repr__(self):
        return f"group {self.number}"

    def __hash__(self):
        return 0

    def __eq__(self, other):
        return self.number == other.number


def test_hold_out_does_not_depend_on_the_order_of_groups_that_print_alike():
    items = [Alike(number) for number in range(6)]
    for seed in range(10):
        _, held_out = splits.hold_out(items, holdout=0.5, seed=seed)
        _, reversed_held_out = splits.hold_out(items[::-1], holdout=0.5, seed=seed)
        assert held_out == reversed_held_out[::-1]


def test_hold_out_never_parts_a_group():
    items = range(60)
    groups = [item % 12 for item in items]
    training, held_out = splits.hold_out(items, holdout=0.25, seed=0, groups=groups)
    assert {item % 12 for item in training}.isdisjoint(item % 12 for item in held_out)
    assert len({item % 12 for item in held_out}) == 3
    assert len(held_out) == 15


def test_hold_out_counts_groups_and_not_items():
    groups = ["a"] * 97 + ["b", "c", "d"]
    _, held_out = splits.hold_out(range(100), holdout=0.5, seed=0, groups=groups)
    assert len({groups[item] for item in held_out}) == 2


def test_hold_out_keeps_equal_items_together():
    training, held_out = splits.hold_out(["a", "a", "b"], holdout=0.5, seed=0)
    assert {frozenset(training), frozenset(held_out)} == {
        frozenset("a"),
        frozenset("b"),
    }


@pytest.mark.parametrize("holdout", [0.001, 0.5, 0.999])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_hold_out_leaves_something_on_either_side(count, holdout):
    training, held_out = splits.hold_out(range(count), holdout=holdout, seed=0)
    assert training
    assert held_out


@pytest.mark.parametrize("holdout", [0.0, 1.0, -0.1, 20.0, float("nan")])
def test_hold_out_refuses_a_holdout_out_of_range(holdout):
    with pytest.raises(ValueError, match="holdout must be more than 0 and less than 1"):
        splits.hold_out(range(10), holdout=holdout, seed=0)


@pytest.mark.parametrize(
    ("items", "groups"), [([], None), (["a"], None), (["a", "b"], ["x", "x"])]
)
def test_hold_out_refuses_fewer_than_two_groups(items, groups):
    with pytest.raises(ValueError, match="at least 2 different groups"):
        splits.hold_out(items, holdout=0.5, seed=0, groups=groups)


def test_hold_out_refuses_groups_that_do_not_match_the_items():
    with pytest.raises(ValueError, match="not 2 groups for 3 items"):
        splits.hold_out(["a", "b", "c"], holdout=0.5, seed=0, groups=["x", "y"])
