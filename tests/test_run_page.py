"""The page of a training run: its curves, its worst pairs, and what it is made of."""

import base64
import io
import re

import numpy as np
import pytest
from pages import Checked
from PIL import Image

from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import curves
from rankiqa_tf.evaluation import figures as figures_lib
from rankiqa_tf.evaluation import history
from rankiqa_tf.evaluation import run_page
from rankiqa_tf.evaluation import worst_pairs
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.settings import Settings
from rankiqa_tf.evaluation.worst_pairs import Pair

HOSTILE = """<script>alert("'1'")&amp;<b """
FALLING = np.triu(np.ones((3, 3), bool), 1)
NONE = np.zeros((3, 3), bool)


def level_scores(scores, names=("a", "b_c"), better=(FALLING, FALLING)):
    return LevelScores(names, np.array(scores, float), np.stack(better))


def test_the_worst_pairs_are_those_that_are_wrong_by_the_most():
    scores = level_scores(
        [
            # Level 2 above level 0 by 3; of the other kind all is in order.
            [[1, 2, 4], [3, 2, 1]],
            # Level 2 above level 1 by 1; a tie is no order.
            [[9, 2, 3], [5, 5, 1]],
        ]
    )
    expected = [
        Pair(0, "a", 0, 2, (1.0, 4.0)),
        Pair(1, "a", 1, 2, (2.0, 3.0)),
        Pair(1, "b_c", 0, 1, (5.0, 5.0)),
    ]
    assert worst_pairs.find(scores, count=9) == expected
    assert worst_pairs.find(scores, count=2) == expected[:2]
    assert worst_pairs.find(scores, count=9, a_kind=1) == [expected[0], expected[2]]
    assert expected[0].excess == 3


def test_pairs_without_a_known_order_and_scores_that_are_no_numbers_are_no_pairs():
    unordered = level_scores([[[1, 2, 3], [3, 2, 1]]], better=(NONE, FALLING))
    assert worst_pairs.find(unordered, count=9) == []
    nan = level_scores([[[np.nan, 2, 3], [1, np.nan, np.nan]]])
    assert worst_pairs.find(nan, count=9) == [Pair(0, "a", 1, 2, (2.0, 3.0))]


@pytest.mark.parametrize("place", [(0, 0), (31, 52), (10, 20), (31, 0)])
def test_a_crop_is_of_where_pictures_differ_most(place):
    one = np.full((40, 61, 3), 90, np.uint8)
    other = one.copy()
    top, left = place
    other[top : top + 9, left : left + 9] += 50
    crops = worst_pairs.difference_crops([one, other], side=15)
    assert [crop.shape for crop in crops] == 2 * [(15, 15, 3)]
    assert (crops[1] == 140).all(-1).sum() == 81  # All that differs is in it.
    whole = worst_pairs.difference_crops([one, other], side=99)
    np.testing.assert_array_equal(whole, [one, other])


def test_a_history_is_read_up_to_what_is_damaged(tmp_path):
    path = tmp_path / "history" / "rank.jsonl"
    made = history.History(path)
    for step, loss in ((10, 2.0), (20, float("inf")), (30, 1.0)):
        made.add(step, {"loss": loss})
    made.write()
    whole = [(10, 2.0), (30, 1.0)]  # What is no number is in no curve.
    assert history.History(path).curves() == {"loss": whole}
    assert history.History(path, done=20).curves() == {"loss": whole[:1]}
    path.write_text(path.read_text() + '{"step": 40, "lo')
    assert history.History(path).curves() == {"loss": whole}
    assert history.History(tmp_path / "none").curves() == {}


def numbers_of(path):
    return np.array(re.findall(r"([-\d.]+) ([-\d.]+)", path), float)


def test_a_curve_stands_where_its_values_are():
    points = [(10, 4.0), (20, 2.0), (40, 3.0)]
    drawing = Checked(curves.draw(points, last=80, label="<"))
    (line,) = drawing.of("path", **{"class": "line"})
    across, down = numbers_of(line["d"]).T
    np.testing.assert_allclose((across[1] - across[0]) / (across[2] - across[0]), 1 / 3)
    np.testing.assert_allclose(
        (down[1] - down[2]) / (down[1] - down[0]), 1 / 2, atol=0.01
    )
    assert down[0] < down[1]
    assert drawing.of("svg")[0]["aria-label"] == "<"
    assert Checked(curves.draw([(5, 1.0)], last=5, label="")).of(
        "path", **{"class": "dots"}
    )


def test_a_long_curve_is_drawn_by_means_of_neighbours():
    values = np.random.default_rng(0).normal(3, 1, 5000)
    drawing = curves.draw(list(enumerate(values, 1)), last=5000, label="loss")
    assert len(drawing) < 6000
    (line,) = Checked(drawing).of("path", **{"class": "line"})
    assert len(numbers_of(line["d"])) == 160


@pytest.fixture(scope="module")
def order():
    """Two photos of noise under two kinds: what compresses worst."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 310, 3), np.uint8)
    scores = level_scores([[[1, 2, 4], [3, 2, 1]], [[9, 2, 3], [5, 5, 1]]])
    return run_page.Order(
        HOSTILE,
        scores,
        [f"folder/{HOSTILE}", "two.png"],
        lambda wanted: [np.roll(noise, level, axis=1) for _, _, level in wanted],
    )


@pytest.fixture
def write(tmp_path):
    def write_and_read(**options):
        arguments = {
            "stages": {"rank": 20},
            "order": [],
            "opinions": None,
            "scale": None,
            "figures": {"seconds": 3.0},
            "settings": Settings({"network": HOSTILE}),
            "command": HOSTILE,
            "versions": {HOSTILE: HOSTILE},
            "date": "2026-01-02",
        }
        run_page.write(tmp_path, **(arguments | options))
        return Checked((tmp_path / "report.html").read_text(encoding="utf-8"))

    return write_and_read


def test_names_are_taken_as_text_and_nothing_is_asked_for_outside(write, order):
    found = write(order=[order, order])
    assert found.of("script") == []
    assert found.text.count(HOSTILE.rpartition("/")[2]) >= 5
    assert found.of("a") == []  # There is no file yet.
    assert all(each["src"].startswith("data:") for each in found.of("img"))


def test_each_worst_pair_is_shown_side_by_side_with_its_levels_and_scores(write, order):
    found = write(order=[order])
    assert [each["alt"] for each in found.of("img")] == [
        "a, the photo itself, score 1",
        "a, level 2, score 4",
        "a, level 1, score 2",
        "a, level 2, score 3",
        "b c, the photo itself, score 5",
        "b c, level 1, score 5",
    ]
    assert "two.png, wrong by 1" in found.words
    code = found.of("img")[0]["src"].removeprefix("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(code))) as image:
        assert image.size == (224, 224)
    # Of each kind three levels.
    assert len(found.of("path", **{"class": "bars"})) == 6


def test_a_model_that_keeps_every_order_has_no_worst_pairs(write, order):
    kept = level_scores([[[3, 2, 1], [3, 2, 1]]])
    found = write(order=[run_page.Order("ranked", kept, ["a"], order.pictures)])
    assert "Every pair is in the right order." in found.words
    assert found.of("img") == []


def test_a_stage_without_steps_says_so_and_one_with_steps_has_curves(write, tmp_path):
    assert "No steps were taken" in write(stages={"rank": 0}).text
    made = history.History(history.path_of(tmp_path, "rank"))
    made.add(10, {"loss": 2.0, "l2_penalty": 0.0})
    made.write()
    found = write()
    assert "No evaluation fell between the steps" in found.text
    assert [each["aria-label"] for each in found.of("svg")] == [
        "loss by step: 2 at step 10"
    ]
    made.add(20, {"held_out/pair_accuracy": 0.75, "held_out/pair_accuracy/a_b": 0.5})
    made.write()
    found = write()
    assert "No evaluation" not in found.text
    assert "a b 0.5 at step 20" in found.words_of("details")


def test_of_an_opinion_table_it_is_not_said_that_people_agree(write, photos):
    scored = [ScoredPhoto(p, float(n), p.name) for n, p in enumerate(photos)]
    scores = OpinionScores(scored, np.arange(len(scored)) * 2.0)
    for dataset, judges in {
        "mine": "people",
        "opinion_table": "the means that",
    }.items():
        found = write(
            opinions=figures_lib.measure(
                {"ranked": [scores]}, dataset=dataset, draws=2
            ),
            scale=(0.0, 9.0),
        )
        assert f"Agreement with {judges}" in found.text
        assert "SROCC 1.000" in found.text
        assert ("people" in found.text) == (dataset == "mine")


def test_a_page_of_many_kinds_and_photos_is_small(write, order, tmp_path):
    generator = np.random.default_rng(0)
    names = tuple(f"kind {number}" for number in range(28))
    scores = level_scores(generator.normal(size=(100, 28, 3)), names, 28 * [FALLING])
    photos = [f"{number}.png" for number in range(100)]
    many = [run_page.Order(t, scores, photos, order.pictures) for t in ("one", "two")]
    made = history.History(history.path_of(tmp_path, "rank"))
    for step in range(10, 50_001, 10):
        made.add(step, {"loss": generator.normal()})
    for step in range(500, 50_001, 500):
        made.add(step, {f"held_out/pair_accuracy/{name}": 0.5 for name in names})
    made.write()
    write(order=many, stages={"rank": 50_000})
    assert (tmp_path / "report.html").stat().st_size < 3e6
