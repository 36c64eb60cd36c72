"""The rows of photos, and their counts."""

import itertools
from pathlib import Path

from distortions.photo_header import PhotoError
from rankiqa_tf.scores import rows
from rankiqa_tf.scores.rows import Row

PERCENTILES = tuple(map(float, range(101)))


def two_ahead(photos, *, warn):
    """Scores a photo by its name, when two more were taken."""
    waiting = []
    for photo in itertools.chain(photos, (None, None)):
        waiting.append(photo)
        if len(waiting) < 3:
            continue
        first = waiting.pop(0)
        if first.name == "broken":
            yield PhotoError(f"{first}: no photo")
            continue
        if first.name == "7":
            warn(first, "grey")
            warn(first, "grey")
            warn(first, "small")
        yield float(first.name)


def score_all(*names, known=lambda path: None):
    photos = (Path("in", name) for name in names)
    return list(rows.score_all(two_ahead, photos, PERCENTILES, known=known))


def test_each_score_and_doubt_is_that_of_its_photo():
    assert score_all("30", "broken", "7", "8.5") == [
        (Row("in/30", 30.0, 30, "", ""), True),
        (Row("in/broken", None, None, "no photo", ""), True),
        (Row("in/7", 7.0, 7, "", "grey; small"), True),
        (Row("in/8.5", 8.5, 8, "", ""), True),
    ]


def test_photos_that_are_known_are_not_scored_and_told_meanwhile():
    def known(path):
        return Row(str(path), 1.0, 1, "", "") if path.name == "none" else None

    found = score_all("none", "1", "none", "2", "3", "none", known=known)
    assert sorted(row.path for row, _ in found) == sorted(
        ["in/none", "in/1", "in/none", "in/2", "in/3", "in/none"]
    )
    assert [row.path for row, is_new in found if is_new] == ["in/1", "in/2", "in/3"]
    # Not all at the end: a line of progress counts them off.
    assert [is_new for _, is_new in found][:3] == [False, False, True]
    assert [is_new for _, is_new in score_all(*2 * ["none"], known=known)] == 2 * [
        False
    ]


def test_rows_are_counted_by_what_became_of_their_photos():
    tally = rows.Tally(min_score=5.0)
    for row, is_new in [
        (Row("a", 5.0, None, "", ""), True),
        (Row("b", 4.9, None, "", "grey"), True),
        (Row("c", None, None, "broken", "grey"), True),
        (Row("d", 9.0, None, "", ""), False),
    ]:
        tally.add(row, is_new=is_new)
    assert tally == rows.Tally(
        min_score=5.0, photos=4, kept=1, failed=1, doubtful=1, below=1
    )
    tally = rows.Tally()
    tally.add(Row("a", -9.0, None, "", ""), is_new=True)
    assert tally.below == 0
