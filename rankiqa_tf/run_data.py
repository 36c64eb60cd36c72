"""The data of a run: found, checked and split before the slow part."""

import dataclasses
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from rankiqa_tf import assets
from rankiqa_tf import datasets
from rankiqa_tf.config import CSV
from rankiqa_tf.config import Config
from rankiqa_tf.data import decode
from rankiqa_tf.data import generated
from rankiqa_tf.data import references
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.stages import Split


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


def read(config: Config, workdir: Path) -> Data:
    """Reads what a run is trained on, and splits it.

    Args:
        config: the options.
        workdir: of the run; an opinion table that is not there is made in it.

    Raises:
        ValueError: if there are too few photos, or the human scores are not as they
            should be.
    """
    photos = photos_to_rank(config) if config.ranks else None
    scored = None
    if config.finetunes:
        data = data_set(config, workdir)
        scored = _split(data, config)
        check_parts(scored, config)
        check_readable(data.photos, config)
    return Data(photos, scored)


def photos_to_rank(config: Config) -> Split:
    """Finds the photos to rank; those that cannot be read are named and left out.

    Raises:
        ValueError: if there are too few.
    """
    photos = _find_photos(config)
    if len(photos) < 2:
        raise ValueError(
            f"ranking needs at least 2 photos, one of them to hold out, and "
            f"{config.photos} has {len(photos)} that can be read"
        )
    training, held_out = references.split(
        photos,
        holdout=config.holdout,
        seed=config.seed,
        groups=[Path(photo).name for photo in photos],
    )
    if len(training) < config.photos_per_batch:
        raise ValueError(
            f"photos_per_batch is {config.photos_per_batch}, but there are only "
            f"{len(training)} photos to train on"
        )
    return Split(training, held_out)


def data_set(config: Config, workdir: Path) -> datasets.DataSet:
    """Reads the human scores that the options name, each photo's file being there.

    Raises:
        ValueError: if they are not as they should be.
    """
    if config.dataset != CSV:
        folder = config.data_dir or _opinion_table(config, workdir)
        return datasets.read(config.dataset, folder)
    photos = scores_csv.read(config.scores, config.scores_dir or None)
    opinions = [photo.mos for photo in photos]
    return datasets.DataSet(
        name=config.scores_name,
        photos=tuple(photos),
        scale=(min(opinions), max(opinions)),
        official_split=None,
    )


def divide(data: datasets.DataSet, split: splits.Split) -> Split:
    """Divides a data set's photos; a part for validation is left aside.

    Raises:
        ValueError: if the split is one of other photos.
    """
    training, _, held_out = split.divide(data.photos)
    return Split(training, held_out)


def check_readable(photos: Sequence[ScoredPhoto], config: Config) -> None:
    """Checks that scored photos can be read.

    Raises:
        ValueError: if one cannot.
    """
    if config.dataset == "opinion_table":
        return  # We made its files, and their lengths were compared as it was read.
    problems = decode.unreadable([photo.path for photo in photos])
    if problems:
        raise ValueError(
            f"{len(problems)} of {len(photos)} photos of {config.scores_name} cannot "
            f"be read, the first being {next(iter(problems.values()))}"
        )


def check_parts(photos: Split, config: Config) -> None:
    """Checks that a split of scored photos can be trained and tested on.

    Raises:
        ValueError: if a part has too few photos.
    """
    count = len(photos.training) + len(photos.held_out)
    for purpose, part in (("train", photos.training), ("test", photos.held_out)):
        # Neither a variance nor a correlation can be had of fewer.
        if len({photo.mos for photo in part}) < 2:
            raise ValueError(
                f"to {purpose} on, {config.scores_name} leaves {len(part)} of {count} "
                "photos; at least 2 with different scores are needed: add photos, or "
                "change holdout"
            )


def _find_photos(config: Config) -> Sequence[Path] | Sequence[str]:
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
    config.check_batches(len(ranked_set.names), ranked_set.num_levels)
    return ranked_set.contents


def _split(data: datasets.DataSet, config: Config) -> Split:
    if data.official_split:
        return divide(data, data.official_split)
    return Split(
        *references.split(
            data.photos,
            holdout=config.holdout,
            seed=config.seed,
            groups=[photo.reference for photo in data.photos],
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
