"""Trains a model, evaluates it on what was held out, and exports it.

    python -m rankiqa_tf.train --flagfile=configs/quickstart.cfg --workdir=runs/first

The working folder then holds model.keras, saved_model/, model.tflite, figures/,
results.json, and checkpoints/ and tensorboard/. Stopped anywhere, the same command
goes on where it was. Exit code: 0 when done, 1 when something failed on the way, 2
if nothing could be begun, 130 if it was stopped by Ctrl-C.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Read when TensorFlow is imported.

import keras
import tensorflow as tf
from absl import flags

from distortions import program
from export import agreement
from export import saved_model
from export import tflite
from rankiqa_tf import config as config_lib
from rankiqa_tf import devices
from rankiqa_tf import metrics
from rankiqa_tf import opinion_check
from rankiqa_tf import run_data
from rankiqa_tf import run_folder
from rankiqa_tf import scoring
from rankiqa_tf import stages
from rankiqa_tf import trainer
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.models import model_file
from rankiqa_tf.report import histograms

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; made if it is not there.", required=True
)
_MODEL = "model.keras"
config_lib.define_flags()
flags.adopt_module_key_flags(config_lib)


def run(
    model: keras.Model,
    metadata: model_file.Metadata,
    data: run_data.Data,
    config: config_lib.Config,
    workdir: Path,
    strategy: tf.distribute.Strategy,
) -> dict[str, float]:
    """Does what the options say and returns the figures of results.json."""
    started = time.monotonic()
    with strategy.scope():
        figures = learn(model, metadata, data, config, workdir)
    run_folder.write_results(workdir, figures)  # Exports may fail; these stay.
    figures |= export_model(workdir, data.samples())
    figures["seconds"] = time.monotonic() - started
    run_folder.write_results(workdir, figures)
    return figures


def learn(
    model: keras.Model,
    metadata: model_file.Metadata,
    data: run_data.Data,
    config: config_lib.Config,
    workdir: Path,
) -> dict[str, float]:
    """Trains and tests a model, saves it and returns its figures."""
    figures: dict[str, float] = {}
    photos, scored = data.photos, data.scored
    if scored:
        scores_csv.write(workdir / "held_out.csv", scored.held_out)
    if photos and scored and config.stage == "joint":
        model, metadata, figures, scores = stages.rank_and_finetune(
            model, metadata, photos, scored, config, workdir
        )
        histograms.draw(scores, workdir / "figures")
    elif photos:
        metadata, figures, scores = stages.rank(
            model, metadata, photos, config, workdir
        )
        histograms.draw(scores, workdir / "figures")
        model_file.save(model, workdir / "ranked.keras", metadata)
        if scored:
            figures |= agreement_with_people(model, metadata, scored, "ranked/test")
    if scored and config.stage != "joint":
        model, metadata, tuned = stages.finetune(
            model, metadata, scored, config, workdir
        )
        figures |= tuned
    if scored:
        figures["test/photos"] = len(scored.held_out)
        figures |= agreement_with_people(model, metadata, scored, "test")
    model_file.save(model, workdir / _MODEL, metadata)
    return figures


def export_model(workdir: Path, photos: Sequence[Path]) -> dict[str, float]:
    """Exports the saved model, and returns how far the exports are from it.

    It is loaded anew: one that several devices share cannot be exported.
    """
    model, metadata = model_file.load(workdir / _MODEL)
    saved_model.write(model, metadata, workdir / "saved_model")
    tflite.write(model, metadata, workdir / "model.tflite")
    differences = agreement.check(
        model,
        metadata,
        saved_model=workdir / "saved_model",
        tflite=workdir / "model.tflite",
        photos=photos,
    )
    return {f"agreement/{name}": value for name, value in differences.items()}


def agreement_with_people(
    model: keras.Model, metadata: model_file.Metadata, photos: stages.Split, prefix: str
) -> dict[str, float]:
    """Figures on the scored photos that are held out."""
    score = scoring.Scorer(model, metadata).score
    return opinion_check.check(score, photos.held_out).summary(prefix)


def main(argv: list[str]) -> int:
    """Runs what the flags say and returns the exit code."""
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        config, workdir = config_lib.from_flags(), Path(_WORKDIR.value)
        options = dataclasses.asdict(config)
        run_folder.check(workdir, options)  # Before an opinion table is made in it.
        strategy = devices.strategy(config.devices)
        data = run_data.read(config, workdir)
        with strategy.scope():
            model, metadata = stages.start(config)
        run_folder.claim(workdir, options)
    except (ValueError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        figures = run(model, metadata, data, config, workdir, strategy)
    except trainer.Interrupted as stopped:
        print(f"{stopped}; the same command goes on from here", file=sys.stderr)
        return 130
    except (ValueError, FloatingPointError, agreement.AgreementError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(metrics.to_json(figures, indent=2))
    print(f"done: {workdir}/model.keras, saved_model/, model.tflite, results.json")
    return 0


if __name__ == "__main__":
    program.run(main)
