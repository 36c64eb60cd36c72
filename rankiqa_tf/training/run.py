"""A whole training run: its data, its stages, its test and its output folder."""

import contextlib
import dataclasses
import datetime
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from rankiqa_tf import version
from rankiqa_tf.config import Config
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import figures as figures_lib
from rankiqa_tf.evaluation import histograms
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.evaluation import run_page
from rankiqa_tf.evaluation import settings
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.run_page import Order
from rankiqa_tf.model import Model
from rankiqa_tf.training import devices
from rankiqa_tf.training import records
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
# Of the intervals that the page shows; rankiqa_tf.evaluate draws more.
_DRAWS = 200

# Exports the model of a folder, compares exports on photos, and returns figures.
Export = Callable[[Path, Sequence[Path]], dict[str, float]]


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


def carry_out(
    run: Run,
    *,
    stop: Stop = stopping.never,
    export: Export | None = None,
    command: str = "rankiqa_tf.train(config, workdir)",
) -> dict[str, float]:
    """Trains and tests the model, saves it, and writes the page of the run.

    Args:
        run: from `prepare`.
        stop: called after each step; True means stop.
        export: exports the model that was saved, if this worker is the chief; None for
            no exports.
        command: what was run, for the page.

    Returns:
        The figures, as in results.json.

    Raises:
        stopping.Interrupted: when told to stop; the same call resumes.
        FloatingPointError: if the loss or a weight is no longer finite.
        ValueError: if checkpoints cannot be read.
        workers.Lost: if another machine went away; the same call on all machines
            resumes.
        Exception: whatever `export` raises; the model and its figures are saved then.
    """
    started = time.monotonic()
    with run.strategy.scope(), workers.noticing_losses(run.strategy):
        learned = _learn(run, stop)
    figures = learned.figures
    figures["seconds"] = time.monotonic() - started
    run_folder.write_results(run.workdir, figures)
    if not run.worker.is_chief:
        return figures
    if export is not None:
        if stop():
            raise stopping.Interrupted("stopped before the exports")
        figures |= export(run.workdir, run.data.samples())
        figures["seconds"] = time.monotonic() - started
        run_folder.write_results(run.workdir, figures)
    _write_page(run, learned, command)
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


@dataclasses.dataclass
class _Learned:
    """What came of a run.

    Attributes:
        figures: by name.
        order: how its models keep the order of versions, by title.
        opinions: their scores of photos with human scores, by title.
    """

    figures: dict[str, float] = dataclasses.field(default_factory=dict)
    order: dict[str, LevelScores] = dataclasses.field(default_factory=dict)
    opinions: dict[str, OpinionScores] = dataclasses.field(default_factory=dict)


_RANKED, _TUNED = "ranked", "fine-tuned"


def _learn(run: Run, stop: Stop) -> _Learned:
    learned = _Learned()
    model, config, workdir = run.model, run.config, run.workdir
    ranked, scored = run.data.ranked, run.data.scored
    if scored:
        scores_csv.write(workdir / "held_out.csv", scored.held_out)
    if ranked and config.ranks:
        _show_options(run, "rank")
        model, found, scores = stages.rank(
            model, ranked.versions, config, workdir, stop=stop
        )
        learned.figures |= found
        learned.order[_RANKED] = scores
        histograms.draw(scores, workdir / "figures")
        model.save(workdir / "ranked.keras")
        if scored:
            learned.figures |= _agreement_with_people(
                model, scored, "ranked/test", learned.opinions, _RANKED
            )
        _show_end(run, "rank", config.rank_steps, found, scores)
    if scored:
        _show_options(run, "finetune")
        model, tuned = stages.finetune(
            model,
            scored,
            config,
            workdir,
            versions=ranked.versions.training if ranked else None,
            stop=stop,
        )
        if ranked:
            found, scores = stages.keeps_order(model, ranked.versions.held_out, config)
            learned.order[_TUNED] = scores
            tuned |= found
        tuned["test/photos"] = len(scored.held_out)
        tuned |= _agreement_with_people(model, scored, "test", learned.opinions, _TUNED)
        learned.figures |= tuned
        last = learned.order.get(_TUNED)
        _show_end(run, "finetune", config.finetune_steps, tuned, last)
    model.save(workdir / MODEL)
    return learned


def _agreement_with_people(
    model: Model,
    photos: Split[list[ScoredPhoto]],
    prefix: str,
    opinions: dict[str, OpinionScores],
    title: str,
) -> dict[str, float]:
    """Computes figures on the held-out scored photos, and keeps scores by title."""
    opinions[title] = opinion_check.check(model.score_many, photos.held_out)
    on_scale = model.metadata.score_range is not None  # A ranker has none.
    return opinions[title].summary(prefix, on_scale=on_scale)


def _show_options(run: Run, stage: str) -> None:
    """Writes the options to TensorBoard."""
    with records.writing(run.workdir, stage, step=0):
        records.show_options(run.config.options())


def _show_end(
    run: Run,
    stage: str,
    steps: int,
    figures: dict[str, float],
    scores: LevelScores | None,
) -> None:
    """Writes what a stage ended with to TensorBoard."""
    shown = {}
    for name, value in figures.items():
        prefix, _, figure = name.partition("/")
        counted = figure.endswith(("seconds", "photos"))
        if prefix in ("rank", "test") and "/" not in figure and not counted:
            shown[figure] = value
    with records.writing(run.workdir, stage, step=steps):
        records.show_end(shown, scores)


def _write_page(run: Run, learned: _Learned, command: str) -> None:
    config, data = run.config, run.data
    taken = {"rank": config.rank_steps, "finetune": config.finetune_steps}
    order = []
    if data.ranked:
        held_out, count = data.ranked.versions.held_out, config.evaluation_photos
        check = stages.make_check(held_out, run.model, config, count=count)
        for title, scores in reversed(learned.order.items()):
            order.append(Order(title, scores, check.photos, check.pictures))
    opinions, scale = None, None
    if data.scored:
        opinions = figures_lib.measure(
            {title: [scores] for title, scores in learned.opinions.items()},
            dataset=config.dataset_name,
            unscaled=[_RANKED],
            draws=_DRAWS,
        )
        mos = [photo.mos for photo in data.scored.held_out]
        scale = config.scale or (min(mos), max(mos))
    run_page.write(
        run.workdir,
        stages={
            stage: steps
            for stage, steps in taken.items()
            if (config.ranks if stage == "rank" else config.finetunes)
        },
        order=order,
        opinions=opinions,
        scale=scale,
        figures=learned.figures,
        settings=settings.of_options(config.options()),
        command=command,
        versions=version.packages(),
        date=datetime.date.today().isoformat(),
    )
