"""Predictions on a split, written and read again."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import predictions
from rankiqa_tf.evaluation.opinion_check import OpinionScores


@pytest.fixture
def scores(tmp_path):
    """Four predictions; there is no file of any of the photos."""
    photos = [
        ScoredPhoto(tmp_path / "a.png", 0.1 + 0.2, "lake", 60.25, "white_noise", 3),
        ScoredPhoto(tmp_path / "b.png", 1 / 3, "lake", level=0),
        ScoredPhoto(tmp_path / 'é, "x"\n.png', -1e-17, "a, b"),
        ScoredPhoto(tmp_path / "<script>.png", 5.0, "c", distortion="a|b"),
    ]
    return OpinionScores(photos, np.array([0.1 + 0.7, -1 / 7, 1e300, 5e-324]))


def test_what_is_written_is_read_back_bit_for_bit(tmp_path, scores):
    predictions.write(tmp_path / "split1.csv", scores)
    found = predictions.read(tmp_path / "split1.csv")
    assert found.photos == scores.photos
    assert found.scores.dtype == np.float64
    assert found.scores.tobytes() == scores.scores.tobytes()


def test_scores_of_a_network_keep_their_value(tmp_path, scores):
    single = np.array([0.1, 1 / 3, -2.7, 1e-8], np.float32)
    predictions.write(tmp_path / "a.csv", dataclasses.replace(scores, scores=single))
    found = predictions.read(tmp_path / "a.csv").scores
    assert found.tobytes() == single.astype(np.float64).tobytes()


def test_the_file_is_one_of_human_scores_with_a_column_more(tmp_path, scores):
    predictions.write(tmp_path / "a.csv", scores)
    assert scores_csv.read(tmp_path / "a.csv", missing_ok=True) == scores.photos
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        header, first, *_ = csv.reader(file)
    assert ",".join(header) == "image,mos,reference,dmos,distortion,level,score"
    assert first[1:] == [
        "0.30000000000000004",
        "lake",
        "60.25",
        "white_noise",
        "3",
        "0.7999999999999999",
    ]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_not_written(tmp_path, scores, wrong):
    scores.scores[1] = wrong
    with pytest.raises(ValueError, match=r"score of .*b\.png must be a finite number"):
        predictions.write(tmp_path / "a.csv", scores)
    assert list(tmp_path.iterdir()) == []


def test_a_single_photo_is_not_written(tmp_path, scores):
    single = OpinionScores(scores.photos[:1], scores.scores[:1])
    with pytest.raises(ValueError, match="2 or more photos, not 1"):
        predictions.write(tmp_path / "a.csv", single)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_written_escaped(tmp_path, scores):
    # A name that is not UTF-8, as Python gives it on Linux.
    name = scores.photos[3].path.with_name("\udcff.png")
    scores.photos[3] = dataclasses.replace(scores.photos[3], path=name)
    predictions.write(tmp_path / "a.csv", scores)
    found = predictions.read(tmp_path / "a.csv")
    assert found.photos[3].path.name == "\\udcff.png"
    np.testing.assert_array_equal(found.scores, scores.scores)


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path, scores, monkeypatch):
    def full(path, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        predictions.write(tmp_path / "a.csv", scores)
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,mos\na,1\nb,2\n", "needs the column score; its first line is 'image"),
        ("image,score\na,1\nb,2\n", r"needs the columns image,mos"),
        ("image,mos,score\na,1,1\nb,2,\n", "line 3: score must be a number, not ''"),
        ("image,mos,score\na,1,1\nb,2\n", "line 3: score must be a number, not None"),
        ("image,mos,score\na,1,nan\nb,2,2\n", "line 2: score must .*, not 'nan'"),
        ("image,mos,score\na,x,1\nb,2,2\n", "line 2: mos must be a number"),
        ("image,mos,score\na,1,1\n", "has 1 photos; at least 2"),
        ("\x00\x01", "needs the columns|is not a UTF-8 CSV"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        predictions.read(tmp_path / "a.csv")


def test_says_that_there_is_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"there is no CSV file .*a\.csv"):
        predictions.read(tmp_path / "a.csv")
