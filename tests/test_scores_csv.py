"""Human scores from CSV files."""

import os

import pytest

from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


@pytest.fixture
def write(tmp_path):
    """Writes a CSV file beside photos a.png, b.png and 'sub folder/c.png'."""
    (tmp_path / "sub folder").mkdir()
    for name in ("a.png", "b.png", "sub folder/c.png"):
        (tmp_path / name).touch()

    def write_csv(text, encoding="utf-8", folder=tmp_path):
        path = folder / "scores.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write_csv


def test_reads_photos_and_scores_in_order(write, tmp_path):
    path = write("image,mos\nb.png,3.5\na.png,-1e1\nsub folder/c.png,0\n")
    # Without the column, a photo is a reference of its own.
    assert scores_csv.read(path) == [
        ScoredPhoto(tmp_path / "b.png", 3.5, "b.png"),
        ScoredPhoto(tmp_path / "a.png", -10.0, "a.png"),
        ScoredPhoto(tmp_path / "sub folder/c.png", 0.0, "sub folder/c.png"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "reference,mos,image\nlake,1,a.png\nlake,2,b.png\n",
        " Image , MOS ,REFERENCE\n a.png , 1 , lake \n b.png , 2 , lake \n",
        'image,mos,reference\r\n"a.png","1","lake"\r\nb.png,2,lake\r\n\r\n',
        "image,mos,note,reference\na.png,1,?,lake\nb.png,2,,lake",
    ],
    ids=["any order", "spaces and upper case", "quotes and CRLF", "other columns"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_reads_what_spreadsheets_write(write, tmp_path, text, encoding):
    assert scores_csv.read(write(text, encoding)) == [
        ScoredPhoto(tmp_path / "a.png", 1.0, "lake"),
        ScoredPhoto(tmp_path / "b.png", 2.0, "lake"),
    ]


def test_an_empty_reference_is_the_photo_itself(write):
    path = write("image,mos,reference\na.png,1,lake\nb.png,2,\n")
    assert [photo.reference for photo in scores_csv.read(path)] == ["lake", "b.png"]


def test_paths_start_from_a_folder_where_one_is_given(write, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = write(
        f"image,mos\na.png,1\n{tmp_path / 'b.png'},2\n", folder=tmp_path / "elsewhere"
    )
    found = [photo.path for photo in scores_csv.read(path, tmp_path)]
    assert found == [tmp_path / "a.png", tmp_path / "b.png"]
    with pytest.raises(ValueError, match=r"1 of 2 photos .*elsewhere/a\.png"):
        scores_csv.read(path)


def test_what_is_written_is_read_back(write, tmp_path, monkeypatch):
    write("")
    names = ("a.png", "b.png", "sub folder/c.png", 'é, "x".png')
    (tmp_path / names[3]).touch()
    photos = [
        ScoredPhoto(tmp_path / name, 0.1 * number, f"scene, {number}")
        for number, name in enumerate(names)
    ]
    scores_csv.write(tmp_path / "out.csv", photos)
    assert scores_csv.read(tmp_path / "out.csv", os.devnull) == photos
    # A relative path is written as an absolute one: the file may stand anywhere.
    monkeypatch.chdir(tmp_path)
    relative = [
        ScoredPhoto(photo.path.relative_to(tmp_path), photo.mos, photo.reference)
        for photo in photos
    ]
    scores_csv.write("sub folder/out.csv", relative)
    assert scores_csv.read("sub folder/out.csv") == photos


def test_what_a_data_set_says_of_a_photo_is_read_back(write, tmp_path):
    write("")
    photos = [
        ScoredPhoto(tmp_path / "a.png", 40.0, "lake", 60.0, "white_noise", 3),
        ScoredPhoto(tmp_path / "b.png", 1.5, "b.png", distortion="fast_fading"),
        ScoredPhoto(tmp_path / "sub folder/c.png", 0.0, "lake", level=0),
    ]
    scores_csv.write(tmp_path / "out.csv", photos)
    assert scores_csv.read(tmp_path / "out.csv") == photos


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"needs the columns image,mos\[,reference\]; its first line is ''"),
        ("a.png,1\nb.png,2\n", "needs the columns .* first line is 'a.png,1'"),
        ("image;mos\na.png;1\nb.png;2\n", "needs the columns .* 'image;mos'"),
        ("image,mos\n", r"scores\.csv has 0 photos; at least 2"),
        ("image,mos\na.png,1\n", "has 1 photos; at least 2"),
        ("image,mos\na.png,1\n,2\n", "line 3 names no image"),
        ("image,mos\na.png,1\nb.png\n", "line 3: mos must be a number, not None"),
        ("image,mos\na.png,\nb.png,2\n", "line 2: mos must be a number, not ''"),
        ("image,mos\na.png,1\n\nb.png,good\n", "line 4: mos must .*, not 'good'"),
        ("image,mos\na.png,nan\nb.png,2\n", "line 2: mos must be a number, not 'nan'"),
        ("image,mos\na.png,inf\nb.png,2\n", "line 2: mos must be a number, not 'inf'"),
        ("image,mos\na.png,3,5\nb.png,2\n", "line 2 has more values than columns"),
        ("image,mos,dmos\na.png,1,x\n", "line 2: dmos must be a number, not 'x'"),
        ("image,mos,level\na.png,1,-1\n", "line 2: level must be 0, 1 .*, not '-1'"),
        ("image,mos\na.png,1\n./a.png,2\n", "names a photo twice"),
        ("image,mos\na.png,1\nd.png,2\ne.png,3\n", r"2 of 3 photos .*d\.png; .*start"),
    ],
)
def test_says_what_is_wrong(write, text, message):
    with pytest.raises(ValueError, match=message):
        scores_csv.read(write(text))


def test_says_that_there_is_no_such_file(tmp_path):
    with pytest.raises(ValueError, match=r"there is no CSV file .*none\.csv"):
        scores_csv.read(tmp_path / "none.csv")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_says_that_a_file_is_not_utf8(write, encoding):
    path = write("image,mos\né.png,1\n", encoding)
    with pytest.raises(ValueError, match=r"scores\.csv is not a UTF-8 CSV file"):
        scores_csv.read(path)
