"""Full-reference measures against an independent implementation, and their quality."""

import csv
from pathlib import Path

import measured_pairs
import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf import measures
from rankiqa_tf.measures import MEASURES

with (Path(__file__).parent / "golden" / "measures.csv").open(newline="") as _file:
    GOLDEN = list(csv.DictReader(_file))


def floats(*images):
    return [tf.constant(image[np.newaxis] / 255, tf.float32) for image in images]


@pytest.mark.parametrize(
    "row", GOLDEN, ids=lambda row: "-".join(list(row.values())[:4])
)
def test_values_are_those_of_piq(row):
    pair = measured_pairs.pair(row["kind"], int(row["height"]), int(row["width"]))
    found = MEASURES[row["measure"]].measure(*floats(*pair))
    # MDSI's fourth roots make the most of how float32 is rounded.
    np.testing.assert_allclose(found, [float(row["value"])], rtol=2e-3)


@pytest.mark.parametrize("name", MEASURES)
def test_an_image_equal_to_its_reference_has_the_best_quality(name):
    distorted, pristine = floats(*measured_pairs.pair("noise", 181, 203))
    measure = MEASURES[name]
    best = measure.quality(measure.measure(pristine, pristine))
    np.testing.assert_allclose(best, [0], atol=1e-4)
    assert measure.quality(measure.measure(distorted, pristine)) < best


@pytest.mark.parametrize("name", MEASURES)
def test_each_image_of_a_batch_is_measured_alone_also_in_a_graph(name):
    pairs = [measured_pairs.pair(kind, 181, 203) for kind in measured_pairs.KINDS]
    measure = MEASURES[name].measure
    alone = [measure(*floats(*pair)).numpy()[0] for pair in pairs]
    batch = [
        tf.concat(each, 0) for each in zip(*(floats(*p) for p in pairs), strict=True)
    ]
    np.testing.assert_allclose(tf.function(measure)(*batch), alone, rtol=2e-5)


@pytest.mark.parametrize("name", MEASURES)
def test_the_smallest_image_that_a_measure_names_can_be_measured(name):
    side = MEASURES[name].smallest
    found = MEASURES[name].measure(*floats(*measured_pairs.pair("noise", side, side)))
    assert np.isfinite(found).all()


def test_large_images_are_averaged_down_for_mdsi():
    """Dots of one pixel, of a mean that changes nothing, are gone at half the size."""
    y, x = np.mgrid[:400, :402]
    checked = np.where((x + y) % 2, 90, 110)[..., np.newaxis].repeat(3, -1)
    even = np.full_like(checked, 100)
    assert measures.mdsi(*floats(checked, even)) < 1e-3
    small = floats(checked[:200, :201], even[:200, :201])
    assert measures.mdsi(*small) > 0.1
