"""Scores of photos against what people said of them."""

import dataclasses

import numpy as np
import pytest

from rankiqa_tf.data.decode import PhotoError
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import opinion_check


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Seven photos with the scores 1 to 7; nobody reads them."""
    folder = tmp_path_factory.mktemp("scored")
    return [ScoredPhoto(folder / f"{n}.png", float(n), f"{n}") for n in range(1, 8)]


def test_photos_are_scored_by_their_paths_in_their_order(photos):
    asked = []

    def score_many(paths):
        for path in paths:
            asked.append(path)
            yield float(path.stem) ** 2

    result = opinion_check.check(score_many, photos)
    assert asked == [photo.path for photo in photos]
    assert result.photos == photos
    np.testing.assert_array_equal(result.scores, [1, 4, 9, 16, 25, 36, 49])


def test_a_photo_that_cannot_be_read_stops_the_check(photos):
    scores = [1.0, PhotoError("2.png: broken"), 3.0]
    with pytest.raises(PhotoError, match=r"2\.png: broken"):
        opinion_check.check(lambda _: scores, photos[:3])


def test_scores_that_are_opinions_agree_with_them_in_every_figure(photos):
    result = opinion_check.OpinionScores(photos, np.arange(1.0, 8))
    figures = result.summary("test")
    assert list(figures) == ["test/srocc", "test/lcc", "test/krocc", "test/rmse"]
    np.testing.assert_allclose(list(figures.values()), [1, 1, 1, 0], atol=1e-12)


def test_opinion_figures_by_hand(photos):
    # Scores 1, 3, 2 of opinions 1, 2, 3: ranks differ by 0, 1, 1.
    figures = opinion_check.OpinionScores(
        photos[:3], np.array([1.0, 3.0, 2.0])
    ).summary("held_out")
    np.testing.assert_allclose(figures["held_out/srocc"], 1 - 6 * 2 / (3 * 8))
    np.testing.assert_allclose(figures["held_out/krocc"], 1 / 3)
    np.testing.assert_allclose(figures["held_out/rmse"], (2 / 3) ** 0.5)


def test_means_are_of_the_photos_of_a_kind_and_level(photos):
    kinds = [("blur", 1), ("blur", 2), ("blur", 1), ("noise", 1), (None, None)]
    some = [
        dataclasses.replace(photo, distortion=kind, level=level)
        for photo, (kind, level) in zip(photos, kinds, strict=False)
    ]
    scores = np.array([10.0, 7.0, 30.0, 8.0, 99.0])
    result = opinion_check.OpinionScores(some, scores)  # Of MOS 1, 2, 3, 4, 5.
    np.testing.assert_allclose(result.means(), [[20, 2], [7, 2], [8, 4]])
    figures = result.summary("test")
    assert list(figures)[-2:] == ["test/means/srocc", "test/means/lcc"]
    # Ranks 3, 1, 2 against 1.5, 1.5, 3: their covariance is 0.
    np.testing.assert_allclose(figures["test/means/srocc"], 0, atol=1e-12)
    # Deviations 25, -14, -11 (of 3) and -2, -2, 4 (of 3): -50 + 28 - 44 = -66.
    lcc = -66 / ((625 + 196 + 121) * (4 + 4 + 16)) ** 0.5
    np.testing.assert_allclose(figures["test/means/lcc"], lcc)
