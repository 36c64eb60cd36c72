"""The figures of scores by level."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from rankiqa_tf.evaluation import histograms
from rankiqa_tf.evaluation.ranking_check import LevelScores

SCORES = np.random.default_rng(0).normal(50, 20, (7, 2, 6))
FALLING = np.stack(2 * [np.triu(np.ones((6, 6), bool), 1)])
RESULT = LevelScores(("white_noise", "jpeg"), SCORES, FALLING)


@pytest.fixture
def figures(monkeypatch):
    """The figures that were made."""
    made = []

    class Recorded(Figure):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            made.append(self)

    monkeypatch.setattr(histograms, "Figure", Recorded)
    return made


def test_draws_a_png_for_each_distortion(tmp_path):
    paths = histograms.draw(RESULT, tmp_path / "made" / "figures")
    assert [path.name for path in paths] == [
        "scores_white_noise.png",
        "scores_jpeg.png",
    ]
    for path in paths:
        assert path.parent == tmp_path / "made" / "figures"
        with Image.open(path) as image:
            image.load()
            assert image.format == "PNG"
            assert image.size == (840, 480)
            assert image.convert("L").getextrema()[0] < 128


def test_every_score_falls_into_a_bin_and_bins_are_the_same_for_all(tmp_path, figures):
    histograms.draw(RESULT, tmp_path)
    bins = set()
    for figure, scores in zip(figures, SCORES.swapaxes(0, 1), strict=True):
        (axes,) = figure.axes
        assert len(axes.containers) == 6
        for bars, of_level in zip(axes.containers, scores.T, strict=True):
            assert sum(bar.get_height() for bar in bars) == len(of_level)
            edges = [bar.get_x() for bar in bars]
            bins.add((len(edges), min(edges), max(edges)))
    assert len(bins) == 1
    assert bins.pop()[1] == SCORES.min()


def test_says_what_is_drawn(tmp_path, figures):
    histograms.draw(RESULT, tmp_path)
    (axes,) = figures[0].axes
    assert axes.get_title() == "white noise: scores of 7 held-out photos"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["pristine", *(f"level {level}" for level in range(1, 6))]


def test_draws_a_model_that_gives_every_photo_the_same_score(tmp_path):
    result = LevelScores(("jpeg",), np.full((3, 1, 2), 4.0), FALLING[:1, :2, :2])
    assert all(path.is_file() for path in histograms.draw(result, tmp_path))
