"""The order of rows, and which of them are written."""

import itertools

import pytest

from rankiqa_tf.scores import arrangement
from rankiqa_tf.scores.rows import Row


def row(path, score):
    return Row(path, score, None, "" if score is not None else "broken", "")


ROWS = [row("a", 3.0), row("b", None), row("d", 1.0), row("c", 1.0), row("e", 2.0)]


@pytest.mark.parametrize(
    ("order", "worst", "expected"),
    [
        ("as_found", None, "abdce"),
        ("worst_first", None, "cdeab"),
        ("best_first", None, "aedcb"),
        ("as_found", 2, "cdb"),
        ("worst_first", 3, "cdeb"),
        ("best_first", 3, "edcb"),
        ("as_found", 100, "cdeab"),
    ],
)
def test_rows_are_sorted_and_those_without_a_score_come_last(order, worst, expected):
    assert "".join(r.path for r in arrangement.arrange(ROWS, order, worst)) == expected
    assert arrangement.needs_all(order, worst) == (expected != "abdce")


def test_rows_as_they_are_found_are_given_one_by_one():
    endless = (row(str(number), float(number)) for number in itertools.count())
    first = next(arrangement.arrange(endless, "as_found", None))
    assert first.path == "0"
