"""Percentiles from the score program's CSV."""

import numpy as np
import pytest

from export import percentiles

HEAD = "path,score,error,warning\n"


def csv_of(tmp_path, lines):
    path = tmp_path / "scores.csv"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


def test_they_are_the_scores_that_hundredths_of_the_photos_stay_below(tmp_path):
    # 0, 2, 4, ... 400 in disorder: the quantile of p % is 4 p.
    scores = np.random.default_rng(0).permutation(201) * 2
    lines = [f'"a, {score}.jpg",{score},,' for score in scores]
    lines.insert(7, "broken.jpg,,cannot be read,")
    found = percentiles.read(csv_of(tmp_path, lines))
    assert found == pytest.approx([4.0 * percent for percent in range(101)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column score, but nothing: give what python -m rankiqa_tf.score"),
        ("path,mos\na.jpg,3\n", "has no column score, but path, mos"),
        (HEAD, "has scores of 0 photos: percentiles need 100 or more"),
        (HEAD + "a.jpg,,cannot be read,\n", "has scores of 0 photos"),
        (HEAD + 99 * "a.jpg,1,,\n", "has scores of 99 photos"),
        (HEAD + "a.jpg,1,,\nb.jpg,good,,\n", "score of row 3 is 'good', not a number"),
        (HEAD + "a.jpg,nan,,\n", "score of row 2 is 'nan', not a number"),
    ],
)
def test_a_file_without_enough_scores_is_refused(tmp_path, text, message):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        percentiles.read(path)
