"""Evaluates a model on photos with human scores, on good photos, or on both.

    python -m rankiqa_tf.evaluate --model=model.keras --dataset=scores.csv --report=page.html
    python -m rankiqa_tf.evaluate --model=model.keras --photos=my_photos

Of photos with human scores it prints SROCC, LCC, LCC after a logistic, KROCC and RMSE,
those of each distortion, and 95 % intervals. Good photos are distorted, and it prints
the share of versions that score below their photo, and below weaker ones.

Exit code: 0 if all photos were scored; 1 if some could not be read (they are named and
left out) or something failed; 2 if nothing was begun.
"""  # noqa: E501 - a command is not cut in two.

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions")

from absl import flags

from distortions import exit_codes
from distortions import program
from rankiqa_tf import datasets
from rankiqa_tf import scoring_flags

_scorer = scoring_flags.define_scorer()
_DATASET = flags.DEFINE_string(
    "dataset",
    None,
    "Human scores: a CSV or .xlsx file with columns "
    "image,mos[,reference,dmos,distortion,level]; a public data set: "
    f"{', '.join(datasets.DATA_SETS)}; or one of your own as module:NAME. Options "
    "of its reader follow after commas: live,not_realigned.",
)
_PHOTOS = flags.DEFINE_list(
    "photos",
    None,
    "Good photos, or folders of them, whose distorted versions the model should rank. "
    "The model should not have been trained on them. Each takes as long as some "
    "hundred photos.",
)
_PRESET = flags.DEFINE_string(
    "preset", "live,tid2013", "Distortions of --photos, as in training."
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir",
    "",
    "Folder of the data set, or of a CSV's images if they are not beside it. A public "
    "data set is read as its authors distribute it.",
)
_PART = flags.DEFINE_enum(
    "part",
    "all",
    ["all", "held_out"],
    "Which photos: all, or those that the data set's official split tests on.",
)
_FORMAT = flags.DEFINE_enum("format", "table", ["table", "json"], "How to print.")
_PREDICTIONS = flags.DEFINE_string(
    "predictions", None, "A CSV file to write, image,mos,...,level,score."
)
_REPORT = flags.DEFINE_string(
    "report", None, "An HTML page to write, with all figures, plots and photos."
)
program.begin(
    __name__,
    __doc__,
    {
        "What scores": ["model", "crops", "seed"],
        "What to evaluate on": ["dataset", "data_dir", "part", "photos", "preset"],
        "What is written": ["format", "predictions", "report"],
    },
)

surroundings.settle_keras()

import dataclasses
import datetime
import math
import shlex
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import distortions
from distortions import progress
from distortions import whole_file
from distortions.photo_header import PhotoError
from rankiqa_tf import datasets
from rankiqa_tf import version
from rankiqa_tf.data import decode
from rankiqa_tf.data import versions
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import figures as figures_lib
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation import page
from rankiqa_tf.evaluation import predictions
from rankiqa_tf.evaluation import tables
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.order_kept import Kept
from rankiqa_tf.evaluation.ranking_check import RankingCheck
from rankiqa_tf.evaluation.settings import Settings
from rankiqa_tf.evaluation.settings import label
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import scale


def read_photos() -> datasets.DataSet:
    """Reads the data set, of its photos those that are to be scored."""
    data = datasets.read_any(_DATASET.value or "", _DATA_DIR.value)
    if _PART.value == "held_out":
        if data.official_split is None:
            raise ValueError(
                f"{data.name} has no official split, whose part held_out could be taken"
            )
        photos = splits.divide(data.official_split, data.photos).held_out
        data = dataclasses.replace(data, photos=tuple(photos))
    check_opinions(data.name, data.photos)
    return data


def check_opinions(name: str, photos: Sequence[ScoredPhoto]) -> None:
    """Raises a ValueError if the MOS of photos never change."""
    opinions = {photo.mos for photo in photos}
    if len(opinions) == 1:
        raise ValueError(
            f"all {len(photos)} photos of {name} have the MOS {opinions.pop():g}: "
            "correlations need at least two that differ"
        )


def write_report(
    path: Path,
    figures: figures_lib.Figures,
    data: datasets.DataSet,
    model: str,
    kept: Sequence[Kept],
    problems: Sequence[str],
) -> None:
    """Writes the page, as the benchmark program does."""
    names = ["model", "crops", "dataset", "data_dir", "part", "seed"]
    names += ["photos", "preset"] if kept else []
    given = {name: flags.FLAGS[name].value for name in names}
    page.write(
        path,
        figures,
        title=f"{model} on {tables.dataset_title(data.name)}",
        scale=data.scale,
        command=f"python -m rankiqa_tf.evaluate {shlex.join(sys.argv[1:])}",
        versions=version.packages(),
        settings=Settings({label(n): value for n, value in given.items() if value}),
        date=datetime.date.today().isoformat(),
        kept=kept,
        left_out=problems,
    )


def report(
    result: OpinionScores,
    data: datasets.DataSet,
    metadata: Metadata,
    kept: Sequence[Kept],
    problems: Sequence[str],
) -> dict[str, float]:
    """Writes the files that the flags name, and returns figures.

    There is no RMSE where the model's scores are not on the scale of the opinions.
    """
    if _PREDICTIONS.value:
        predictions.write(_PREDICTIONS.value, result)
    model = Path(str(flags.FLAGS["model"].value)).name
    opinions = [photo.mos for photo in data.photos]
    on_scale = scale.is_shared(
        metadata,
        (min(opinions), max(opinions)),
        of=data.scale if data.name in datasets.DATA_SETS else None,
    )
    figures = figures_lib.measure(
        {model: [result]},
        dataset=data.name,
        unscaled=[] if on_scale else [model],
    )
    if _REPORT.value:
        write_report(Path(_REPORT.value), figures, data, model, kept, problems)
    named = {f"test/{name}": value for name, value in figures.of(model).items()}
    found: dict[str, float] = {"photos": len(result.photos)}
    return found | result.summary("test", on_scale=on_scale) | named


def show(found: Mapping[str, float]) -> None:
    """Prints figures."""
    if _FORMAT.value == "json":
        print(metrics.to_json(found))
        return
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:{width}} {value:8.4g}")


def readable_photos(problems: list[PhotoError | str]) -> list[Path]:
    """The good photos; those that cannot be read are added to the problems."""
    paths = decode.find_photos(_PHOTOS.value or [])
    broken = decode.unreadable(paths)
    problems += broken.values()
    if len(broken) == len(paths):
        raise ValueError(
            f"none of the {len(paths)} photos to distort can be read, the first being "
            f"{next(iter(broken.values()))}"
        )
    return [path for path in paths if path not in broken]


def order_of_versions(
    scorer: scoring_flags.Scorer, photos: Sequence[Path]
) -> list[Kept]:
    """Whether the model keeps the order of versions of photos."""
    made = versions.MadeAnew(photos, distortions.find_preset(_PRESET.value))
    check = RankingCheck(
        made,
        crop_size=scorer.model.metadata.crop_size,
        seed=int(flags.FLAGS["seed"].value or 0),
    )
    return order_kept.measure(check.whole_photos(scorer.score_many))


class TooFewPhotosError(ValueError):
    """So few photos with human scores have a score that nothing can be said."""


def opinion_scores(
    scorer: scoring_flags.Scorer,
    data: datasets.DataSet,
    problems: list[PhotoError | str],
) -> OpinionScores:
    """Scores a data set; photos without a score are added to the problems.

    Those are photos that cannot be read, and photos whose score is no finite number.

    Raises:
        TooFewPhotosError: if fewer than two have a score.
    """

    def warn(photo: object, doubt: str) -> None:
        print(f"warning: {photo}: {doubt}", file=sys.stderr)

    paths = (photo.path for photo in data.photos)
    each = scorer.score_many(paths, warn=warn)
    scores = list(progress.over(each, len(data.photos), "score"))
    scored = []
    for photo, score in zip(data.photos, scores, strict=True):
        if isinstance(score, PhotoError):
            problems.append(score)
        elif not math.isfinite(score):
            problems.append(f"{photo.path}: the model's score of it is {score}")
        else:
            scored.append((photo, score))
    if len(scored) < 2:
        raise TooFewPhotosError(
            f"only {len(scored)} of {len(scores)} photos have a score: "
            f"{'; '.join(map(str, problems))}"
        )
    photos, readable = zip(*scored, strict=True)
    return OpinionScores(photos, np.array(readable))


def check_flags() -> None:
    """Raises a ValueError if flags do not go together."""
    if not _DATASET.value and not _PHOTOS.value:
        raise ValueError("give --dataset, --photos, or both: what to evaluate on")
    for flag in (_PREDICTIONS, _REPORT):
        if flag.value and not _DATASET.value:
            raise ValueError(f"--{flag.name} needs human scores: give --dataset too")
    distortions.find_preset(_PRESET.value)


def main(argv: list[str]) -> int:
    """Evaluates what the flags say and returns the exit code."""
    problems: list[PhotoError | str] = []
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        check_flags()
        data = read_photos() if _DATASET.value else None
        good = readable_photos(problems) if _PHOTOS.value else []
        scorer = _scorer()
        for path in (_PREDICTIONS.value, _REPORT.value):
            if path:
                whole_file.check(Path(path))  # Fails now if it cannot be written.
    except (ValueError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    try:
        result = opinion_scores(scorer, data, problems) if data else None
        kept = order_of_versions(scorer, good) if good else []
        for problem in problems:
            print(f"left out: {problem}", file=sys.stderr)
        found: dict[str, float] = {}
        if data and result:
            check_opinions(f"{data.name} that can be read", result.photos)
            metadata = scorer.model.metadata
            found |= report(result, data, metadata, kept, [*map(str, problems)])
        if kept:
            found |= order_kept.summary(kept, "test")
        show(found)
    except TooFewPhotosError as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    except ValueError as error:
        return program.fail(error, exit_codes.FAILED)
    return exit_codes.FAILED if problems else exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
