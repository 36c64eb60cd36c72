"""The page of a benchmark."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from pages import Checked
from PIL import Image

from distortions.presets.tid2013 import TID2013
from rankiqa_tf.config import Config
from rankiqa_tf.datasets import DATA_SETS
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import figures as figures_lib
from rankiqa_tf.evaluation import gallery
from rankiqa_tf.evaluation import method_section
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import page
from rankiqa_tf.evaluation import panels
from rankiqa_tf.evaluation import settings
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.settings import Settings

# No slash: it is in the name of a file, too.
HOSTILE = """<script>alert("'1'")&amp;<b """


def predictions(paths, *, seed=0, kinds=("white_noise", "jpeg"), levels=(1, 2, 3)):
    """Made predictions for photos of as many references as there are paths."""
    generator = np.random.default_rng(seed)
    photos = [
        ScoredPhoto(
            path.with_name(f"{path.stem}_{kind}_{level}.png"),
            7.0 - level + generator.normal(0, 0.3),
            path.stem,
            distortion=kind,
            level=level,
        )
        for path in paths
        for kind in kinds
        for level in levels
    ]
    mos = np.array([photo.mos for photo in photos])
    return OpinionScores(photos, 2 * mos + generator.normal(0, 0.5, len(photos)))


def measured(results, dataset="tid2013"):
    return figures_lib.measure(results, dataset=dataset, draws=2)


@pytest.fixture
def write(tmp_path):
    """Writes a page of figures and reads it."""

    def write_and_read(figures, **options):
        arguments = {
            "title": "A title",
            "scale": (0.0, 9.0),
            "command": "python -m rankiqa_tf.benchmark --dataset=tid2013",
            "versions": {"tensorflow": "2.17.1", "keras": "3.10.0"},
            "settings": Settings({"network": "shallow", "splits": 2}, {"EMA": 0.0}),
            "date": "2026-01-02",
        }
        page.write(tmp_path / "page.html", figures, **arguments | options)
        assert not (tmp_path / "page.tmp").exists()
        return Checked((tmp_path / "page.html").read_text(encoding="utf-8"))

    return write_and_read


@pytest.fixture
def results(photos):
    """Two methods on two splits, of which the first tells nothing apart."""
    splits = [predictions(photos[:3], seed=0), predictions(photos[1:], seed=1)]
    constant = OpinionScores(splits[0].photos, np.ones(len(splits[0].photos)))
    return {"rankiqa": [constant, constant], "rankiqa_ft": splits}


@pytest.mark.parametrize("dataset", ["live", "opinion_table"])
def test_a_source_is_a_link_where_it_is_an_address(write, results, dataset):
    found = write(measured(results, dataset=dataset))
    source = DATA_SETS[dataset].source
    assert source in found.text
    assert bool(found.of("a", href=source)) == (dataset == "live")


def test_says_what_was_run_and_what_came_out(write, results):
    figures = measured(results)
    found = write(figures)
    mean = figures.mean("rankiqa_ft", "srocc")
    sd = figures.deviation("rankiqa_ft", "srocc")
    # The best method, although it is not the first.
    assert f"RankIQA+FT: SROCC {mean:.3f} ± {sd:.3f}, LCC" in found.text
    for words in (
        "A title",
        "2026-01-02",
        "python -m rankiqa_tf.benchmark --dataset=tid2013",
        "2.17.1",
        "shallow",
        "TID2008 is for education and research only",
        "from 0, the worst, to 9, the best",
        "RankIQA+FT (paper)",
        "0.780",
        "#01 white noise",
    ):
        assert words in found.text
    (root,) = found.of("html")
    assert root == {"lang": "en"}
    assert len(found.of("h1")) == 1
    # The other method, and options at their defaults.
    assert found.of("details") == [{}, {}]
    assert "Options left at their defaults EMA 0" in found.words_of("details")


def test_every_figure_of_the_tables_is_there(write, results):
    figures = measured(results)
    found = write(figures)
    for method in results:
        for metric in figures_lib.METRICS:
            mean = figures.mean(method, metric)
            assert ("-" if np.isnan(mean) else f"{mean:.3f}") in found.text
        for metric in ("srocc", "lcc"):
            for kind in ("white_noise", "jpeg"):
                mean = figures.mean(method, metric, kind)
                assert np.isnan(mean) or f"{mean:.3f}" in found.text
    scopes = [cell.get("scope") for cell in found.of("th")]
    assert set(scopes) == {"col", "row"}
    assert len(found.of("table")) == 3
    assert all(box["tabindex"] == "0" for box in found.of("div", role="region"))


def test_asks_for_nothing_outside(write, results, tmp_path):
    found = write(measured(results))
    links = [element["href"] for element in found.of("a")]
    assert links == ["https://www.ponomarenko.info/tid2013.htm"]
    for tag, attributes in found.elements:
        assert tag not in ("script", "link", "iframe", "object", "base", "form")
        assert tag == "a" or "href" not in attributes
        assert attributes.get("src", "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import", text)
    (policy,) = found.of("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none';")


def test_the_same_results_give_the_same_page(write, results, tmp_path):
    write(measured(results))
    first = (tmp_path / "page.html").read_bytes()
    write(measured(results))
    assert (tmp_path / "page.html").read_bytes() == first


def test_names_are_taken_as_text(write, tmp_path):
    split = predictions([tmp_path / "a.png", tmp_path / "b.png"], kinds=(HOSTILE,))
    name = Path(f"{HOSTILE}\udcff.png")  # Nor need it be UTF-8.
    split.photos[0] = ScoredPhoto(name, 9.0, HOSTILE, distortion=HOSTILE)
    found = write(
        measured({HOSTILE: [split]}, dataset=HOSTILE),
        title=HOSTILE,
        command=HOSTILE,
        date=HOSTILE,
        versions={HOSTILE: HOSTILE},
        settings=Settings({HOSTILE: [HOSTILE]}),
        left_out=[HOSTILE],
    )
    assert found.of("script") == []
    # Title and heading; method, data set and distortion in tables and diagrams.
    assert found.text.count(HOSTILE) > 10
    assert found.of("b") == len(found.of("figure")) * [{}]


def test_draws_a_point_for_each_photo_and_the_fitted_curve(write, photos):
    figures = measured({"rankiqa": [predictions(photos)]})
    found = write(figures)
    drawings = found.of("svg", role="img")
    # All photos and two distortions, and the levels of two distortions.
    assert len(drawings) == 5
    assert all(drawing["aria-label"] for drawing in drawings)
    dots = [path["d"].count("h0") for path in found.of("path", **{"class": "dots"})]
    assert dots == [24, 12, 12]
    curves = {path["d"] for path in found.of("path", **{"class": "curve"})}
    assert len(curves) == 1
    # Three levels of two distortions.
    assert len(found.of("path", **{"class": "bars"})) == 6


def test_shows_the_split_of_the_median():
    assert method_section._median_split((0.9, 0.1, 0.5)) == 2
    assert method_section._median_split((0.9, 0.1, 0.5, 0.7)) == 2
    assert method_section._median_split((np.nan, 0.1, np.nan)) == 1
    assert method_section._median_split((np.nan, np.nan)) == 0


def test_one_split_without_distortions_and_levels(write, photos):
    split = predictions(photos, kinds=(None,), levels=(1, 2))
    bare = [
        ScoredPhoto(photo.path, photo.mos, photo.path.name) for photo in split.photos
    ]
    figures = measured({"rankiqa": [OpinionScores(bare, split.scores)]}, "koniq10k")
    found = write(figures)
    assert "LCC 0.947 on KonIQ-10k" in found.text
    assert "held out in split" not in found.text
    assert "means over splits" not in found.text
    assert "Scores by level" not in found.text
    assert len(found.of("svg")) == len(found.of("table")) == 1


def test_figures_that_cannot_be_had(write, photos):
    split = predictions(photos)
    constant = OpinionScores(split.photos, np.full(len(split.photos), 3.0))
    found = write(measured({"rankiqa": [constant]}, "mine"))
    assert "RankIQA: SROCC -, LCC - on mine" in found.text
    assert "No logistic could be fitted" in found.text
    assert "Highest scores" in found.text
    assert "Furthest" not in found.text
    single = OpinionScores(split.photos[:1], split.scores[:1])
    assert "1 photo." in write(measured({"rankiqa": [single]}, "mine")).text


def test_shows_photos_small_and_says_which_are_missing(write, tmp_path):
    split = predictions([tmp_path / "a.png", tmp_path / "b.png"], kinds=("jpeg",))
    colours = {}
    for number, photo in enumerate(split.photos[:3]):
        colours[photo.path] = (40 * number, 200 - 40 * number, 90)
        Image.new("RGB", (301, 199), colours[photo.path]).save(photo.path)
    split.photos[3].path.write_bytes(b"no photo")
    found = write(measured({"rankiqa": [split]}))
    # Six photos in each of four sorts: of each, three can be read.
    images = found.of("img")
    assert len(images) == 4 * 3
    assert found.text.count("not there or cannot be read") == 4 * 3
    for shown in images:
        assert shown["alt"].startswith("jpeg, level ")
        code = shown["src"].removeprefix("data:image/jpeg;base64,")
        with Image.open(io.BytesIO(base64.b64decode(code))) as image:
            assert image.format == "JPEG"
            assert max(image.size) == 176
            name = shown["alt"].partition(": ")[2]
            expected = colours[tmp_path / name]
            np.testing.assert_allclose(image.getpixel((80, 50)), expected, atol=6)


def test_photos_of_the_same_name_are_told_apart_by_their_folders(write, tmp_path):
    photos = [
        ScoredPhoto(tmp_path / f"scene {number}" / "blurred.png", float(number), "r")
        for number in range(6)
    ]
    found = write(measured({"rankiqa": [OpinionScores(photos, np.arange(6.0))]}))
    for number in range(6):
        assert found.words.count(str(Path(f"scene {number}", "blurred.png"))) == 4


def test_photos_that_were_left_out_are_named_with_the_reason(write, results):
    assert "without a score" not in write(measured(results)).text
    found = write(measured(results), left_out=["a.jpg: the model's score of it is nan"])
    assert "No figure below counts 1 photo without a score" in found.text
    assert "a.jpg: the model's score of it is nan" in found.words


def test_a_wide_table_is_split_begins_with_all_and_says_it_scrolls(write, tmp_path):
    kinds = tuple(row.name for row in TID2013.rows)
    split = predictions([tmp_path / "a", tmp_path / "b"], kinds=kinds, levels=(1, 2))
    found = write(measured({"rankiqa": [split]}))
    heads = [name for name in found.words if re.fullmatch(r"ALL|#\d\d", name)]
    numbers = [f"#{number:02}" for number in range(1, 25)]
    assert heads[:50] == 2 * ["ALL", *numbers]  # SROCC, then LCC.
    assert len(found.of("table")) == 1 + 2 * 2
    assert found.text.count("Scroll sideways for more columns") == 5
    for kind in kinds:
        assert kind.replace("_", " ") in found.words


def test_options_are_told_in_words_those_at_their_defaults_apart():
    options = Config(margin=2.5).options() | {"methods": ["a", "b"], "ranked": ""}
    told = settings.of_options(options)
    assert told.chosen == {
        "stage": "rank",
        "network": "shallow",
        "margin": 2.5,
        "methods": ["a", "b"],
    }
    assert told.defaults["MOS scale"] == "standard"
    words = Checked(told.draw()).words
    assert words[words.index("methods") + 1] == "a, b"
    assert words[words.index("rank steps") + 1] == "50,000"
    assert words[words.index("MOS range") + 1] == "none"


def test_picks_the_photos_that_say_most():
    photos = [ScoredPhoto(Path(f"{n}.png"), float(n), str(n)) for n in range(5)]
    split = OpinionScores(photos, np.array([3.0, 1.0, 2.0, 2.0, 9.0]))
    mapped = np.array([0.5, 3.0, 2.1, 2.0, 4.4])
    picks = gallery.pick(split, mapped, count=2)
    names = {sort: [p.photo.path.stem for p in some] for sort, some in picks.items()}
    assert names == {
        "highest": ["4", "0"],
        "lowest": ["1", "2"],
        "furthest": ["1", "3"],
        "closest": ["2", "4"],
    }
    assert picks["furthest"][0] == gallery.Pick(photos[1], 1.0, 3.0)
    assert set(gallery.pick(split, None, count=2)) == {"highest", "lowest"}


def numbers_of(path):
    return [
        tuple(map(float, pair)) for pair in re.findall(r"([-\d.]+) ([-\d.]+)", path)
    ]


def test_points_and_curve_stand_where_the_axes_say():
    drawing = Checked(
        panels.scatter(
            np.array([0.0, 5.0, 10.0]),
            np.array([0.0, 2.0, 4.0]),
            score_range=(0, 10),
            opinion_range=(0, 4),
            curve=(4.0, 0.0, 5.0, 1.0),
            label="<",
        )
    )
    ((left, bottom), middle, (right, top)) = numbers_of(
        drawing.of("path", **{"class": "dots"})[0]["d"]
    )
    assert left < right
    assert top < bottom
    assert middle == pytest.approx(((left + right) / 2, (bottom + top) / 2), abs=0.1)
    curve = numbers_of(drawing.of("path", **{"class": "curve"})[0]["d"])
    places = 10 * (np.array([x for x, _ in curve]) - left) / (right - left)
    heights = 4 * (bottom - np.array([y for _, y in curve])) / (bottom - top)
    expected = metrics.logistic(places, 4.0, 0.0, 5.0, 1.0)
    np.testing.assert_allclose(heights, expected, atol=0.03)
    assert drawing.of("svg")[0]["aria-label"] == "<"


def test_a_row_of_a_histogram_holds_the_scores_of_a_level():
    drawing = Checked(
        panels.level_histograms(
            {2: np.array([0.5, 0.5, 29.5]), 1: np.array([10.5])},
            score_range=(0, 30),
            label="levels",
        )
    )
    first, second = drawing.of("path", **{"class": "bars"})
    assert (first["d"].count("Z"), second["d"].count("Z")) == (1, 2)
    heights = [
        float(foot) - float(top)
        for foot, top in re.findall(r" ([\d.]+)V([\d.]+)H", second["d"])
    ]
    assert heights[0] == pytest.approx(2 * heights[1])
    assert drawing.text.index("1") < drawing.text.index("2")


@pytest.mark.parametrize("values", [[3.0], [0.0, 0.0], [-2.0, 5.0], [1e-9, 2e-9]])
def test_a_range_holds_its_values_and_is_never_empty(values):
    low, high = panels.span(values)
    assert low < min(values)
    assert high > max(values)


def test_a_page_of_three_thousand_photos_is_small(write, tmp_path):
    generator = np.random.default_rng(0)
    texture = generator.integers(0, 256, (120, 160, 3), np.uint8)
    path = tmp_path / "noise.png"  # What compresses worst.
    Image.fromarray(texture).save(path)
    kinds = [f"kind {number}" for number in range(25)]
    photos = [
        ScoredPhoto(path, float(mos), f"{number % 24}", distortion=kinds[number % 25])
        for number, mos in enumerate(generator.uniform(0, 9, 3000))
    ]
    split = OpinionScores(photos, generator.normal(size=3000))
    write(measured({"baseline": [split], "rankiqa": [split], "rankiqa_ft": [split]}))
    assert (tmp_path / "page.html").stat().st_size < 3e6
