"""Contact sheets: that tiles show what the distortions make, and how it is called."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from pictures import make_photo
from PIL import Image
from PIL import ImageFont
from programs import run_several

import distortions
from distortions.sets import contact_sheet
from distortions.sets.version import version_seed

LIVE = distortions.PRESETS["live"]
FEW = dataclasses.replace(
    LIVE, rows=tuple(LIVE.row(name) for name in ("jpeg", "white_noise"))
)


def photo_of(height, width):
    return np.rint(make_photo(height, width) * 255).astype(np.uint8)


def place_of(tile, sheet):
    """Finds the only place of a picture in another: top, left."""
    height, width, _ = tile.shape
    (tops, lefts) = np.nonzero((sheet[: 1 - height, : 1 - width] == tile[0, 0]).all(-1))
    found = [
        (top, left)
        for top, left in zip(tops.tolist(), lefts.tolist(), strict=True)
        if (sheet[top : top + height, left : left + width] == tile).all()
    ]
    assert len(found) == 1, found
    return found[0]


def test_tiles_are_the_middles_of_distorted_photos_in_rows_and_columns():
    photo = photo_of(91, 140)
    sheet = np.asarray(contact_sheet.draw(photo, FEW, size=64, seed=5))
    places = []
    for row in FEW.rows:
        for level in range(1, 6):
            distorted = row.distort(
                tf.constant(photo / np.float32(255)),
                level,
                seed=version_seed(5, "", row, level),
            )
            tile = np.rint(distorted * 255)[13 : 13 + 64, 38 : 38 + 64]
            places.append(place_of(tile, sheet))
    tops, lefts = np.reshape(places, [2, 5, 2]).transpose(2, 0, 1)
    assert (np.diff(tops, axis=0) > 64).all()
    assert (np.diff(lefts, axis=1) > 64).all()
    assert (tops == tops[:, :1]).all()
    assert (lefts == lefts[:1]).all()
    # The photo itself comes first, at the same distance.
    for top in tops[:, 0]:
        left = 2 * lefts[0, 0] - lefts[0, 1]
        shown = sheet[top : top + 64, left : left + 64]
        np.testing.assert_array_equal(shown, photo[13 : 13 + 64, 38 : 38 + 64])


def test_large_photos_are_reduced_before_they_are_distorted():
    photo = photo_of(768, 1000)
    preset = dataclasses.replace(FEW, rows=FEW.rows[:1])
    reduced = Image.fromarray(photo).resize((500, 384), Image.Resampling.LANCZOS)
    distorted = FEW.rows[0].distort(tf.constant(reduced / np.float32(255)), 2)
    small = np.asarray(contact_sheet.draw(photo, preset, size=64, seed=0))
    place_of(np.rint(distorted * 255)[160 : 160 + 64, 218 : 218 + 64], small)
    # But not where a tile can show all of it.
    large = np.asarray(contact_sheet.draw(photo, preset, size=768, seed=0))
    place_of(photo[:, 116 : 116 + 768], large[:, :1600])


def test_a_tile_is_no_larger_than_the_photo():
    photo = photo_of(41, 90)
    sheet = np.asarray(contact_sheet.draw(photo, FEW, size=64, seed=0))
    tile = LIVE.row("jpeg").distort(tf.constant(photo / np.float32(255)), 4)
    place_of(np.rint(tile * 255)[:, 13 : 13 + 64], sheet)


@pytest.mark.parametrize("preset", distortions.PRESETS.values(), ids=lambda p: p.name)
def test_texts_keep_to_their_places(preset):
    font, small = ImageFont.load_default(14), ImageFont.load_default(11)
    for row in preset.rows:
        captions = contact_sheet._captions(row)
        assert captions[0] == ""
        assert all(captions[1:])
        for caption in captions:
            lines = contact_sheet._wrapped(caption, small, 160)
            assert ", ".join(lines) == caption
            assert max(map(small.getlength, lines)) <= 160, lines
            assert len(lines) <= 3
        assert font.getlength(row.name) < 300


def test_captions_tell_parameters_by_name():
    both = distortions.PRESETS["live_md"].row("blur_and_noise")
    assert contact_sheet._captions(both)[9] == "sigma 6.5, variance 0.022"
    assert contact_sheet._captions(LIVE.row("white_noise"))[1] == "variance 0.0009766"
    small = ImageFont.load_default(11)
    lines = contact_sheet._wrapped("sigma 6.5, variance 0.022", small, 100)
    assert lines == ["sigma 6.5", "variance 0.022"]


def test_the_program_draws_or_says_why_not(tmp_path):
    photo = tmp_path / "photo.png"
    Image.fromarray(photo_of(70, 90)).save(photo)
    (tmp_path / "broken.png").write_text("text")
    preset, using = "--preset=live", f"--input={photo}"
    to = f"--output={tmp_path / 'sheet.png'}"
    calls = {
        "": [preset, using, to, "--size=64", "--distortions=jpeg"],
        "choose a --preset; there are: ": [using, to],
        "no preset 'life'; there are: ": ["--preset=life", using, to],
        "no distortion 'noise' in 'live'": [preset, using, "--distortions=noise"],
        "give a photo as --input": [preset, to],
        "none.png: No such file": [preset, to, f"--input={tmp_path / 'none.png'}"],
        "not a photo": [preset, to, f"--input={tmp_path / 'broken.png'}"],
        "must be an image such as a.png": [preset, using, "--output=sheet.txt"],
        "no such folder: nowhere": [preset, using, "--output=nowhere/a.png"],
        "flags only, not x": [preset, using, to, "x"],
        "flag --size=3": [preset, using, to, "--size=3"],
    }
    several = run_several("distortions.sheet", calls.values())
    for reason, (code, _, message) in zip(calls, several, strict=True):
        assert reason in message
        assert message.startswith("error: ") == bool(reason)
        assert code == (2 if reason else 0)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 6 * 64
        assert 64 < sheet.height < 128
