"""The methods compared in the paper, each trained and tested on the same split."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import keras

from distortions import whole_file
from rankiqa_tf.config import Config
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import histograms
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.evaluation import predictions
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.training import stages
from rankiqa_tf.training.stopping import Stop


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """One row of the table of methods: its stages."""

    ranks: bool
    finetunes: bool


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "baseline": Method(ranks=False, finetunes=True),
        "rankiqa": Method(ranks=True, finetunes=False),
        "rankiqa_ft": Method(ranks=True, finetunes=True),
    }
)


def rank(photos: Split[Versions], config: Config, workdir: Path, *, stop: Stop) -> Path:
    """Trains the ranker that the methods start from, once for all splits.

    Args:
        photos: the photos to rank, as for `stages.rank`. They may not include photos of
            the data set the methods are tested on.
        config: the options.
        workdir: for the ranker, its figures and its checkpoints.
        stop: called after each step; True means stop.

    Returns:
        The ranker's file; if it already exists, nothing is trained.
    """
    path = workdir / "ranked.keras"
    if not path.is_file():
        model = stages.start(config)
        model, _, scores = stages.rank(model, photos, config, workdir, stop=stop)
        histograms.draw(scores, workdir / "figures")
        model.save(path)
    return path


def predict(
    name: str,
    photos: Split[list[ScoredPhoto]],
    config: Config,
    *,
    ranked: Path | None,
    crops: str,
    workdir: Path,
    stop: Stop,
) -> OpinionScores:
    """Trains a method on a split and scores the photos the split holds out.

    Args:
        name: the method, a key of `METHODS`.
        photos: the split.
        config: the options; the seed is that of this split.
        ranked: the ranker's file, for methods that start from one.
        crops: which crops to score photos by, as for `Model.score`.
        workdir: folder of the split, for `<name>.csv`, `<name>.keras` if the method
            fine-tunes, and a folder `<name>` with logs. If the CSV file exists, it is
            read and nothing is trained.
        stop: called after each step; True means stop.

    Returns:
        The scores of the held-out photos.
    """
    path = workdir / f"{name}.csv"
    if path.is_file():
        return predictions.read(path)
    workdir.mkdir(parents=True, exist_ok=True)
    keras.backend.clear_session()  # Otherwise the models of all splits stay in memory.
    method = METHODS[name]
    if method.ranks:
        config = dataclasses.replace(config, init=str(ranked))
    model = stages.start(config)
    if method.finetunes:
        model, _ = stages.finetune(model, photos, config, workdir / name, stop=stop)
        model.save(workdir / f"{name}.keras")
    score_many = functools.partial(model.score_many, crops=crops, seed=config.seed)
    result = opinion_check.check(score_many, photos.held_out)
    predictions.write(path, result)
    # No longer needed, and large.
    whole_file.remove(workdir / name / "checkpoints")
    return result
