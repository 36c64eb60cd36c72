"""Splits of a data set by reference."""

import json
import random

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
    assert {(len(split.training), len(split.test)) for split in drawn} == {(19, 5)}
    assert len(set(drawn)) == 10


def test_no_reference_stands_on_both_sides_and_none_is_left_out(photos):
    for split in splits.draw(photos, count=5, holdout=0.4):
        training, validation, test = split.divide(photos)
        assert not validation
        sides = [{photo.reference for photo in part} for part in (training, test)]
        assert sides[0].isdisjoint(sides[1])
        assert sorted(sides[0] | sides[1]) == [f"I{n:02}" for n in range(1, 25)]
        assert sorted(training + test, key=photos.index) == photos
        assert len(test) == 3 * 10


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
    assert first.test == ("I03", "I07", "I08", "I09", "I12")
    assert second.test == ("I01", "I02", "I12", "I14", "I24")


def test_parts_keep_the_order_of_the_photos():
    photos = [ScoredPhoto(f"{name}.png", 1.0, name) for name in "dacb"]
    split = Split(training=("a", "d"), validation=("c",), test=("b",))
    training, validation, test = split.divide(photos)
    assert [photo.reference for photo in training] == ["d", "a"]
    assert validation == [photos[2]]
    assert test == [photos[3]]


def test_what_is_written_is_read_back(photos, tmp_path):
    drawn = splits.draw(photos, count=3)
    with_validation = Split(
        training=drawn[0].training[1:],
        validation=drawn[0].training[:1],
        test=drawn[0].test,
    )
    path = tmp_path / "splits.json"
    splits.write(path, [*drawn, with_validation])
    assert splits.read(path, photos) == [*drawn, with_validation]


def test_names_that_are_no_ascii_are_read_back(tmp_path):
    photos = [ScoredPhoto(tmp_path / name, 1.0, name) for name in ("é", "日本", "z")]
    drawn = splits.draw(photos, count=1)
    splits.write(tmp_path / "splits.json", drawn)
    assert splits.read(tmp_path / "splits.json", photos) == drawn


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"training": ("a",), "test": ("b", "a")}, "1 references stand .* 'a'; each"),
        ({"training": ("a", "a"), "test": ("b",)}, "first being 'a'; each must stand"),
        (
            {"training": ("a",), "test": ("b",), "validation": ("b",)},
            "first being 'b'; each must stand",
        ),
        ({"training": (), "test": ("b",)}, "the training part of a split has no ref"),
        ({"training": ("a",), "test": ()}, "the test part of a split has no reference"),
    ],
)
def test_refuses_a_reference_on_both_sides_and_an_empty_part(parts, message):
    with pytest.raises(ValueError, match=message):
        Split(**parts)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (
            {"training": ["a", "x", "y"], "test": ["b", "c"]},
            "split 2: 2 of 5 references are not in the data set, the first being 'x'",
        ),
        (
            {"training": ["a"], "test": ["b"]},
            "split 2: 1 of 3 references are in no part of the split, .* 'c'",
        ),
        ({"training": ["a", "b"], "test": ["b", "c"]}, "splits.json: 1 references"),
        ({"training": ["a", "b"]}, "not a JSON file of splits"),
        ({"training": ["a"], "test": ["b"], "dev": ["c"]}, "not a JSON file of splits"),
        (
            {"training": "ab", "test": ["c"]},
            "not a JSON file .*training is not a list",
        ),
        ({"training": ["a", 1], "test": ["c"]}, "training is not a list of texts"),
        ([["a", "b"], ["c"]], "not a JSON file of splits"),
    ],
)
def test_refuses_a_file_of_other_data_or_form(tmp_path, split, message):
    photos = [ScoredPhoto(tmp_path / f"{name}.png", 1.0, name) for name in "abc"]
    good = {"training": ["a", "b"], "validation": [], "test": ["c"]}
    path = tmp_path / "splits.json"
    path.write_text(json.dumps({"splits": [good]}))
    assert len(splits.read(path, photos)) == 1
    path.write_text(json.dumps({"splits": [good, split]}))
    with pytest.raises(ValueError, match=message):
        splits.read(path, photos)


@pytest.mark.parametrize("text", ["", "{}", "[]", "nothing", '{"splits": 3}', "\xff"])
def test_refuses_what_is_no_file_of_splits(tmp_path, photos, text):
    (tmp_path / "splits.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"splits\.json is not a JSON file of splits"):
        splits.read(tmp_path / "splits.json", photos)


def test_refuses_a_file_that_is_not_there_or_has_no_split(tmp_path, photos):
    with pytest.raises(ValueError, match=r"there is no file of splits .*none\.json"):
        splits.read(tmp_path / "none.json", photos)
    splits.write(tmp_path / "splits.json", [])
    with pytest.raises(ValueError, match="has no split; 1 or more"):
        splits.read(tmp_path / "splits.json", photos)


def test_refuses_no_splits_and_too_few_references(photos):
    with pytest.raises(ValueError, match="count must be 1 or more splits, not 0"):
        splits.draw(photos, count=0)
    with pytest.raises(ValueError, match="at least 2 different groups"):
        splits.draw(photos[:3])
