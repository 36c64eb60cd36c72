"""The presets: their tables as published, the order of levels, and what they make."""

import csv
import dataclasses
import inspect
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from preset_psnr import levels_of
from preset_tables import MOS
from preset_tables import TABLES

import distortions
from distortions import released_code
from distortions.camera import codecs

PRESETS = distortions.PRESETS
ROWS = [(preset, row) for preset in PRESETS.values() for row in preset.rows]

EVERY_PRESET = pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)


# The tables.


def order_of(policy, levels):
    """The pairs (better, worse) that a policy stands for."""
    row = dataclasses.replace(
        PRESETS["live"].rows[0], parameters=(1.0,) * levels, policy=policy
    )
    return row.better().tolist()


@EVERY_PRESET
def test_a_preset_has_the_published_kinds_and_levels(preset):
    table = TABLES[preset.name]
    assert [row.name for row in preset.rows] == list(table)
    for row in preset.rows:
        (number, function, policy), parameters = table[row.name]
        module = row.function.__module__.removeprefix("distortions.")
        assert f"{module}.{row.function.__name__}" == function, row.name
        assert row.number == number, row.name
        assert row.better().tolist() == order_of(policy, len(parameters)), row.name
        np.testing.assert_allclose(
            row.parameters, parameters, rtol=1e-5, err_msg=row.name
        )


def test_every_preset_has_a_table_here():
    assert TABLES.keys() == PRESETS.keys()


@EVERY_PRESET
def test_a_preset_has_unique_names_and_as_many_levels_in_each_row(preset):
    assert preset.source
    assert len({row.name for row in preset.rows}) == len(preset.rows)
    assert {len(row.parameters) for row in preset.rows} == {preset.num_levels}
    assert PRESETS[preset.name] is preset
    assert all(preset.row(row.name) is row for row in preset.rows)


def test_rows_have_as_many_parameters_as_their_function_takes():
    wrong = []
    for preset, row in ROWS:
        names = [n for n in inspect.signature(row.function).parameters if n != "seed"]
        counts = {
            len(parameter) if isinstance(parameter, tuple) else 1
            for parameter in row.parameters
        }
        if counts != {len(names) - 1}:
            wrong.append((preset.name, row.name, counts))
    assert not wrong


def test_rows_say_where_their_numbers_come_from():
    assert not [(preset.name, row.name) for preset, row in ROWS if not row.source]


def test_presets_are_read_only():
    assert isinstance(PRESETS, types.MappingProxyType)
    with pytest.raises(AttributeError):
        PRESETS["live"].rows[0].name = "another"


# The order of levels.


def test_policies_say_which_level_is_better_by_hand():
    def pairs(policy):
        return np.argwhere(order_of(policy, 5)).tolist()

    assert pairs("descending") == [[i, j] for i in range(6) for j in range(i + 1, 6)]
    assert pairs("pristine_first") == [[0, j] for j in range(1, 6)]
    assert pairs("unordered") == []
    # (1, 4) follows from (1, 2) and (2, 4), (0, 4) from that and (0, 1).
    known = ((1, 2), (2, 4), (0, 1))
    expected = [[0, 1], [0, 2], [0, 4], [1, 2], [1, 4], [2, 4]]
    assert pairs(known) == expected


@pytest.mark.parametrize("row", PRESETS["live_md"].rows, ids=lambda r: r.name)
def test_live_md_is_a_grid(row):
    better = row.better()
    # A product of two chains of three has 6 * 6 pairs that are no worse in either, 9
    # of them an image with itself; and the photo is better than all nine.
    assert np.count_nonzero(better) == 27 + 9
    for one in range(1, 10):
        for other in range(1, 10):
            first, second = np.divmod([one - 1, other - 1], 3)
            falls = first[0] <= first[1] and second[0] <= second[1] and one != other
            assert better[one, other] == falls


def test_no_level_is_better_than_itself_or_both_better_and_worse():
    wrong = []
    for preset, row in ROWS:
        better = row.better()
        assert better.shape == (preset.num_levels + 1,) * 2
        if (better & better.T).any():
            wrong.append((preset.name, row.name))
    assert not wrong


def test_tid2013_ranks_levels_as_people_do():
    against = [
        (row.name, better, worse)
        for row in PRESETS["tid2013"].rows
        for better, worse in np.argwhere(row.better()[1:, 1:]).tolist()
        if MOS[row.number][better] <= MOS[row.number][worse]
    ]
    assert against == []


# What the levels make of two photos.


def golden():
    """The kept PSNR of each level, by preset and kind."""
    file = Path(__file__).with_name("golden") / "preset_psnr.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return {
            (line["preset"], line["kind"]): [float(n) for n in line["psnr"].split()]
            for line in csv.DictReader(lines)
        }


def tolerance(row):
    """How far another version of TensorFlow or Pillow may be off, in dB."""
    if "transmission" in row.function.__module__:
        return 3  # Another coder lays out its bits otherwise, and errors hit others.
    if row.function in (codecs.webp, codecs.avif):
        return 0.5  # Their coders are still being improved.
    return 0.3 if row.random else 0.1


@EVERY_PRESET
def test_levels_have_the_psnr_that_they_had(preset):
    expected = {
        kind: of for (name, kind), of in golden().items() if name == preset.name
    }
    assert expected.keys() == {row.name for row in preset.rows}
    wrong = {
        row.name: (levels_of(row), expected[row.name])
        for row in preset.rows
        if not np.allclose(
            levels_of(row), expected[row.name], rtol=0, atol=tolerance(row)
        )
    }
    assert not wrong


@EVERY_PRESET
def test_error_grows_where_quality_falls(preset):
    wrong = {}
    for row in preset.rows:
        # One takes another colour at each level, which it ranks all the same; of the
        # other people like level 4, of more contrast, better than level 1, of less.
        if row.function is released_code.mean_colour_blocks or (
            preset.name == "tid2013" and row.name == "contrast_change"
        ):
            continue
        quality = np.array([np.inf, *levels_of(row)])
        better, worse = np.nonzero(row.better())
        if not (quality[better] > quality[worse]).all():
            wrong[row.name] = quality
    assert not wrong


def test_presets_joined_by_commas_are_one_of_all_their_rows():
    joined = distortions.find_preset("live, camera")
    live, camera = (distortions.PRESETS[name] for name in ("live", "camera"))
    assert joined.name == "live,camera"
    assert [row.name for row in joined.rows] == [
        f"{preset.name}.{row.name}" for preset in (live, camera) for row in preset.rows
    ]
    for own, row in zip((*live.rows, *camera.rows), joined.rows, strict=True):
        assert dataclasses.replace(row, name=own.name) == own
    image = tf.random.stateless_uniform([37, 45, 3], [1, 2])
    np.testing.assert_array_equal(
        distortions.distort(image, "live.jpeg", 3, preset="live,camera"),
        distortions.distort(image, "jpeg", 3, preset="live"),
    )


def test_presets_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match="no preset 'none'"):
        distortions.find_preset("live,none")
    with pytest.raises(ValueError, match=r"live\.gaussian_blur has 5"):
        distortions.find_preset("live_md,live")
