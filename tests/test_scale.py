"""What scores mean, in words."""

import dataclasses

import pytest

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import scale

RANKED = Metadata(
    network="shallow",
    crop_size=227,
    levels="last",
    score_range=None,
    trained_on="photos",
    stages=("rank",),
)
TUNED = dataclasses.replace(RANKED, score_range=(0.25, 0.75))
SCALED = dataclasses.replace(TUNED, scale=(0.0, 1.0), scale_of="opinions of us")


def test_the_scale_is_told_rather_than_the_range_of_the_training_photos():
    assert scale.of_model(SCALED) == scale.Scale(0, 1, "opinions of us")
    assert scale.in_words(SCALED) == "on a scale from 0 to 1, opinions of us"


def test_a_range_of_training_photos_is_said_to_be_one():
    found = scale.of_model(TUNED)
    assert (found.low, found.high) == (0.25, 0.75)
    assert found.of == "the opinion scores that it was trained on"
    assert scale.in_words(TUNED) == "trained on scores from 0.25 to 0.75"


def test_an_order_has_no_scale():
    assert scale.of_model(RANKED) == scale.Scale(None, None, "an order without a scale")
    assert "by ranking only" in scale.in_words(RANKED)


def test_a_threshold_off_the_scale_is_refused_where_there_is_one():
    for metadata in (RANKED, TUNED):
        scale.check_threshold(50, metadata)
    for fine in (0, 0.5, 1):
        scale.check_threshold(fine, SCALED)
    for wrong in (50, -0.1):
        with pytest.raises(ValueError, match=rf"0 to 1, not {wrong}$"):
            scale.check_threshold(wrong, SCALED)


@pytest.mark.parametrize(
    ("metadata", "opinions", "of", "expected"),
    [
        (SCALED, (0.1, 0.9), (0.0, 1.0), True),
        (SCALED, (1.0, 4.9), (1.0, 5.0), False),
        (TUNED, (0.1, 0.8), (0.0, 1.0), True),
        # Scores of one's own, whose scale nobody told.
        (SCALED, (0.1, 0.9), None, True),
        (TUNED, (1.0, 5.0), None, False),
        (TUNED, (-80.0, 0.0), None, False),
        (dataclasses.replace(TUNED, score_range=(1.0, 9.0)), (2.0, 3.0), None, False),
        (RANKED, (0.1, 0.9), None, False),
        (RANKED, (0.1, 0.9), (0.0, 1.0), False),
        # Ranked by the opinions that TID2013 published of its distortions.
        (dataclasses.replace(RANKED, scale=(0.0, 9.0)), (0.5, 7.0), (0.0, 9.0), True),
        (dataclasses.replace(RANKED, scale=(0.0, 9.0)), (0.5, 7.0), None, False),
    ],
)
def test_scores_share_a_scale_with_opinions(metadata, opinions, of, expected):
    assert scale.is_shared(metadata, opinions, of=of) is expected
