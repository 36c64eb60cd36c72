"""Shared by the experiments: photos, their versions, and training a ranker."""

import dataclasses
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import app

import distortions
from rankiqa_tf.config import Config
from rankiqa_tf.data import decode
from rankiqa_tf.data import references
from rankiqa_tf.data import versions
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.ranking_check import RankingCheck
from rankiqa_tf.model import Model
from rankiqa_tf.training import stopping
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import ranking

Sampler = Callable[[Model, versions.Versions, Config], tuple[Batches, ranking.Loss]]

_KEPT_BYTES = 8 << 30  # Experiments use their photos often.


def start(main: Callable[[list[str]], None], script: str) -> None:
    """Runs an experiment with the options of the flagfile of the same name.

    Options on the command line follow these, and override them.
    """
    own = Path(script).with_suffix(".cfg")
    app.run(main, argv=[sys.argv[0], f"--flagfile={own}", *sys.argv[1:]])


class SomePhotos:
    """Some of the photos that there are versions of; see `versions.Versions`.

    Args:
        every: the source of versions.
        contents: numbers of the photos to use.
    """

    def __init__(self, every: versions.Versions, contents: np.ndarray):
        self._every, self._contents = every, tf.constant(contents, tf.int32)
        self.names, self.num_levels = every.names, every.num_levels
        self.better, self.num_photos = every.better, len(contents)
        self.graded, self.shares_seed = every.graded, every.shares_seed
        self.whole, self.crop = every.whole, every.crop

    def photo(self, content: tf.Tensor) -> tf.Tensor:
        """Same as for all photos."""
        return self._every.photo(self._contents[content])

    def in_memory(self, budget: int) -> "SomePhotos":
        """Returns self if all photos are kept."""
        return SomePhotos(self._every.in_memory(budget), self._contents.numpy())


@dataclasses.dataclass(frozen=True)
class Photos:
    """Photos and their versions, kept in memory if they fit 8 GiB."""

    paths: Sequence[Path]
    versions: versions.Versions

    @classmethod
    def of(cls, config: Config) -> "Photos":
        """Returns the photos that the options name."""
        paths = (
            decode.find_photos([config.photos])
            if config.photos
            else references.embedded_photos()
        )
        made = versions.MadeAnew(paths, distortions.find_preset(config.preset))
        return cls(paths, made.in_memory(_KEPT_BYTES))

    def split(self, *, seed: int) -> Split[SomePhotos]:
        """Returns training photos and the held-out fifth."""
        training, held_out = splits.hold_out(
            range(len(self.paths)),
            holdout=0.2,
            seed=seed,
            groups=[path.name for path in self.paths],
        )
        return Split(
            training=SomePhotos(self.versions, np.array(training)),
            held_out=SomePhotos(self.versions, np.array(held_out)),
        )


@dataclasses.dataclass(frozen=True)
class Run:
    """The result of training a ranker.

    Attributes:
        seconds: training time, including evaluations.
        evaluations: scores of single crops of held-out photos, by the number of steps.
    """

    seconds: float
    evaluations: dict[int, LevelScores]


def all_pairs(
    model: Model, training: versions.Versions, config: Config
) -> tuple[Batches, ranking.Loss]:
    """Returns the options' batches and their loss over all pairs, as in the package."""
    batches = ranking.make_batches(training, model, config)
    return batches, ranking.make_loss(ranking.make_pairs(training, config), config)


def run(
    config: Config,
    photos: Split[versions.Versions],
    *,
    sampler: Sampler = all_pairs,
    shown: Callable[[LevelScores], dict[str, float]],
) -> Run:
    """Trains a ranker, and evaluates it on held-out photos during training.

    Args:
        config: the options of ranking.
        photos: what to train on, and what to evaluate on, every
            `config.training.evaluate_every` steps and at the end.
        sampler: makes the batches and their loss.
        shown: the figures to display for an evaluation.
    """
    model = preparation.start(config)
    crop_size = preparation.training_crop_size(model, config)
    check = RankingCheck(photos.held_out, crop_size=crop_size, seed=0)
    batches, loss = sampler(model, photos.training, config)
    evaluations: dict[int, LevelScores] = {}

    def evaluate() -> dict[str, float]:
        number = (len(evaluations) + 1) * config.training.evaluate_every
        evaluations[number] = check.single_crops(model.network)
        return shown(evaluations[number])

    with tempfile.TemporaryDirectory() as workdir:
        seconds = ranking.train_to_rank(
            model,
            batches,
            loss,
            config,
            Path(workdir),
            prepare=lambda: preparation.standardise(model, batches),
            evaluate=evaluate,
            stop=stopping.never,
        )
    evaluations[config.rank_steps] = check.single_crops(model.network)
    return Run(seconds, evaluations)


def ranking_loss(scores: LevelScores, *, margin: float) -> np.ndarray:
    """Returns the hinge loss over all pairs of one photo, float64 [distortions]."""
    found = []
    for each, better in zip(scores.scores.swapaxes(0, 1), scores.better, strict=True):
        differences = each[:, :, np.newaxis] - each[:, np.newaxis]  # [photos, n, n]
        found.append(np.maximum(0, margin - differences[:, better]).mean())
    return np.array(found)


def figures_of(config: Config, photos: Split[versions.Versions]) -> list[float]:
    """Trains a ranker and evaluates it on held-out photos, with one crop per version.

    Returns:
        Pair accuracy, SROCC with level, and seconds per step.
    """
    # Only at the end.
    training = dataclasses.replace(config.training, evaluate_every=config.rank_steps)
    config = dataclasses.replace(config, training=training)
    done = run(config, photos, shown=lambda _: {})
    figures = done.evaluations[config.rank_steps].summary("held_out")
    return [
        figures["held_out/pair_accuracy"],
        figures["held_out/srocc"],
        done.seconds / config.rank_steps,
    ]


def table(what: str, found: dict[str, list[list[float]]]) -> str:
    """Returns a table with a row per variant: mean and deviation over its runs."""
    rows = [
        f"| {what} | pair accuracy | SROCC with level | seconds a step |",
        "| --- | --- | --- | --- |",
    ]
    for title, runs in found.items():
        means, deviations = np.mean(runs, 0), np.std(runs, 0)
        cells = [f"{means[n]:.3f} ± {deviations[n]:.3f}" for n in (0, 1)]
        rows.append(f"| {title} | {' | '.join(cells)} | {means[2]:.2f} |")
    return "\n".join(rows)
