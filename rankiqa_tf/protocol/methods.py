"""The methods that the paper compares: each is trained on a split and tested on it."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import keras

from rankiqa_tf import opinion_check
from rankiqa_tf import scoring
from rankiqa_tf import stages
from rankiqa_tf.config import Config
from rankiqa_tf.models import model_file
from rankiqa_tf.opinion_check import OpinionScores
from rankiqa_tf.protocol import predictions
from rankiqa_tf.report import histograms


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """A row of the table of methods: its stages."""

    ranks: bool
    finetunes: bool


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "baseline": Method(ranks=False, finetunes=True),
        "rankiqa": Method(ranks=True, finetunes=False),
        "rankiqa_ft": Method(ranks=True, finetunes=True),
    }
)


def rank(photos: stages.Split, config: Config, workdir: Path) -> Path:
    """Trains the ranker that methods begin with, once for all splits.

    Args:
        photos: to rank, as `stages.rank` takes them. None of them may be of the data
            set that methods are tested on.
        config: the options.
        workdir: where the ranker, its figures and its checkpoints go.

    Returns:
        The ranker's file; if it is there already, nothing is trained.
    """
    path = workdir / "ranked.keras"
    if not path.is_file():
        model, metadata = stages.start(config)
        metadata, _, scores = stages.rank(model, metadata, photos, config, workdir)
        histograms.draw(scores, workdir / "figures")
        model_file.save(model, path, metadata)
    return path


def predict(
    name: str,
    photos: stages.Split,
    config: Config,
    *,
    ranked: Path | None,
    crops: str,
    workdir: Path,
) -> OpinionScores:
    """Scores what a split holds out, by a method that was trained on the rest.

    Args:
        name: of the method, a key of `METHODS`.
        photos: `ScoredPhoto`s.
        config: the options; their seed is that of this split.
        ranked: the file of the ranker, for methods that have one.
        crops: what photos are scored by, as `scoring.Scorer` takes it.
        workdir: of the split: `<name>.csv`, `<name>.keras` if it is fine-tuned, and
            a folder `<name>` with its records. If the CSV file is there already, it
            is read and nothing is trained.

    Returns:
        The scores of the held-out photos.
    """
    path = workdir / f"{name}.csv"
    if path.is_file():
        return predictions.read(path)
    workdir.mkdir(parents=True, exist_ok=True)
    keras.backend.clear_session()  # Else the models of all splits stay in memory.
    method = METHODS[name]
    if method.ranks:
        config = dataclasses.replace(config, init=str(ranked))
    model, metadata = stages.start(config)
    if method.finetunes:
        model, metadata, _ = stages.finetune(
            model, metadata, photos, config, workdir / name
        )
        model_file.save(model, workdir / f"{name}.keras", metadata)
    scorer = scoring.Scorer(model, metadata, crops=crops, seed=config.seed)
    result = opinion_check.check(scorer.score, photos.held_out)
    predictions.write(path, result)
    checkpoints = workdir / name / "checkpoints"
    if checkpoints.exists():
        shutil.rmtree(checkpoints)  # Of no use any more, and large.
    return result
