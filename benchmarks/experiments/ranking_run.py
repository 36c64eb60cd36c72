"""What the experiments share: photos, their versions, and a ranker trained on them."""

import dataclasses
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import app

from rankiqa_tf.config import Config
from rankiqa_tf.data import decode
from rankiqa_tf.data import references
from rankiqa_tf.data import versions
from rankiqa_tf.datasets import splits
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.ranking_check import RankingCheck
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import ranking

_KEPT_BYTES = 8 << 30  # Experiments see their photos often.


def start(main: Callable[[list[str]], None], script: str) -> None:
    """Runs an experiment with the options of the flagfile beside it.

    Options on the command line come after these, and win.
    """
    own = Path(script).with_suffix(".cfg")
    app.run(main, argv=[sys.argv[0], f"--flagfile={own}", *sys.argv[1:]])


class SomePhotos:
    """Some of the photos that there are versions of, as `versions.Versions` says.

    Args:
        every: where they come from.
        contents: numbers of the photos to take.
    """

    def __init__(self, every: versions.Versions, contents: np.ndarray):
        self._every, self._contents = every, tf.constant(contents, tf.int32)
        self.names, self.num_levels = every.names, every.num_levels
        self.better, self.num_photos = every.better, len(contents)
        self.whole, self.crop = every.whole, every.crop

    def photo(self, content: tf.Tensor) -> tf.Tensor:
        """As of every photo."""
        return self._every.photo(self._contents[content])


@dataclasses.dataclass(frozen=True)
class Photos:
    """Photos and their versions, kept in memory if they fit 8 GiB."""

    paths: Sequence[Path]
    versions: versions.Versions

    @classmethod
    def of(cls, config: Config) -> "Photos":
        """Those of the options."""
        paths = (
            decode.find_photos([config.photos])
            if config.photos
            else references.embedded_photos()
        )
        made = versions.of_photos(paths, config.preset, budget=_KEPT_BYTES)
        return cls(paths, made)

    def split(self, *, seed: int) -> tuple[SomePhotos, SomePhotos]:
        """Photos to train on and the fifth that is held out."""
        training, held_out = splits.hold_out(
            range(len(self.paths)),
            holdout=0.2,
            seed=seed,
            groups=[path.name for path in self.paths],
        )
        return (
            SomePhotos(self.versions, np.array(training)),
            SomePhotos(self.versions, np.array(held_out)),
        )


@dataclasses.dataclass(frozen=True)
class Run:
    """What is left of training a ranker.

    Attributes:
        seconds: how long training took, looks included.
        looks: single crops of held-out photos at the looks, by the number of steps.
    """

    seconds: float
    looks: dict[int, LevelScores]


def run(
    config: Config,
    training: versions.Versions,
    held_out: versions.Versions,
    *,
    looking: Callable[[LevelScores], dict[str, float]],
) -> Run:
    """Trains a ranker and looks at held-out photos as it learns.

    Args:
        config: the options of ranking.
        training: what to train on.
        held_out: what to look at, every `config.evaluate_every` steps and at the end.
        looking: what to show of a look.
    """
    model, metadata = preparation.start(config)
    crop_size = preparation.training_crop_size(metadata, config)
    check = RankingCheck(held_out, crop_size=crop_size, seed=0)
    looks: dict[int, LevelScores] = {}

    def look() -> dict[str, float]:
        number = (len(looks) + 1) * config.evaluate_every
        looks[number] = check.single_crops(model)
        return looking(looks[number])

    with tempfile.TemporaryDirectory() as workdir:
        seconds = ranking.train_to_rank(
            model, metadata, training, config, Path(workdir), look=look
        )
    looks[config.rank_steps] = check.single_crops(model)
    return Run(seconds, looks)


def ranking_loss(scores: LevelScores, *, margin: float) -> np.ndarray:
    """The hinge over all pairs of one photo, float64 [distortions]."""
    found = []
    for each, better in zip(scores.scores.swapaxes(0, 1), scores.better, strict=True):
        differences = each[:, :, np.newaxis] - each[:, np.newaxis]  # [photos, n, n]
        found.append(np.maximum(0, margin - differences[:, better]).mean())
    return np.array(found)


def figures_of(
    config: Config, training: versions.Versions, held_out: versions.Versions
) -> list[float]:
    """Trains a ranker and looks at photos held out, one crop a version.

    Returns:
        Pair accuracy, SROCC with level, and the seconds of a step.
    """
    config = dataclasses.replace(config, evaluate_every=config.rank_steps)
    done = run(config, training, held_out, looking=lambda _: {})
    figures = done.looks[config.rank_steps].summary("look")
    return [
        figures["look/pair_accuracy"],
        figures["look/srocc"],
        done.seconds / config.rank_steps,
    ]


def table(what: str, found: dict[str, list[list[float]]]) -> str:
    """A row for each thing compared: figures as mean and deviation over its runs."""
    rows = [
        f"| {what} | pair accuracy | SROCC with level | seconds a step |",
        "| --- | --- | --- | --- |",
    ]
    for title, runs in found.items():
        means, deviations = np.mean(runs, 0), np.std(runs, 0)
        cells = [f"{means[n]:.3f} ± {deviations[n]:.3f}" for n in (0, 1)]
        rows.append(f"| {title} | {' | '.join(cells)} | {means[2]:.2f} |")
    return "\n".join(rows)
