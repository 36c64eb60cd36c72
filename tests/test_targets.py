"""The scale on which opinion scores are learned."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.training.stages import targets

SCALES = ["raw", "standard", "half_ranks"]


def photos_of(mos):
    return [ScoredPhoto(Path(f"{n}.png"), float(m), "a") for n, m in enumerate(mos)]


def targets_of(mos, scale):
    photos = photos_of(mos)
    learned = targets.with_targets(photos, targets.curve_of(photos, scale))
    return np.array([photo.mos for photo in learned])


def crowded(count):
    """MOS of which many lie close together at the upper end."""
    return 100 - np.random.default_rng(0).lognormal(3, 0.6, count)


def test_standard_targets_have_mean_0_and_deviation_1_by_hand():
    found = targets_of((20, 50, 80), "standard")
    np.testing.assert_allclose(found, [-(1.5**0.5), 0, 1.5**0.5])


def test_raw_targets_are_mos():
    np.testing.assert_allclose(targets_of((20, 50, 81), "raw"), [20, 50, 81])


def test_targets_of_half_ranks_by_hand():
    # MOS have mean 3 and variance 9; ranks, 0.5, 2 (twice) and 3.5, have mean 2 and
    # variance 1.125.
    mos, ranks = np.array([0, 2, 2, 8]), np.array([0.5, 2, 2, 3.5])
    assert (np.var(mos), np.var(ranks)) == (9, 1.125)
    both = (mos - 3) / 3 + (ranks - 2) / 1.125**0.5
    expected = both / np.std(both)
    np.testing.assert_allclose(targets_of(mos, "half_ranks"), expected)


def test_half_ranks_lie_half_the_way_from_standard_targets_to_ranks():
    mos = crowded(500)
    ranks = scipy.stats.zscore(scipy.stats.rankdata(mos))
    expected = scipy.stats.zscore(scipy.stats.zscore(mos) + ranks)
    found = targets_of(mos, "half_ranks")
    # Corners are joined by straight lines; those at the ends are the longest.
    np.testing.assert_allclose(found, expected, atol=0.07)
    assert np.mean(np.abs(found - expected)) < 0.01


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mos", [(3, 4), (1, 1, 1, 1, 2), crowded(61), range(200)])
def test_targets_keep_the_order_and_lead_back_to_mos(mos, scale):
    photos = photos_of(mos)
    curve = targets.curve_of(photos, scale)
    assert (curve.slopes() > 0).all()
    learned = np.array([p.mos for p in targets.with_targets(photos, curve)])
    np.testing.assert_allclose(curve(learned), np.array(mos, float), rtol=1e-9)
    if scale != "raw":
        assert learned.mean() == pytest.approx(0, abs=1e-9)
        assert learned.std() == pytest.approx(1)


def test_half_ranks_take_no_notice_of_the_unit_of_mos():
    mos = crowded(61)
    np.testing.assert_allclose(
        targets_of(mos, "half_ranks"), targets_of(mos / 100 + 1, "half_ranks")
    )


def test_with_targets_changes_nothing_else():
    photos = photos_of((20, 50, 80))
    learned = targets.with_targets(photos, targets.curve_of(photos, "standard"))
    assert [photo.path for photo in learned] == [photo.path for photo in photos]
    assert [photo.mos for photo in photos] == [20, 50, 80]
