"""What is found in files and folders, and what is said of the rest."""

import io
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distortions import photo_decoding
from distortions import photo_files
from distortions import unread_kinds


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("suffix", [".mpo", ".JPF", ".jpx", ".jpc", ".apng"])
def test_less_usual_names_of_kinds_that_are_read_are_found(tmp_path, suffix):
    assert photo_files.find(touch(tmp_path, f"a{suffix}")) == [f"a{suffix}"]


def test_links_to_folders_are_followed(tmp_path):
    touch(tmp_path, "elsewhere/deep/b.png", "photos/a.png")
    (tmp_path / "photos/link").symlink_to(tmp_path / "elsewhere")
    assert photo_files.find(tmp_path / "photos") == ["a.png", "link/deep/b.png"]


def test_a_link_to_the_folder_itself_is_followed(tmp_path):
    touch(tmp_path, "photos/a.png")
    (tmp_path / "link").symlink_to("photos")
    assert photo_files.find(tmp_path / "link") == ["a.png"]


def test_links_in_a_circle_end(tmp_path):
    touch(tmp_path, "x/a.png", "y/b.png")
    (tmp_path / "x/other").symlink_to("../y")
    (tmp_path / "y/other").symlink_to("../x")
    (tmp_path / "x/self").symlink_to(".")
    (tmp_path / "up").symlink_to(".")
    (tmp_path / "nowhere.png").symlink_to("nowhere.png")
    assert photo_files.find(tmp_path) == ["x/a.png", "y/b.png"]


def test_a_photo_is_found_where_it_is_rather_than_by_a_link(tmp_path):
    touch(tmp_path, "z/a.png")
    (tmp_path / "b").symlink_to("z")
    assert photo_files.find(tmp_path) == ["z/a.png"]


def test_names_that_are_no_text_are_found(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()
    assert photo_files.find(tmp_path) == [os.fsdecode(b"caf\xe9.png")]


def test_kinds_that_are_not_read_are_counted(tmp_path, monkeypatch):
    touch(tmp_path, "a.png", "b.NEF", "c/d.dng", "e.psd", "f.txt", ".g.psd")
    found = photo_files.search([tmp_path])
    assert list(found.photos) == [tmp_path / "a.png"]
    assert found.passed_over == {"camera RAW": 2, "Photoshop": 1}
    text = "1 Photoshop file passed over; 2 camera RAW files passed over"
    assert unread_kinds.passed_over(found.passed_over) == text


def test_a_path_without_photos_does_not_hinder_the_others(tmp_path):
    touch(tmp_path, "photos/a.png", "notes/b.txt", "c.txt")
    paths = ["photos", "nowhere", "notes", "c.txt"]
    found = photo_files.search([tmp_path / name for name in paths])
    # A file is taken whatever its name.
    assert list(found.photos) == [tmp_path / "photos/a.png", tmp_path / "c.txt"]
    missing, empty = found.problems
    assert missing == f"no such file or folder: {tmp_path}/nowhere"
    assert empty.startswith(f"no photos in {tmp_path}/notes; looked for files that end")


def test_folders_in_folders_are_left_out_where_that_is_asked(tmp_path):
    touch(tmp_path, "a.png", "x/b.png", "x/c.NEF")
    (tmp_path / "link").symlink_to("x")
    found = photo_files.search([tmp_path], recursive=False)
    assert list(found.photos) == [tmp_path / "a.png"]
    assert (found.problems, found.passed_over) == ([], {})
    # A folder that is named is searched itself.
    found = photo_files.search([tmp_path / "x", tmp_path / "link"], recursive=False)
    assert [path.name for path in found.photos] == ["b.png", "b.png"]
    assert tmp_path / "link" / "b.png" in found.photos


def test_a_folder_of_other_kinds_only_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"no photos in .*; 1 TGA file passed over$"):
        photo_files.find(touch(tmp_path, "a.tga"))


def test_a_pattern_that_no_file_matches_is_called_one():
    (problem,) = photo_files.search(["photos/*.jpg"]).problems
    assert "photos/*.jpg (it looks like a pattern" in problem
    assert "give the folder" in problem


@pytest.mark.parametrize(
    ("contents", "kind"),
    [
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "camera RAW"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "video"),
        (b"\xff\x0a\xfa\x1f\1\x90\x08\2", "JPEG XL"),
        (b"FUJIFILMCCD-RAW 0201", "camera RAW"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    ],
)
def test_a_file_of_a_kind_that_is_not_read_is_called_that(contents, kind, monkeypatch):
    for reader in unread_kinds.HEIC_READERS:
        monkeypatch.setitem(sys.modules, reader, None)
    with pytest.raises(photo_files.PhotoError) as error:
        photo_decoding.decode(contents)
    assert str(error.value).startswith(f"{kind} is not read")
    advice = "pip install 'rankiqa-tf[heif]'" in str(error.value)
    assert advice == (kind == "HEIC")


def test_a_valid_file_of_a_sort_that_is_not_read_is_not_called_broken():
    file = io.BytesIO()
    picture().save(file, "BMP")
    bmp = bytearray(file.getvalue())
    bmp[30] = 4  # JPEG inside, as printers take it.
    message = r"^of a sort that is not read: Unsupported BMP compression \(4\)"
    with pytest.raises(photo_files.PhotoError, match=message):
        photo_decoding.decode(bytes(bmp))
    file = io.BytesIO()
    picture().save(file, "TIFF")
    compression = struct.pack("<HHI", 259, 3, 1)  # Of one 16-bit value, 1 for none.
    tiff = file.getvalue().replace(
        compression + b"\1\0", compression + struct.pack("<H", 34712)
    )  # JPEG 2000 inside.
    message = "^TIFF of a sort that is not read, or broken$"
    with pytest.raises(photo_files.PhotoError, match=message):
        photo_decoding.decode(tiff)


def test_a_name_and_what_it_holds_are_of_one_kind():
    for suffix, contents in (
        (".heic", b"\0\0\0\x1cftypheix"),
        (".orf", b"IIRO\x08\0\0\0"),
        (".jxl", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ):
        kind = unread_kinds.of_name(suffix)
        assert kind is not None
        assert unread_kinds.of_contents(contents) == kind


def picture() -> Image.Image:
    """A picture with odd, unequal sides; red above, blue below."""
    pixels = np.zeros((37, 53, 3), np.uint8)
    pixels[:20, :, 0] = pixels[20:, :, 2] = 200
    return Image.fromarray(pixels)


def test_an_mpo_is_its_first_picture(tmp_path):
    picture().save(
        tmp_path / "a.mpo",
        format="MPO",
        save_all=True,
        append_images=[Image.new("RGB", (53, 37))],
    )
    picture().save(tmp_path / "a.jpg")
    found, expected = (photo_files.read(tmp_path / f"a.{k}") for k in ("mpo", "jpg"))
    np.testing.assert_array_equal(found, expected)


def test_heic_is_read_with_the_extra():
    pillow_heif = pytest.importorskip("pillow_heif")
    assert {".heic", ".heif", ".hif"} <= set(photo_files.SUFFIXES)
    for orientation in (1, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        file = io.BytesIO()
        # Saved turned, and marked so as HEIC does it, beside EXIF.
        pillow_heif.from_pillow(picture()).save(
            file, quality=100, chroma=444, exif=exif.tobytes()
        )
        found = photo_decoding.decode(file.getvalue()).astype(int)
        expected = np.asarray(picture()).astype(int)
        if orientation == 6:  # Turned to the right.
            expected = np.rot90(expected, -1)
        np.testing.assert_allclose(found, expected, atol=6)
