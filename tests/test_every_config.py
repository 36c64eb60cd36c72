"""Every file of configs/ and every preset, run: the real program, for two steps."""

import concurrent.futures
import json
import math
from pathlib import Path

import pytest
import toy_preset
from absl import flags
from programs import run_several

import distortions
from rankiqa_tf import config as config_lib

pytestmark = pytest.mark.slow

FILES = sorted((Path(__file__).parents[1] / "configs").glob("*.cfg"))
EVERY_FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)

_KINDS = 4  # Of a file's preset.
# One layer, and small crops: what is tried is not the networks.
TINY = ["--network=alexnet", "--levels=conv1", "--crop_size=63", "--init=random"]
# For a preset of one's own.
HERE = f"import sys\nsys.path.append({str(Path(__file__).parent)!r})"
# What hangs on no flag of these and takes most of the time; test_train has it: exports,
# the page of a run, and optimizing graphs of a hundred distortions.
WITHOUT = """
import rankiqa_tf.train
import tensorflow as tf
from rankiqa_tf.evaluation import run_page
rankiqa_tf.train.export_model = lambda workdir, photos: {}
run_page.write = lambda *_, **__: None
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
tf.get_logger().setLevel("ERROR")  # It takes the runs' graphs for those of one.
"""


def flags_of(file: Path) -> flags.FlagValues:
    values = flags.FlagValues()
    config_lib.define_flags(values)
    values(["train", f"--flagfile={file}"])
    return values


def small(file: Path, folder: Path) -> list[str]:
    """Makes a run of seconds of a file's: two steps of a tiny network."""
    values = flags_of(file)
    ranks, finetunes = values.stage != "finetune", values.stage != "rank"
    arguments = [
        f"--flagfile={file}",
        *TINY,
        f"--warmup_steps={min(values.warmup_steps, 1)}",
        "--evaluation_photos=1",
        "--holdout=0.5",
    ]
    if values.scoring_crop_size:
        arguments.append("--scoring_crop_size=63")
    if values.frozen_layers:
        arguments.append("--frozen_layers=1")
    if values.caffe_rates:
        arguments.append("--caffe_rates=score")  # Which the tiny network has, too.
    if ranks:
        # The files' rates are for networks that are trained already.
        rate = min(values.rank_learning_rate, 1e-6)
        rows = distortions.find_preset(values.preset).rows
        arguments += [
            # Graphs of dozens take long to make; below, each preset is ranked whole.
            f"--distortions={','.join(row.name for row in rows[:_KINDS])}",
            f"--distortions_per_batch={min(values.distortions_per_batch, _KINDS)}",
            f"--photos={folder}",
            "--rank_steps=2",
            f"--photos_per_batch={min(values.photos_per_batch, 2)}",
            f"--rank_learning_rate={rate}",
        ]
    if finetunes:
        steps = min(values.finetune_steps, 2)
        arguments += [f"--finetune_steps={steps}", "--finetune_batch=2"]
        if values.dataset == "opinion_table":
            arguments += [f"--photos={folder}", "--opinion_crop=37"]
        else:
            arguments.append(f"--dataset={folder}/scores.csv")
    return arguments


@pytest.fixture(scope="module")
def folder(photos):
    """The folder of four photos, and people's scores of them."""
    rows = [f"{path.name},{number}" for number, path in enumerate(photos)]
    folder = photos[0].parent
    (folder / "scores.csv").write_text("\n".join(["image,mos", *rows]))
    return folder


OWN = "toy_preset:PRESET"
PRESETS = {**distortions.PRESETS, OWN: toy_preset.PRESET}
# Reading a set is the same whatever its preset: one of ours, and one of one's own.
IN_SETS = ["camera_mixed", OWN]


@pytest.fixture(scope="module")
def runs(folder, tmp_path_factory):
    """Of all runs: the folder, and the exit code, output and errors."""
    sets, workdirs = (tmp_path_factory.mktemp(name) for name in ("sets", "runs"))
    made = run_several(
        "distortions.generate",
        [
            [f"--preset={preset}", f"--input={folder}", f"--output={sets / preset}"]
            for preset in IN_SETS
        ],
        first=HERE,
    )
    assert [code for code, _, _ in made] == [0] * len(made), made
    photos_of = {(preset, "set"): sets / preset for preset in IN_SETS}
    photos_of |= {(preset, "anew"): folder for preset in PRESETS}
    calls: dict = {file.stem: small(file, folder) for file in FILES}
    for run, photos in photos_of.items():
        calls[run] = [
            f"--preset={run[0]}",
            f"--photos={photos}",
            *TINY,
            "--photos_per_batch=1",
            "--rank_steps=2",
            "--evaluation_photos=1",
            "--holdout=0.5",
        ]
    calls["any strength"] = [*calls[OWN, "anew"], "--strengths=any"]
    calls["any strength of a set"] = [*calls[OWN, "set"], "--strengths=any"]
    folders = {run: workdirs / str(number) for number, run in enumerate(calls)}

    def in_one_process(part):
        arguments = [[*calls[run], f"--workdir={folders[run]}"] for run in part]
        return run_several("rankiqa_tf.train", arguments, first=HERE + WITHOUT)

    parts = [*calls][::2], [*calls][1::2]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = [*zip(parts, pool.map(in_one_process, parts), strict=True)]
    return {
        run: (folders[run], *result)
        for part, results in found
        for run, result in zip(part, results, strict=True)
    }


def results_of(workdir: Path) -> dict[str, float]:
    return json.loads((workdir / "results.json").read_text(encoding="utf-8"))


@EVERY_FILE
def test_a_file_of_configs_trains(runs, file):
    workdir, code, _, errors = runs[file.stem]
    assert code == 0, errors
    assert (workdir / "model.keras").is_file()
    values, results = flags_of(file), results_of(workdir)
    if values.stage != "finetune":
        assert 0 <= results["rank/pair_accuracy"] <= 1
    if values.stage != "rank":
        assert "test/srocc" in results
        assert math.isfinite(results["test/rmse"])


@pytest.mark.parametrize(
    ("preset", "kind"),
    [
        *((preset, "anew") for preset in PRESETS),
        *((preset, "set") for preset in IN_SETS),
    ],
)
def test_a_preset_is_ranked_made_anew_and_from_a_set(runs, preset, kind):
    workdir, code, _, errors = runs[preset, kind]
    assert code == 0, errors
    results = results_of(workdir)
    rows = PRESETS[preset].rows
    of_kinds = {name for name in results if name.startswith("rank/pair_accuracy/")}
    assert of_kinds <= {f"rank/pair_accuracy/{row.name}" for row in rows}
    assert of_kinds
    assert 0 <= results["rank/pair_accuracy"] <= 1


def test_strengths_between_the_levels_are_ranked(runs):
    workdir, code, _, errors = runs["any strength"]
    assert code == 0, errors
    assert 0 <= results_of(workdir)["rank/pair_accuracy/dead_pixels"] <= 1


def test_a_set_has_no_strengths_between_its_levels(runs):
    _, code, _, errors = runs["any strength of a set"]
    assert code == 2
    assert "made at the levels of toy: for strengths any give the photos" in errors
