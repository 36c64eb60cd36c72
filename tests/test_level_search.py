"""The search for levels with a given PSNR."""

import numpy as np
import pytest
from preset_psnr import photo_parts

from benchmarks import level_search
from benchmarks.level_search import TARGETS
from benchmarks.sharp_photos import psnr
from distortions.presets.tid2013 import TID2013


@pytest.mark.parametrize(
    ("name", "level"), [("masked_noise", 3), ("noisy_compression", 5)]
)
def test_the_level_that_is_found_has_the_psnr_that_was_asked_for(name, level):
    row = TID2013.row(name)
    photos = [part[:181, :233] for part in photo_parts()]
    value = level_search.bisected(row, level, TARGETS[level - 1], photos)
    parameter, low, high = level_search.SEARCHED[name]
    assert low < value < high
    arguments = row.arguments(level) | {parameter: value}
    found = [
        psnr(row.function(photo, **arguments, seed=(1, 2)).numpy(), photo)
        for photo in photos
    ]
    # Its own seeds, and to a hundredth of the parameter.
    assert np.mean(found) == pytest.approx(TARGETS[level - 1], abs=0.15)


def test_all_kinds_without_known_parameters_are_searched():
    bisected = {row.name for row in TID2013.rows if "bisect_levels" in row.source}
    assert bisected == level_search.SEARCHED.keys()
