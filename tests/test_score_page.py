"""The page of scores: what it shows of photos, and that it needs nothing else."""

import base64
import dataclasses
import hashlib
import io
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tiny_models
from pages import Checked
from PIL import Image

from distortions import photo_files
from distortions.photo_header import PhotoError
from rankiqa_tf import scoring
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.pages import small_photos
from rankiqa_tf.scores import histogram
from rankiqa_tf.scores import page

HOSTILE = """<script>alert("'1'")&amp;<b """
METADATA = dataclasses.replace(
    tiny_models.of_crops().metadata,
    scale=(0.0, 1.0),
    scale_of="mean opinion scores of <mine>",
    percentiles=tuple(np.linspace(0.0, 1.0, 101).tolist()),
    percentiles_of="10 photos of <mine>",
)


@dataclasses.dataclass(frozen=True)
class Row:
    path: Path | str
    score: float | None
    error: str = ""
    warning: str = ""


@dataclasses.dataclass
class Brightness:
    """A model whose scores are the mean brightness of crops of 20 pixels, 0 to 1."""

    metadata: Metadata = METADATA

    def check_map(self):
        pass

    def score_map(self, photo, *, most_crops=None):
        return scoring.score_map(
            photo,
            crop_size=20,
            stride=None,
            most_crops=most_crops,
            score_crops=lambda crops: crops.mean((1, 2, 3)).astype(np.float32) / 255,
            batch=50,
        )


def save(path, shade=90, sides=(199, 301)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", sides[::-1], (shade, 200 - shade // 2, 90)).save(path)
    return path


@pytest.fixture
def rows(tmp_path):
    """Nine photos in two folders, of which one is gone, and two that were not read."""
    folder = tmp_path / "in"
    names = [f"{'b' if n % 2 else 'a'}/{n}.png" for n in range(9)]
    scores = [0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6]
    found = [
        Row(save(folder / name, 25 * n), score)
        for n, (name, score) in enumerate(zip(names, scores, strict=True))
    ]
    found[3] = dataclasses.replace(found[3], warning="13 extraneous bytes <there>")
    found[4].path.unlink()
    found.insert(2, Row(folder / "a/text.png", None, "not a <photo>"))
    found.append(Row(folder / "gone.png", None, "No such file or directory"))
    return found


@pytest.fixture
def write(tmp_path):
    """Writes a page of rows and reads it."""

    def write_and_read(rows, *, metadata=METADATA, places=None, **options):
        written = page.Page("model.keras", metadata, **options)
        for row in rows:
            written.add(row)
        written.write(tmp_path / "page.html", places)
        assert not list(tmp_path.glob("*.partial"))
        return Checked((tmp_path / "page.html").read_text(encoding="utf-8"))

    return write_and_read


def names_of(found):
    return [
        name
        for name in found.words
        if name.endswith((".png", ".jpg")) and not name.startswith("/")
    ]


def pixels_of(address):
    code = address.removeprefix("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(code))) as image:
        assert image.format == "JPEG"
        return np.asarray(image)


def test_every_photo_is_there_worst_first_in_its_folder(write, rows, tmp_path):
    found = write(rows)
    shown = found.of("img")
    names = ["b/1", "b/5", "b/3", "b/7", "a/0", "a/8", "a/4", "a/6", "a/2"]
    expected = [f"{name}.png" for name in names]
    assert names_of(found)[:9] == expected
    assert [image["alt"] for image in shown] == [n for n in expected if n != "a/4.png"]
    assert found.text.count("the photo is not there any more") == 1
    assert str(tmp_path / "in") in found.text
    for image in shown:
        pixels = pixels_of(image["src"])
        assert max(pixels.shape) == 160
        shade = 25 * int(image["alt"][2])
        np.testing.assert_allclose(
            pixels[50, 80], (shade, 200 - shade // 2, 90), atol=6
        )


def test_says_what_scores_mean_and_how_they_compare(write, rows):
    found = write(rows)
    for words in (
        "Scores of 11 photos",
        "The worst score is 0.100, the median 0.500, the best 0.900. "
        "Read with a warning: 1. Not read: 2.",
        "higher is better; on a scale from 0 to 1, mean opinion scores of <mine>",
        "model.keras, with tiny",
        "trained on nothing",
        "better than the share of 10 photos of <mine> whose scores are lower",
        "better than 10 %",
        "better than 90 %",
        "Warning: 13 extraneous bytes <there>",
        "a/text.png : not a <photo>",
        "gone.png : No such file or directory",
    ):
        assert words in found.text
    assert len(re.findall(r"better than \d+ %", found.text)) == 9
    assert "the ends of the scale" not in found.text
    gauges = [i["style"] for i in found.of("i") if "style" in i]
    assert gauges[0] == "width:10%"
    bare = write(
        rows,
        metadata=dataclasses.replace(METADATA, scale=None, percentiles=()),
    )
    assert "an order without a scale, as it was trained by ranking only" in bare.text
    assert "better than" not in bare.text
    assert not [i for i in bare.of("i") if "style" in i]


def test_scores_off_the_scale_are_explained(write, rows):
    off = [dataclasses.replace(rows[0], score=s) for s in (-0.7, 1.2)]
    assert "2 photos with a score beyond 0 or 1" in write([*rows, *off]).text
    unknown = dataclasses.replace(METADATA, scale=None)
    assert "with a score beyond" not in write(off, metadata=unknown).text


def test_names_are_taken_as_text(write, tmp_path):
    path = save(tmp_path / f"{HOSTILE}.png")
    other = tmp_path / f"{HOSTILE}\udcff.jpg"  # Nor need it be UTF-8.
    found = write(
        [Row(path, 0.5, "", HOSTILE), Row(other, 0.4), Row(other, None, HOSTILE)],
        metadata=dataclasses.replace(
            METADATA, scale_of=HOSTILE, percentiles_of=HOSTILE, trained_on=HOSTILE
        ),
        places=Brightness(dataclasses.replace(METADATA, scale_of=HOSTILE)),
    )
    assert len(found.of("script")) == 1  # The page's own.
    assert len(found.of("b")) == 2 + 1 + 1  # Scores; one at a map; what was not read.
    # Scale, trained on, compared with; two cards, two at the map; a warning; a failure.
    assert found.text.count(HOSTILE) == 3 + 2 + 1 + 1 + 2
    assert [image["alt"] for image in found.of("img")][-1] == f"{HOSTILE}.png"


def test_asks_for_nothing_outside(write, rows, tmp_path):
    found = write(rows, places=Brightness())
    for tag, attributes in found.elements:
        assert tag not in ("link", "iframe", "object", "base", "form", "a")
        assert "href" not in attributes
        assert attributes.get("src", "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import|fetch\(", text)
    (policy,) = found.of("meta", **{"http-equiv": "Content-Security-Policy"})
    script = text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["content"] == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )


def test_the_same_rows_give_the_same_page(write, rows, tmp_path):
    write(rows, places=Brightness())
    first = (tmp_path / "page.html").read_bytes()
    write(rows, places=Brightness())
    assert (tmp_path / "page.html").read_bytes() == first


def test_of_many_photos_the_worst_and_the_best_are_shown_and_all_are_listed(
    write, tmp_path
):
    path = save(tmp_path / "in" / "x.png")
    order = np.random.default_rng(0).permutation(50)
    rows = []
    for number in order:
        photo = tmp_path / "in" / f"{number:02}.png"
        photo.write_bytes(path.read_bytes())
        rows.append(Row(photo, 0.1 + number / 100))
    found = write(rows, most_an_end=3)
    ends = [f"{n:02}.png" for n in (0, 1, 2, 47, 48, 49)]
    assert [image["alt"] for image in found.of("img")] == ends
    assert names_of(found) == [*ends, *(f"{n:02}.png" for n in range(3, 47))]
    assert "the 3 worst and the 3 best of 50" in found.text
    assert "The 44 between them" in found.text
    assert "0.390 better than 39 %" in found.text
    # Of those that fit none are listed apart.
    found = write(rows[:6], most_an_end=3)
    assert len(found.of("img")) == 6
    assert found.of("details") == []


def test_photos_that_are_not_shown_take_little_memory(monkeypatch):
    monkeypatch.setattr(
        small_photos, "read", lambda *_, **__: np.zeros((8, 9, 3), np.uint8)
    )
    report = page.Page("model", METADATA, most_an_end=5)
    paths = [f"/photos/{number:06}.jpg" for number in range(4_000)]
    held = []
    tracemalloc.start()
    try:
        for number, path in enumerate(paths):
            report.add(Row(path, float(number % 997)))
            if number in (999, 3_999):
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # A number and a tuple, beside the path that was there before: no Path.
    assert (held[1] - held[0]) / 3_000 < 200


def test_photos_of_the_same_score_stand_as_they_came(write, tmp_path):
    rows = [Row(save(tmp_path / f"{name}.png"), 0.5) for name in "dacbe"]
    found = write(rows, most_an_end=1)
    assert names_of(found) == [f"{name}.png" for name in "deacb"]


def test_the_worst_have_maps(write, rows, tmp_path):
    photo = np.zeros((60, 120, 3), np.uint8)
    photo[:30, 60:] = 255
    path = tmp_path / "in" / "a" / "bad.png"
    Image.fromarray(photo).save(path)
    rows = [*rows, Row(path, 0.01)]
    found = write(rows, places=Brightness())
    assert "Local quality of the worst" in found.text
    figures = [image for image in found.of("img") if "Heat map" in image["alt"]]
    # Of the six worst all are there.
    assert len(figures) == 6
    assert figures[0]["alt"] == (
        "Heat map of a/bad.png: lowest 0.000, upper left; highest 1.000, upper"
    )
    pixels = pixels_of(figures[0]["src"]).astype(int)
    assert pixels.shape == photo.shape
    # Violet where it is black, yellow where it is white.
    np.testing.assert_allclose(pixels[45, 90], (55, 12, 66), atol=12)
    np.testing.assert_allclose(pixels[15, 100], (232, 217, 91), atol=12)
    assert found.text.count("The colours are those of the whole scale") == 1
    own = write(rows, places=Brightness(dataclasses.replace(METADATA, scale=None)))
    assert "they do not compare photos" in own.text
    assert len(own.of("div", **{"class": "legend"})) == 6
    assert "Heat map" not in str(write(rows).of("img"))


def test_says_why_there_are_no_maps_of_small_photos(write, tmp_path):
    row = Row(save(tmp_path / "x.png", sides=(7, 20)), 0.5)
    found = write([row], places=Brightness())
    assert "a crop of this model holds each of them whole" in found.text
    other = Row(save(tmp_path / "y.png"), 0.6)
    both = write([row, other], places=Brightness())
    assert "A photo that one crop holds whole has no map." in both.text
    assert len([i for i in both.of("img") if "Heat map" in i["alt"]]) == 1
    assert "holds whole" not in write([other], places=Brightness()).text
    assert len(found.of("img")) == 1


def test_says_why_a_model_makes_no_maps(write, rows):
    class Whole(Brightness):
        def check_map(self):
            raise ValueError("it is <small>")

    found = write(rows, places=Whole())
    assert "There are no maps of the worst: it is <small>." in found.text


def test_a_place_where_no_page_can_be_written_is_told_first(tmp_path):
    page.check_path(tmp_path / "page.html")
    page.check_path("page.html")
    with pytest.raises(ValueError, match=r"no such folder: .*gone, for the page p"):
        page.check_path(tmp_path / "gone" / "p.html")
    with pytest.raises(ValueError, match="is a folder: give the name of an HTML"):
        page.check_path(tmp_path)


def test_one_photo_and_none(write, rows):
    found = write(rows[:1], places=Brightness())
    assert "Scores of 1 photo " in found.text
    assert "The score is 0.500." in found.text
    assert found.of("fieldset") == []
    found = write([row for row in rows if row.score is None])
    assert "None of them could be read." in found.text
    assert found.of("img") == found.of("svg") == []


def test_a_histogram_counts_every_photo_once_where_its_score_is():
    scores = [0.01, 0.02, 0.024, 0.5, 0.51, 0.999, 1.0]
    found = Checked(histogram.draw(scores, (0.0, 1.0)))
    # Forty bars of 0.025.
    titles = [words for words in found.words if " to " in words]
    assert titles == [
        "0 to 0.025: 3 photos",
        "0.5 to 0.525: 2 photos",
        "0.975 to 1: 2 photos",
    ]
    bars = found.of("path", **{"class": "bars"})
    tops = [float(re.search(r"V([\d.]+)H", bar["d"])[1]) for bar in bars]
    foot = 96
    assert foot - tops[0] == pytest.approx(1.5 * (foot - tops[1]), abs=0.2)
    (drawing,) = found.of("svg", role="img")
    assert drawing["aria-label"] == (
        "Histogram of the scores of 7 photos: from 0.010 to 1.000, most between 0.000 "
        "and 0.025"
    )


@pytest.mark.parametrize(
    ("scores", "scale", "expected"),
    [
        ([0.3, 0.6], (0.0, 1.0), (0.0, 1.0)),
        ([-0.1, 1.2], (0.0, 1.0), (-0.1, 1.2)),
        ([2.0, 3.0], None, (1.98, 3.02)),
        ([3.0], None, (1.5, 4.5)),
        ([0.0, 0.0], (0.0, 0.0), (-0.5, 0.5)),
    ],
)
def test_a_histogram_has_the_scale_and_all_scores(scores, scale, expected):
    assert histogram.span(scores, scale) == pytest.approx(expected)
    titles = [w for w in Checked(histogram.draw(scores, scale)).words if " to " in w]
    assert sum(int(re.search(r": (\d+) ", title)[1]) for title in titles) == len(scores)


def test_a_small_photo_is_the_photo_made_smaller(tmp_path):
    gradient = np.zeros((301, 457, 3), np.uint8)
    gradient[..., 0] = np.linspace(0, 255, 457)
    gradient[..., 1] = np.linspace(0, 255, 301)[:, np.newaxis]
    exif = Image.Exif()
    exif[274] = 6  # To be turned to the right.
    for name, options in (("x.jpg", {"exif": exif}), ("x.png", {"exif": exif})):
        path = tmp_path / name
        Image.fromarray(gradient).save(path, **options)
        whole = photo_files.read(path)
        small = small_photos.read(path, side=70)
        # Of 301 pixels a quarter is more than 70.
        assert small.shape == ((115, 76, 3) if name == "x.jpg" else (457, 301, 3))
        resized = np.asarray(Image.fromarray(whole).resize(small.shape[1::-1]))
        np.testing.assert_allclose(small.astype(int), resized, atol=8)
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "x.jpg").read_bytes()[:900])
    with pytest.raises(PhotoError, match=r"cut\.jpg: "):
        small_photos.read(tmp_path / "cut.jpg", side=70)
    with pytest.raises(PhotoError, match="No such file"):
        small_photos.read(tmp_path / "gone.jpg", side=70)
