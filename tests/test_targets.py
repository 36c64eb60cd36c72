"""The scale that opinion scores are learned on."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.stages.targets import Targets

PHOTOS = [ScoredPhoto(Path(f"{n}.png"), mos, "a") for n, mos in enumerate((20, 50, 80))]


def test_targets_have_mean_0_and_deviation_1_by_hand():
    targets = Targets.of(PHOTOS, standardise=True)
    assert (targets.mean, targets.deviation) == (50, pytest.approx(600**0.5))
    found = [targets.of_mos(photo.mos) for photo in PHOTOS]
    np.testing.assert_allclose(found, [-(1.5**0.5), 0, 1.5**0.5])


def test_targets_lead_back_to_mos():
    targets = Targets.of(PHOTOS, standardise=True)
    mos = tf.constant([-3.0, 50.0, 71.5])
    np.testing.assert_allclose(targets.to_mos(targets.of_mos(mos)), mos, rtol=1e-6)
    assert targets.to_mos(targets.of_mos(33.0)) == pytest.approx(33)


def test_scores_may_be_taken_as_they_are():
    targets = Targets.of(PHOTOS, standardise=False)
    assert targets.of_mos(20.0) == targets.to_mos(20.0) == 20
