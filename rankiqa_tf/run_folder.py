"""What a run reads and leaves: its data, split, and the papers of its folder."""

import dataclasses
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rankiqa_tf import assets
from rankiqa_tf import datasets
from rankiqa_tf import metrics
from rankiqa_tf.config import CSV
from rankiqa_tf.config import Config
from rankiqa_tf.data import decode
from rankiqa_tf.data import generated
from rankiqa_tf.data import references
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.stages import Split

_OPTIONS = "options.json"
_RESULTS = "results.json"


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of a run, each part None if the run has no use for it.

    Attributes:
        photos: paths to rank, or the names of the photos of a generated set.
        scored: photos with human scores.
    """

    photos: Split | None
    scored: Split | None

    def samples(self, count: int = 20) -> list[Path]:
        """Some photos to compare exports on: held-out ones first.

        They are photos that every export reads as Keras does: exports look neither
        at EXIF data nor at other kinds of file. Where the run has too few of them,
        the embedded photos.
        """
        paths = []
        if self.scored is not None:
            paths = [p.path for p in (*self.scored.held_out, *self.scored.training)]
        elif self.photos is not None:
            every = (*self.photos.held_out, *self.photos.training)
            paths = [photo for photo in every if isinstance(photo, Path)]
        plain = list(itertools.islice(filter(_is_plain, paths), count))
        return plain if len(plain) > 1 else references.embedded_photos()[:count]


def read_data(config: Config, workdir: Path) -> Data:
    """Finds, checks and splits what a run is trained on.

    Photos to rank that cannot be read are named and left out; a photo with a score
    that cannot be read is an error.

    Args:
        config: the options.
        workdir: of the run; an opinion table that is not there is made in it.

    Raises:
        ValueError: if there are too few photos, or the human scores are not as they
            should be.
    """
    photos = scored = None
    if config.ranks:
        to_rank = _photos_to_rank(config)
        if len(to_rank) < 2:
            raise ValueError(
                f"ranking needs at least 2 photos, one of them to hold out, and "
                f"{config.photos} has {len(to_rank)} that can be read"
            )
        photos = Split(
            *references.split(
                to_rank,
                holdout=config.holdout,
                seed=config.seed,
                groups=[Path(photo).name for photo in to_rank],
            )
        )
        if len(photos.training) < config.photos_per_batch:
            raise ValueError(
                f"photos_per_batch is {config.photos_per_batch}, but there are only "
                f"{len(photos.training)} photos to train on"
            )
    if config.finetunes:
        scored = _scored_photos(config, workdir)
        rows = [*scored.training, *scored.held_out]
        for purpose, part in (("train", scored.training), ("test", scored.held_out)):
            # Neither a variance nor a correlation can be had of fewer.
            if len({row.mos for row in part}) < 2:
                raise ValueError(
                    f"to {purpose} on, {config.scores_name} leaves {len(part)} of "
                    f"{len(rows)} photos; at least 2 with different scores are "
                    "needed: add photos, or change holdout"
                )
        problems = decode.unreadable([row.path for row in rows])
        if problems:
            raise ValueError(
                f"{len(problems)} of {len(rows)} photos of {config.scores_name} cannot "
                f"be read, the first being {next(iter(problems.values()))}"
            )
    return Data(photos, scored)


def check(workdir: Path, config: Config) -> None:
    """Checks that a run's folder is new, or holds a run with the same options.

    Raises:
        ValueError: if the folder holds a run with other options.
    """
    path, options = workdir / _OPTIONS, dataclasses.asdict(config)
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [
            f"{name} was {before.get(name)!r}, is {value!r}"
            for name, value in options.items()
            if before.get(name) != value
        ]
        if changed:
            raise ValueError(
                f"{workdir} holds a run with other options ({'; '.join(changed)}): "
                "choose another workdir, or the same options to go on"
            )


def claim(workdir: Path, config: Config) -> None:
    """Makes a run's folder, or takes up the run that is in it.

    Raises:
        ValueError: if the folder holds a run with other options.
    """
    try:
        workdir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"workdir must be a folder, made if need be, not {workdir}: "
            f"{error.strerror}"
        ) from None
    check(workdir, config)
    options = json.dumps(dataclasses.asdict(config), indent=2)
    _write(workdir / _OPTIONS, options)


def write_results(workdir: Path, figures: dict[str, float]) -> None:
    """Writes results.json, whole or not at all."""
    _write(workdir / _RESULTS, metrics.to_json(figures, indent=2))


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def _photos_to_rank(config: Config) -> Sequence[Path] | Sequence[str]:
    if not config.photos:
        return references.embedded_photos()
    if Path(config.photos).is_file():
        raise ValueError(f"photos must be a folder, not the file {config.photos}")
    if not generated.is_set(config.photos):
        return _without_broken(decode.find_photos([config.photos]))
    ranked_set = generated.Generated(config.photos)
    if ranked_set.preset != config.preset:
        raise ValueError(
            f"{config.photos} was generated with preset {ranked_set.preset}, not "
            f"{config.preset}: give it as preset"
        )
    config.batch_shape.check(len(ranked_set.names), ranked_set.num_levels)
    return ranked_set.contents


def _scored_photos(config: Config, workdir: Path) -> Split:
    if config.dataset == CSV:
        rows: Sequence[ScoredPhoto]
        rows = scores_csv.read(config.scores, config.scores_dir or None)
    else:
        folder = config.data_dir or _opinion_table(config, workdir)
        data_set = datasets.read(config.dataset, folder)
        rows = data_set.photos
        if data_set.official_split:
            # A part for validation is left aside: nothing is chosen by it here.
            training, _, test = data_set.official_split.divide(rows)
            return Split(training, test)
    return Split(
        *references.split(
            rows,
            holdout=config.holdout,
            seed=config.seed,
            groups=[row.reference for row in rows],
        )
    )


def _opinion_table(config: Config, workdir: Path) -> Path:
    """Finds the set for the opinion table, or makes it of the photos to rank."""
    if config.photos and generated.is_set(config.photos):
        return Path(config.photos)
    folder = workdir / "opinion_table"
    opinion_table.make(
        config.photos or Path(assets.__file__).parent / "photos",
        folder,
        crop=config.opinion_crop,
        seed=config.seed,
    )
    return folder


def _is_plain(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(decode.is_plain(file.read(1 << 16)))


def _without_broken(paths: Sequence[Path]) -> list[Path]:
    problems = decode.unreadable(paths)
    for problem in problems.values():
        print(f"left out: {problem}", file=sys.stderr)
    if problems:
        print(f"{len(problems)} of {len(paths)} photos left out", file=sys.stderr)
    return [path for path in paths if path not in problems]
