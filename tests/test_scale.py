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
