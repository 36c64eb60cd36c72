"""Splits in files: our own, and the tables of pyiqa."""

import json
import pickle

import pytest

from rankiqa_tf import datasets
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets import splits_file
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from tests import data_folders


@pytest.fixture
def photos(tmp_path):
    """Three photos of each of 24 references."""
    return [
        ScoredPhoto(tmp_path / f"{number}_{level}.png", float(level), f"I{number:02}")
        for number in range(1, 25)
        for level in range(3)
    ]


def test_what_is_written_is_read_back(photos, tmp_path):
    drawn = splits.draw(photos, count=3)
    with_validation = splits.of_references(
        training=drawn[0].training[1:],
        validation=drawn[0].training[:1],
        held_out=drawn[0].held_out,
    )
    path = tmp_path / "splits.json"
    splits_file.write(path, [*drawn, with_validation])
    assert splits_file.read(path, photos) == [*drawn, with_validation]


def test_names_that_are_no_ascii_are_read_back(tmp_path):
    photos = [ScoredPhoto(tmp_path / name, 1.0, name) for name in ("é", "日本", "z")]
    drawn = splits.draw(photos, count=1)
    splits_file.write(tmp_path / "splits.json", drawn)
    assert splits_file.read(tmp_path / "splits.json", photos) == drawn


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
        ({"training": ["a", "b"], "test": ["b", "c"]}, "split 2: 1 references occur"),
        ({"training": ["a", "b"]}, "it has the parts training: it must be"),
        (
            {"training": ["a"], "test": ["b"], "dev": ["c"]},
            "'dev' is not a part of a split: it",
        ),
        (
            {"training": "ab", "test": ["c"]},
            "training has something other than a list of texts",
        ),
        (
            {"training": [0, 1], "test": [2]},
            "training has numbers, which are row numbers",
        ),
        ([["a", "b"], ["c"]], "not a JSON file of splits"),
    ],
)
def test_refuses_a_file_of_other_data_or_form(tmp_path, split, message):
    photos = [ScoredPhoto(tmp_path / f"{name}.png", 1.0, name) for name in "abc"]
    good = {"training": ["a", "b"], "validation": [], "test": ["c"]}
    path = tmp_path / "splits.json"
    path.write_text(json.dumps({"splits": [good]}))
    assert len(splits_file.read(path, photos)) == 1
    path.write_text(json.dumps({"splits": [good, split]}))
    with pytest.raises(ValueError, match=message):
        splits_file.read(path, photos)


@pytest.mark.parametrize("text", ["", "{}", "3", "nothing", '{"splits": 3}', "\xff"])
def test_refuses_what_is_no_file_of_splits(tmp_path, photos, text):
    (tmp_path / "splits.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"splits\.json is not a JSON file of splits"):
        splits_file.read(tmp_path / "splits.json", photos)


def test_refuses_a_file_that_is_not_there_or_has_no_split(tmp_path, photos):
    with pytest.raises(ValueError, match=r"there is no file of splits .*none\.json"):
        splits_file.read(tmp_path / "none.json", photos)
    splits_file.write(tmp_path / "splits.json", [])
    with pytest.raises(ValueError, match="has no split; 1 or more"):
        splits_file.read(tmp_path / "splits.json", photos)


# Tables, as pyiqa writes its meta_info files.


@pytest.fixture
def csiq(tmp_path):
    """Photos of CSIQ: two references, six kinds at two levels."""
    (tmp_path / "csiq").mkdir()
    data_folders.build("csiq", tmp_path / "csiq")
    return datasets.read("csiq", tmp_path / "csiq").photos


def meta_info(path, photos, columns, *, name="dist_name"):
    """Writes a table of photos' files; columns give each photo its part."""
    lines = [",".join(["ref_name", name, "dmos", *columns])]
    for photo in photos:
        parts = [part(photo) for part in columns.values()]
        lines.append(
            ",".join([f"{photo.reference}.png", photo.path.name, "0.3", *parts])
        )
    path.write_text("\n".join(lines))
    return path


def side(training):
    return lambda photo: "train" if photo.reference == training else "val"


def test_each_column_of_a_table_is_a_split_and_val_is_held_out_where_test_is_not(
    tmp_path, csiq
):
    columns = {
        "ratio802_seed123_split_01": side("trolley"),
        "ratio802_seed123_split_02": side("1600"),
    }
    path = meta_info(tmp_path / "meta_info_CSIQDataset.csv", csiq, columns)
    first, second = splits_file.read(path, csiq)
    assert first == splits.of_references(training=["trolley"], held_out=["1600"])
    assert second == splits.of_references(training=["1600"], held_out=["trolley"])


def test_a_table_of_photos_may_have_three_parts(tmp_path):
    (tmp_path / "koniq").mkdir()
    data_folders.build("koniq10k", tmp_path / "koniq")
    data_set = datasets.read("koniq10k", tmp_path / "koniq")
    names = {"training": "train", "validation": "val", "held_out": "test"}
    part = {
        reference: names[name]
        for name in names
        for reference in getattr(data_set.official_split, name)
    }
    path = meta_info(
        tmp_path / "meta.csv",
        data_set.photos,
        {"split": lambda photo: part[photo.reference]},
        name="img_name",
    )
    assert splits_file.read(path, data_set.photos) == [data_set.official_split]


def test_rows_of_images_that_were_left_out_are_passed_over(tmp_path):
    """Such as the synthetic reference of TID2013, and names in another case."""
    (tmp_path / "tid").mkdir()
    data_folders.build("tid2013", tmp_path / "tid")
    every = datasets.read("tid2013,synthetic", tmp_path / "tid").photos
    columns = {"split_01": side("I01")}
    path = meta_info(tmp_path / "meta.csv", every, columns)
    path.write_text(path.read_text().replace("i0", "I0").replace(".bmp", ".BMP"))
    (found,) = splits_file.read(path, datasets.read("tid2013", tmp_path / "tid").photos)
    assert found == splits.of_references(training=["I01"], held_out=["I02"])
    (found,) = splits_file.read(path, every)
    assert sorted(found.held_out) == ["I02", "I25"]


def test_a_file_name_that_several_photos_have_needs_its_folder(tmp_path):
    photos = [
        ScoredPhoto(tmp_path / kind / "img1.bmp", 1.0, reference)
        for kind, reference in (("jpeg", "a"), ("wn", "b"))
    ]
    path = tmp_path / "splits.csv"
    path.write_text("img_name,split\nimg1.bmp,train\nwn/img1.bmp,test\n")
    with pytest.raises(
        ValueError, match=r"csv line 2: 2 photos are called img1\.bmp: gi"
    ):
        splits_file.read(path, photos)
    path.write_text("img_name,split\njpeg\\img1.bmp,train\nwn/img1.bmp,test\n")
    (found,) = splits_file.read(path, photos)
    assert found == splits.of_references(training=["a"], held_out=["b"])


def change(text, old, new):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("dist_name", "name"), r"no column with the name img_name, its first line is"),
        (("split_01", "part"), r"no column with split in its name.* pyiqa's meta_info"),
        (("dmos", "ratio622_split"), r"2 kinds, ratio622_split, split: keep the col"),
        (("1600.AWGN.1.png,0.3,train", "1600.AWGN.1.png,0.3,val"), "'1600'; each must"),
        (
            (".png,0.3,", ".tif,0.3,"),
            r"none of the 24 images .*first being 1600\.A.*\.tif",
        ),
        ((",val", ",dev"), r"meta\.csv, split_01: 'dev' is not a part of a split"),
        ((",val", ","), "it has the parts train: it must be"),
    ],
)
def test_a_table_that_is_none_of_these_splits_says_what_to_do(
    tmp_path, csiq, changed, message
):
    path = meta_info(tmp_path / "meta.csv", csiq, {"split_01": side("1600")})
    path.write_text(change(path.read_text(), *changed))
    with pytest.raises(ValueError, match=message):
        splits_file.read(path, csiq)


def test_splits_by_number_and_of_files_are_read_from_json(tmp_path, csiq):
    parts = {
        part: [photo.path.name for photo in csiq if photo.reference == reference]
        for part, reference in (("train", "trolley"), ("val", "1600"))
    }
    path = tmp_path / "splits.json"
    path.write_text(json.dumps({"1": {"train": parts["train"], "test": parts["val"]}}))
    (found,) = splits_file.read(path, csiq)
    assert found == splits.of_references(training=["trolley"], held_out=["1600"])


@pytest.mark.parametrize("name", ["csiq_123.pkl", "splits.json"])
def test_a_pickle_is_not_opened(tmp_path, csiq, name):
    ran = tmp_path / "ran"
    (tmp_path / name).write_bytes(pickle.dumps(Program(ran)))
    with pytest.raises(
        ValueError, match=r"a pickle, .* give the .* meta_info CSV file"
    ):
        splits_file.read(tmp_path / name, csiq)
    assert not ran.exists()
    pickle.loads((tmp_path / name).read_bytes())
    assert ran.exists()  # So opening it would have run what is in it.


class Program:
    """What runs when its pickle is opened."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return type(self._path).touch, (self._path,)
