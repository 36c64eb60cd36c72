"""Heat maps: where the scores of crops land, in which colours."""

import dataclasses

import numpy as np
import pytest
import tiny_models
from PIL import Image

from rankiqa_tf import scoring
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import heat_map
from rankiqa_tf.scores import map_folder
from rankiqa_tf.scores import map_picture
from rankiqa_tf.scores.heat_map import ColourRange
from rankiqa_tf.scoring import ScoreMap

METADATA = tiny_models.of_crops().metadata
ON_A_SCALE = dataclasses.replace(
    METADATA, scale=(0.0, 1.0), scale_of="mean opinion scores of <mine>"
)
# Of viridis, as its authors publish it: the first, the middle and the last colour.
LOW, MIDDLE, HIGH = (68, 1, 84), (33, 145, 140), (253, 231, 37)


def brightness(photo, *, stride=None, most_crops=None, size=20):
    """A map whose scores are the mean brightness of crops, 0 to 1."""
    return scoring.score_map(
        photo,
        crop_size=size,
        stride=stride,
        most_crops=most_crops,
        score_crops=lambda crops: crops.mean((1, 2, 3)).astype(np.float32) / 255,
        batch=7,
    )


@dataclasses.dataclass
class Brightness:
    """A model whose scores are the mean brightness."""

    metadata: Metadata = METADATA
    check_map: object = lambda: None
    score_map: object = staticmethod(brightness)


def halves(height=61, width=90):
    """Black on the left, white on the right."""
    photo = np.zeros((height, width, 3), np.uint8)
    photo[:, width // 2 :] = 255
    return photo


def test_a_pixels_score_is_the_mean_of_the_crops_that_hold_it_by_their_nearness():
    generator = np.random.default_rng(0)
    photo = generator.integers(0, 256, (53, 67, 3), np.uint8)
    found = brightness(photo)
    assert found.scores.shape == (8, 11)
    scores = heat_map.place_scores(found, (53, 67), (53, 67))
    for row, column in [(0, 0), (52, 66), (26, 31), (3, 60)]:
        total = weights = 0.0
        for i, top in enumerate(found.tops):
            for j, left in enumerate(found.lefts):
                # From the middle of the crop to that of the pixel, in half crops.
                down = abs(row + 0.5 - (top + 10)) / 10
                across = abs(column + 0.5 - (left + 10)) / 10
                if down < 1 and across < 1:
                    weight = (1 + np.cos(np.pi * down)) * (1 + np.cos(np.pi * across))
                    total += weight * found.scores[i, j]
                    weights += weight
        assert scores[row, column] == pytest.approx(total / weights, abs=1e-6)


def test_a_corner_has_the_score_of_the_crop_in_it():
    found = brightness(np.random.default_rng(1).integers(0, 256, (53, 67, 3), np.uint8))
    scores = heat_map.place_scores(found, (53, 67), (53, 67))
    np.testing.assert_allclose(
        scores[[0, 0, -1, -1], [0, -1, 0, -1]],
        found.scores[[0, 0, -1, -1], [0, -1, 0, -1]],
        rtol=1e-5,
    )


def test_scores_change_without_a_step_even_where_crops_do_not_touch():
    photo = halves(200, 301)
    found = brightness(photo, most_crops=16)
    assert np.diff(found.lefts).max() > 2 * found.crop_size
    scores = heat_map.place_scores(found, (200, 301), (200, 301))
    assert np.isfinite(scores).all()
    assert (np.diff(scores, axis=1) >= -1e-6).all()
    assert np.diff(scores, axis=1).max() < 0.05
    np.testing.assert_allclose(scores[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(scores[:, -1], 1, atol=1e-6)


def test_a_bright_half_is_coloured_where_it_is():
    photo = halves()
    picture = heat_map.overlay(
        photo, brightness(photo), ColourRange(0, 1, ""), longest=100
    )
    assert picture.shape == photo.shape
    # The photo's black and white are greys of 32 and 192, under colours of 65 %.
    black = 0.65 * np.array(LOW) + 0.35 * 32
    white = 0.65 * np.array(HIGH) + 0.35 * 192
    # A crop reaches 20 pixels beyond its half.
    np.testing.assert_allclose(picture[:, :25], np.full((61, 25, 3), black), atol=1)
    np.testing.assert_allclose(picture[:, 65:], np.full((61, 25, 3), white), atol=1)


def test_the_place_of_a_photo_that_was_mirrored_up_to_a_crop_is_told_in_the_photo():
    photo = halves(7, 90)
    found = brightness(photo)
    assert len(found.tops) == 1
    lowest, highest = heat_map.extremes(found, (7, 90))
    assert (lowest.top, lowest.bottom) == (0, 1)
    assert lowest.left == 0
    assert lowest.whereabouts == "left"
    assert highest.left >= 0.5
    assert highest.score == 1
    scores = heat_map.place_scores(found, (7, 90), (7, 90))
    np.testing.assert_allclose(scores, np.tile(scores[:1], (7, 1)), atol=1e-6)


@pytest.mark.parametrize("metadata", [METADATA, ON_A_SCALE])
def test_a_map_of_one_score_has_one_colour(metadata):
    photo = np.full((41, 63, 3), 127, np.uint8)
    found = brightness(photo)
    colours = heat_map.colour_range(found, metadata)
    picture = heat_map.overlay(photo, found, colours, longest=100)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 1
    # Of the whole scale 127 / 255 is the middle, and so is it where it is all there is.
    grey = np.interp(127, [0, 255], [32, 192])
    expected = 0.65 * np.array(MIDDLE) + 0.35 * grey
    np.testing.assert_allclose(picture[0, 0], expected, atol=2)
    # No frames either.
    framed = map_picture.framed(photo, found, colours, longest=100)
    np.testing.assert_array_equal(np.asarray(framed), picture)


def test_colours_stand_for_the_scale_where_there_is_one_else_for_the_map():
    found = ScoreMap(np.array([[0.25, 0.5]]), np.array([0]), np.array([0, 5]), 20)
    assert dataclasses.astuple(heat_map.colour_range(found, ON_A_SCALE)) == (
        0.0,
        1.0,
        "the scale from 0 to 1, mean opinion scores of <mine>",
    )
    own = heat_map.colour_range(found, METADATA)
    assert (own.low, own.high) == (0.25, 0.5)
    assert own.meaning == "the lowest to the highest score of this photo"
    # Beyond the scale are the colours of its ends.
    np.testing.assert_array_equal(own.share(np.array([0.0, 0.375, 9.0])), [0, 0.5, 1])


def test_a_large_photo_is_drawn_smaller_and_a_small_one_with_room_for_its_legend():
    photo = halves(1700, 3400)
    sheet = map_picture.draw(photo, brightness(photo, most_crops=40), ON_A_SCALE)
    assert sheet.width == 1600
    assert 800 < sheet.height < 1000
    photo = halves(31, 45)
    sheet = map_picture.draw(photo, brightness(photo), METADATA)
    assert sheet.width > 300
    # Below the photo stands a bar from the first colour to the last.
    pixels = np.asarray(sheet, int)
    for colour in (LOW, HIGH):
        mixed = 0.65 * np.array(colour) + 0.35 * 112
        assert (np.abs(pixels[31:] - mixed).max(axis=-1) <= 2).any()


def test_frames_stand_around_the_lowest_and_the_highest_crop():
    photo = np.full((200, 301, 3), 128, np.uint8)
    photo[:60, :60] = 0
    photo[140:, 241:] = 255
    found = brightness(photo, size=60)
    lowest, highest = heat_map.extremes(found, (200, 301))
    assert (lowest.whereabouts, highest.whereabouts) == ("upper left", "lower right")
    colours = ColourRange(0, 1, "")
    bare = heat_map.overlay(photo, found, colours, longest=400)
    framed = np.asarray(map_picture.framed(photo, found, colours, longest=400))
    changed = (framed != bare).any(axis=-1)
    assert changed[:60, 0].all()
    assert changed[59, 100:180].sum() == 0
    assert changed[199, 245:].all()
    assert not changed[70:130].any()


def save(path, picture=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(halves() if picture is None else picture).save(path)
    return path


def written(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_maps_are_written_beside_each_other_as_the_photos_are(tmp_path):
    photos = [
        save(tmp_path / "in" / name)
        for name in ("a/x.png", "b/x.png", "b/x.jpg", "y.png")
    ]
    maps = map_folder.MapFolder(tmp_path / "out", [tmp_path / "in"], Brightness())
    paths = [maps.add(path) for path in photos]
    assert [path.relative_to(tmp_path / "out").as_posix() for path in paths] == [
        "a/x.png.png",
        "b/x.png.png",
        "b/x.jpg.png",
        "y.png.png",
    ]
    assert len(written(tmp_path / "out")) == 4
    expected = map_picture.draw(halves(), brightness(halves()), METADATA)
    with Image.open(paths[0]) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


def test_the_same_photos_have_the_same_names_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos = [save(tmp_path / "in" / "x.png"), save(tmp_path / "in" / "y.png")]
    for _ in range(2):
        maps = map_folder.MapFolder(tmp_path / "out", photos, Brightness())
        for photo in photos:
            maps.add(photo.relative_to(tmp_path))
        maps.add(tmp_path / "in" / ".." / "in" / "x.png")
    assert written(tmp_path / "out") == ["x.png.png", "y.png.png"]


def test_photos_outside_of_the_folder_named_have_maps_inside_of_theirs(tmp_path):
    paths = ("in/x.png", "other/x.png", "in/__/other/x.png")
    photos = [save(tmp_path / path) for path in paths]
    maps = map_folder.MapFolder(tmp_path / "out", [tmp_path / "in"], Brightness())
    found = [maps.add(photo).relative_to(tmp_path / "out") for photo in photos]
    assert [path.as_posix() for path in found] == [
        "x.png.png",
        "__/other/x.png.png",
        "__/other/x.png-2.png",
    ]
    both = [tmp_path / "in", tmp_path / "other" / "x.png"]
    maps = map_folder.MapFolder(tmp_path / "both", both, Brightness())
    assert maps.add(photos[1]) == tmp_path / "both" / "other" / "x.png.png"


def test_a_map_never_takes_the_place_of_a_file_that_is_none(tmp_path):
    photos = [save(tmp_path / "x.jpg"), save(tmp_path / "x.jpg.png")]
    (tmp_path / "x.jpg.png-2.png").write_text("a text")
    before = [path.read_bytes() for path in photos]
    for _ in range(2):
        maps = map_folder.MapFolder(tmp_path, [tmp_path], Brightness())
        found = [maps.add(path).name for path in photos]
        assert found == ["x.jpg-2.png", "x.jpg.png.png"]
    assert [path.read_bytes() for path in photos] == before


def test_a_map_that_is_there_is_kept_if_that_is_asked(tmp_path):
    photo = save(tmp_path / "x.png")
    out = tmp_path / "out"
    path = map_folder.MapFolder(out, [photo], Brightness()).add(photo)
    first = path.read_bytes()
    save(photo, halves(80, 90))
    maps = map_folder.MapFolder(out, [photo], Brightness())
    assert maps.add(photo, anew=False) == path
    assert path.read_bytes() == first
    maps.add(photo)
    assert path.read_bytes() != first


def test_a_model_that_scores_no_places_is_refused_at_once(tmp_path):
    def refuse():
        raise ValueError("scores no places")

    with pytest.raises(ValueError, match="scores no places"):
        map_folder.MapFolder(tmp_path / "out", [], Brightness(check_map=refuse))
    assert not (tmp_path / "out").exists()


def test_a_map_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    photo = save(tmp_path / "x.png")
    maps = map_folder.MapFolder(tmp_path / "out", [photo], Brightness())

    def fail(*_):
        raise OSError("no space left on the device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        maps.add(photo)
    assert not (tmp_path / "out" / "x.png.png").exists()


def test_a_photo_of_one_crop_says_that_it_has_no_local_scores():
    text = map_picture._said(brightness(halves(7, 20)), ColourRange(0, 1, "the scale"))
    assert text.startswith("One crop of 20 pixels holds the whole photo")
    text = map_picture._said(brightness(halves(20, 21)), ColourRange(0, 1, "the scale"))
    assert text.startswith("Local scores: 2 crops of 20 pixels, scored 0.500 to 0.550.")


def test_a_models_own_map_is_drawn(tmp_path):
    photo = save(tmp_path / "x.png", halves(240, 301))
    model = tiny_models.fully_convolutional()
    path = map_folder.MapFolder(tmp_path / "out", [photo], model).add(photo)
    pixels = np.asarray(Image.open(path))
    left, right = pixels[:240, 60:200].mean((0, 1)), pixels[:240, -200:-60].mean((0, 1))
    assert np.abs(left - right).max() > 20
