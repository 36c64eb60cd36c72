"""What TensorBoard is told: groups, histograms, pictures and options."""

import numpy as np
import pytest
import tensorflow as tf
from event_files import values_of

from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.training import records
from rankiqa_tf.training.records import Records

FALLING = np.triu(np.ones((3, 3), bool), 1)
# Of the second photo, level 2 of kind b_c scores above level 1, by 8.
SCORES = LevelScores(
    ("a", "b_c"),
    np.array([[[3, 2, 1], [3, 2, 1]], [[9, 5, 1], [5, 1, 9]]], float),
    np.stack([FALLING, FALLING]),
)


def picture(photo, kind, level):
    return np.full((40, 130, 3), 100 * level + 10 * photo, np.uint8)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a stage of three steps, evaluated after the second, has shown."""
    folder = tmp_path_factory.mktemp("records")
    with records.writing(folder, "rank", step=0):
        records.show_options({"network": "shallow", "photos": "", "xla": False})
    made = Records(folder, "rank", done=0)
    with made.opened():
        made.trained(2, {"loss": 0.25}, rate=7.0)
        with made.evaluating(2):
            records.show_levels(SCORES, group="held_out")
            records.show_worst_pairs(SCORES, picture)
        made.evaluated(2, SCORES.summary("held_out"))
    assert tf.summary.experimental.get_step() is None
    with records.writing(folder, "rank", step=3):
        records.show_end({"srocc": 0.5}, SCORES)
    return values_of(folder / "tensorboard" / "rank")


def test_groups_are_few_and_named_alike(shown):
    assert {tag.partition("/")[0] for tag in shown} == {
        "options",
        "training",
        "held_out",
        "pair_accuracy_by_kind",
        "srocc_by_kind",
        "photo_above_versions_by_kind",
        "scores_by_level",
        "worst_pairs",
        "at_the_end",
        "photo_above_versions_by_kind_at_the_end",
        "scores_by_level_at_the_end",
    }
    assert shown["training/loss"] == {2: 0.25}
    assert shown["training/images_per_second"] == {2: 7.0}
    assert shown["at_the_end/srocc"] == {3: 0.5}


def test_order_kept_is_told_for_each_kind(shown):
    # Of the three pairs of each photo one is wrong in the second under b_c: 9 > 5, and
    # 9 > 1.
    assert shown["pair_accuracy_by_kind/a"][2] == 1
    assert shown["pair_accuracy_by_kind/b_c"][2] == pytest.approx((3 + 1) / 6)
    assert shown["held_out/pair_accuracy"][2] == pytest.approx((1 + 4 / 6) / 2)
    assert shown["photo_above_versions_by_kind/b_c"][2] == pytest.approx(3 / 4)
    assert shown["held_out/order_kept_levels"][2] == pytest.approx(3 / 4)


def test_there_is_a_histogram_of_each_level_of_each_kind(shown):
    histogram = shown["scores_by_level/b_c, level 2"][2]
    assert (histogram[0, 0], histogram[-1, 1]) == (1, 9)  # Least and greatest score.
    assert histogram[:, 2].sum() == 2
    tags = [tag for tag in shown if tag.startswith("scores_by_level/")]
    assert len(tags) == 2 * 3


def test_worst_pairs_are_pictures_side_by_side(shown):
    assert [tag for tag in shown if tag.startswith("worst_pairs")] == ["worst_pairs/1"]
    width, height, png = shown["worst_pairs/1"][2]
    image = tf.io.decode_png(png).numpy()
    assert image.shape == (int(height), int(width), 3)
    # Of photo 1 level 1 on the left, level 2 on the right.
    assert (image[:40, :130] == 110).all()
    assert (image[:40, -130:] == 210).all()
    assert (image[40:] < 128).any()  # Words below them.


def test_options_are_a_table(shown):
    (text,) = shown["options"][0].ravel()
    assert text.decode() == (
        "| option | value |\n| --- | --- |\n"
        "| network | shallow |\n| photos | none |\n| xla | no |"
    )


def test_without_a_writer_nothing_is_shown():
    records.show_levels(SCORES, group="held_out")
    records.show_worst_pairs(SCORES, picture)
