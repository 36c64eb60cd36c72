"""A whole training run: its data, its stages, its test and its output folder."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import histograms
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.model import Model
from rankiqa_tf.training import devices
from rankiqa_tf.training import run_data
from rankiqa_tf.training import run_folder
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping
from rankiqa_tf.training import workers
from rankiqa_tf.training.run_data import Data
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stopping import Stop
from rankiqa_tf.training.workers import Worker

MODEL = "model.keras"


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that is ready to be trained: all that can be checked in advance has been.

    Attributes:
        config: the options.
        workdir: the folder this worker writes to: the run's own if it is the chief.
        data: what to train and test on.
        strategy: the devices to train on.
        worker: which of the machines this is.
        model: the model to start from.
    """

    config: Config
    workdir: Path
    data: Data
    strategy: tf.distribute.Strategy
    worker: Worker
    model: Model


@contextlib.contextmanager
def held(config: Config, workdir: Path) -> Iterator[None]:
    """Locks the folder this worker writes to, so that no other run can use it.

    Raises:
        ValueError: if another run is using it, the folder cannot be created, or
            TF_CONFIG is needed but does not say which worker this is.
    """
    several = config.strategy == "multi_worker"
    worker = workers.of_environment() if several else Worker()
    with run_folder.held(worker.folder(workdir)):
        yield


def prepare(config: Config, workdir: Path) -> Run:
    """Reads the data, makes the model, and claims the folder for the run.

    The folder has to be locked with `held`.

    Raises:
        ValueError: if options, data, network and devices do not fit together, or the
            folder contains another run.
        ModuleNotFoundError: if weights need a package that is not installed.
        workers.Lost: if another machine does not join, or goes away.
    """
    strategy = devices.strategy(config.strategy)
    worker = workers.this(strategy)
    workdir = worker.folder(workdir)
    options = config.options()
    run_folder.check(workdir, options)  # Before an opinion table is written to it.
    data = run_data.read(config, workdir)
    devices.check_division(strategy, data.step_sizes(config), config.drawn)
    with strategy.scope(), workers.noticing_losses(strategy):
        model = stages.start(config)
    if data.scored:  # Check now, since ranking may come first and take hours.
        stages.check_memory(model, data.scored, config)
    run_folder.claim(workdir, options, data.fingerprint())
    return Run(config, workdir, data, strategy, worker, model)


def carry_out(run: Run, *, stop: Stop = stopping.never) -> dict[str, float]:
    """Trains and tests the model, and saves it.

    Args:
        run: from `prepare`.
        stop: called after each step; True means stop.

    Returns:
        The figures, as in results.json.

    Raises:
        stopping.Interrupted: when told to stop; the same call resumes.
        FloatingPointError: if the loss or a weight is no longer finite.
        ValueError: if checkpoints cannot be read.
        workers.Lost: if another machine went away; the same call on all machines
        resumes.
    """
    started = time.monotonic()
    with run.strategy.scope(), workers.noticing_losses(run.strategy):
        figures = _learn(run, stop)
    figures["seconds"] = time.monotonic() - started
    run_folder.write_results(run.workdir, figures)
    return figures


def train(
    config: Config, workdir: str | Path, *, stop: Stop = stopping.never
) -> dict[str, float]:
    """Trains a model as the options say, tests it on held-out photos, and saves it.

    Changes nothing outside the folder: no signal handlers, no global seed.

    Args:
        config: the options.
        workdir: folder of the run, created if needed; a run in it that has the same
            options is resumed. Afterwards it contains model.keras and results.json.
        stop: called after each step; True means stop.

    Returns:
        The figures.

    Raises:
        ValueError: as `prepare` and `carry_out` do.
        ModuleNotFoundError: likewise.
        FloatingPointError: likewise.
        stopping.Interrupted: likewise.
        workers.Lost: likewise.
    """
    workdir = Path(workdir)
    with held(config, workdir), preparation.random_weights(config.seed):
        return carry_out(prepare(config, workdir), stop=stop)


def _learn(run: Run, stop: Stop) -> dict[str, float]:
    figures: dict[str, float] = {}
    model, config, workdir = run.model, run.config, run.workdir
    ranked, scored = run.data.ranked, run.data.scored
    if scored:
        scores_csv.write(workdir / "held_out.csv", scored.held_out)
    if ranked and config.ranks:
        model, figures, scores = stages.rank(
            model, ranked.versions, config, workdir, stop=stop
        )
        histograms.draw(scores, workdir / "figures")
        model.save(workdir / "ranked.keras")
        if scored:
            figures |= _agreement_with_people(model, scored, "ranked/test")
    if scored:
        model, tuned = stages.finetune(
            model,
            scored,
            config,
            workdir,
            versions=ranked.versions.training if ranked else None,
            stop=stop,
        )
        figures |= tuned
        if ranked:
            figures |= stages.keeps_order(model, ranked.versions.held_out, config)
    if scored:
        figures["test/photos"] = len(scored.held_out)
        figures |= _agreement_with_people(model, scored, "test")
    model.save(workdir / MODEL)
    return figures


def _agreement_with_people(
    model: Model, photos: Split[list[ScoredPhoto]], prefix: str
) -> dict[str, float]:
    """Computes figures on the held-out scored photos."""
    scores = opinion_check.check(model.score_many, photos.held_out)
    on_scale = model.metadata.score_range is not None  # A ranker has none.
    return scores.summary(prefix, on_scale=on_scale)
