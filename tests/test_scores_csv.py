"""Human scores from CSV files."""

import os

import openpyxl
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
        ("image|mos\na.png|1\nb.png|2\n", r"needs the columns .* 'image\|mos'"),
        ("image;mos\na.png;3,5\nb.png;1.234,5\n", "line 3: mos .*, not '1.234,5'"),
        ('image,mos\na.png,1\nb.png,"3,5"\n', "line 3: mos .*, not '3,5'"),
        ("image,mos\na.png,1_0\nb.png,2\n", "line 2: mos must .*, not '1_0'"),
        ("image,mos,dmos\na.png,1,1_0\n", "line 2: dmos must .*, not '1_0'"),
        ("image,MOS,mos\na.png,1,2\n", "2 columns for mos: MOS, mos; leave one"),
        ("filename,dist_img,mos\na,b,1\n", "for image: filename, dist_img"),
        ("photo,mos\na.png,1\n", r"image \(image_name, filename, file_name, dist_img"),
        ("image,dmos\na.png,1\n", r"mos \(score, mean_opinion_score\)"),
        ("image,mos,,\na.png,1,,\n,2,,\n", "line 3 names no image"),
        ("sep=;\nimage;mos\na.png;1\nb.png;x\n", "line 4: mos must be a number"),
        ("image,mos\na.png,1\nsub folder/../a.png,2\n", "twice, .*a.png and .*sub"),
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


@pytest.mark.parametrize(
    "text",
    [
        "image;mos;reference\r\na.png;3,5;lake\r\nb.png;-1e1;lake\r\n",
        "image\tmos\treference\na.png\t3,5\tlake\nb.png\t-10\tlake\n",
        "sep=;\r\nimage;mos;reference\r\na.png;3,5;lake\r\nb.png;-10,0;lake\r\n",
        '"sep=,"\nimage,mos,reference\na.png,3.5,lake\nb.png,-10,lake\n',
        "sep=\t\nimage\tmos\treference\na.png\t3.5\tlake\nb.png\t-10\tlake",
        "image,mos,reference,,\na.png,3.5,lake,,\n,,,,\nb.png,-10,lake,,\n,,,,\n,,",
        "image_name,c1,MOS,SD,ref_img\na.png,0,3.5,1,lake\nb.png,1,-10,1,lake\n",
        "dist_img,ref_img,score,var\na.png,lake,3.5,1\nb.png,lake,-10,1\n",
        "Filename;Score;Reference\na.png;3,5;lake\nb.png;-10;lake\n",
        # Names of our own win: predictions have a column score, too.
        "image,mos,reference,score\na.png,3.5,lake,9\nb.png,-10,lake,8\n",
    ],
    ids=[
        *("semicolons", "tabs", "sep=;", "sep=,", "sep=tab", "empty cells"),
        *("KonIQ-10k", "KADID-10k", "file name", "predictions"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_reads_dialects_and_the_names_of_data_sets(write, tmp_path, text, encoding):
    assert scores_csv.read(write(text, encoding)) == [
        ScoredPhoto(tmp_path / "a.png", 3.5, "lake"),
        ScoredPhoto(tmp_path / "b.png", -10.0, "lake"),
    ]


def save_book(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("notes")
    book.save(path)
    return path


def test_reads_the_first_sheet_of_an_excel_file(write, tmp_path):
    write("")
    path = save_book(
        tmp_path / "scores.xlsx",
        [
            ("Image Name", "MOS", "level", "reference", None),
            ("a.png", 3.5, 2, "lake", None),
            (None, None, None, None, None),
            (" b.png", "4", None, 1600.0, None),
        ],
    )
    expected = [
        ScoredPhoto(tmp_path / "a.png", 3.5, "lake", level=2),
        ScoredPhoto(tmp_path / "b.png", 4.0, "1600"),
    ]
    assert scores_csv.read(path) == expected
    # What it is, its first bytes tell.
    assert scores_csv.read(path.rename(tmp_path / "scores.csv")) == expected


def test_says_in_which_row_of_an_excel_file_something_is_wrong(write, tmp_path):
    write("")
    rows = [("image", "mos"), ("a.png", 3.5), ("b.png", "good")]
    path = save_book(tmp_path / "scores.xlsx", rows)
    with pytest.raises(
        ValueError, match=r"scores\.xlsx row 3: mos must .*, not 'good'"
    ):
        scores_csv.read(path)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel file: save it as"),
        (b"PK\x03\x04 cut short", "is not an Excel file"),
    ],
)
def test_says_what_other_file_of_a_spreadsheet_it_is(tmp_path, contents, message):
    (tmp_path / "scores.xlsx").write_bytes(contents)
    with pytest.raises(ValueError, match=message):
        scores_csv.read(tmp_path / "scores.xlsx")


def test_a_photo_that_a_link_names_again_is_there_twice(write, tmp_path):
    path = write("image,mos\na.png,1\nlink.png,2\n")
    (tmp_path / "link.png").symlink_to("a.png")
    with pytest.raises(ValueError, match=r"names a photo twice, .*a\.png and .*link"):
        scores_csv.read(path)


def test_paths_that_are_no_text_do_not_hinder_writing(tmp_path):
    photos = [ScoredPhoto(tmp_path / f"{n}\udce9.png", n, str(n)) for n in range(2)]
    scores_csv.write(tmp_path / "out.csv", photos)
    assert "1\\udce9.png" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_says_that_a_file_is_not_utf8(write):
    path = write("image,mos\né.png,1\n", "latin-1")
    with pytest.raises(ValueError, match=r"scores\.csv is not a UTF-8 CSV file"):
        scores_csv.read(path)
