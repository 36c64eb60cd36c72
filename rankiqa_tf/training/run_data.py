"""Finding, checking and splitting a run's data before anything slow starts."""

import dataclasses
import os
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import distortions
from distortions import photo_files
from distortions import unread_kinds
from rankiqa_tf import assets
from rankiqa_tf import datasets
from rankiqa_tf.config import Config
from rankiqa_tf.data import decode
from rankiqa_tf.data import generated
from rankiqa_tf.data import references
from rankiqa_tf.data import service
from rankiqa_tf.data import versions
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.training.stages import finetuning


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ranked:
    """Photos to rank.

    Attributes:
        versions: versions of the training photos, and of the held-out ones.
        files: the photos, held-out ones first; empty if they come from a generated set.
        fingerprint: their sizes by name.
    """

    versions: Split[Versions]
    files: tuple[Path, ...]
    fingerprint: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of a run; a part the run does not use is None.

    Attributes:
        ranked: photos to rank, or whose versions are to stay in order.
        scored: photos with human scores.
    """

    ranked: Ranked | None
    scored: Split[list[ScoredPhoto]] | None

    def samples(self, count: int = 20) -> list[Path]:
        """Returns photos to compare exports on, held-out ones first; none for a set."""
        if self.scored is not None:
            photos = (*self.scored.held_out, *self.scored.training)
            return [photo.path for photo in photos[:count]]
        return list(self.ranked.files[:count]) if self.ranked else []

    def step_sizes(self, config: Config) -> list[int]:
        """Returns the number of images per step of each stage the options ask for."""
        if self.ranked is None:
            return config.step_sizes(0, 0)
        versions = self.ranked.versions.training
        return config.step_sizes(len(versions.names), versions.num_levels)

    def fingerprint(self) -> dict[str, Mapping[str, Any]]:
        """Returns what identifies the data when a run is resumed.

        Returns:
            "photos": their sizes by name; "scored photos": sizes and MOS by name. Names
            are paths relative to the photos' common folder.
        """
        found: dict[str, Mapping[str, Any]] = {}
        if self.ranked is not None:
            found["photos"] = self.ranked.fingerprint
        if self.scored is not None:
            found["scored photos"] = fingerprint_of_scores(
                [
                    *self.scored.training,
                    *_validation(self.scored),
                    *self.scored.held_out,
                ]
            )
        return found


def read(config: Config, workdir: Path) -> Data:
    """Reads and splits the data of a run.

    Args:
        config: the options.
        workdir: of the run; an opinion table that does not exist yet is made in it.

    Raises:
        ValueError: if there are too few photos, the human scores are invalid, or the
            options name a data service that does not answer or cannot make the batches.
    """
    ranked = photos_to_rank(config) if config.has_photos else None
    scored = None
    if config.finetunes:
        data = data_set(config, workdir)
        scored = _split(data, config)
        check_parts(scored, config)
        check_readable(data.photos, config)
    return Data(ranked, scored)


def photos_to_rank(config: Config) -> Ranked:
    """Finds the photos to rank; reports and leaves out those that cannot be read.

    Raises:
        ValueError: if there are too few, or the data service the options name cannot
            make their versions.
    """
    # Otherwise only the last layer is fitted to them, in this process.
    by_service = bool(config.data_service) and (config.ranks or config.kept_crops > 0)
    if by_service:
        service.Service(config.data_service).check()
        _check_kinds(config)
    if config.photos and generated.is_set(config.photos):
        return _generated(config)
    if Path(config.photos).is_file():
        raise ValueError(f"photos must be a folder, not the file {config.photos}")
    files = references.embedded_photos()
    if config.photos:
        files = _without_broken(_found(config.photos))
    training, held_out = _hold_out(files, [file.name for file in files], config)
    preset = config.chosen_preset()
    if by_service:
        service.Service(config.data_service).check_reads(training[0])
    return Ranked(
        versions=Split(
            training=versions.MadeAnew(training, preset, in_graph=by_service),
            held_out=versions.MadeAnew(held_out, preset),
        ),
        files=(*held_out, *training),
        fingerprint=dict(
            zip(_names(files), (file.stat().st_size for file in files), strict=True)
        ),
    )


def _check_kinds(config: Config) -> None:
    """Checks that a data service can make the versions of the photos."""
    if config.photos and generated.is_set(config.photos):
        raise ValueError(
            f"{config.photos} is a generated set, whose images are read, not made: "
            "leave data_service out"
        )
    preset = config.chosen_preset()
    refused = service.kinds_in_python(preset)
    if refused:
        others = ",".join(row.name for row in preset.rows if row.name not in refused)
        leave = f"leave them out by --distortions={others}, " if others else ""
        raise ValueError(
            f"data_service cannot make {', '.join(refused)} of preset {config.preset}, "
            f"which call Python: {leave}leave data_service out, or make a set of the "
            "photos once by python -m distortions.generate, and give that as photos "
            "without data_service"
        )


def _generated(config: Config) -> Ranked:
    if config.distortions:
        raise ValueError(
            f"{config.photos} is a set of the distortions that it was made of: leave "
            "distortions out, or make another by distortions.generate --distortions"
        )
    every = generated.Generated(config.photos)
    if config.strengths == "any":
        raise ValueError(
            f"{config.photos} holds images made at the levels of {every.preset}: for "
            "strengths any give the photos themselves"
        )
    preset = distortions.find_preset(config.preset)
    if every.preset != preset.name:
        raise ValueError(
            f"{config.photos} was generated with preset {every.preset}, not "
            f"{config.preset}: give it as preset"
        )
    config.check_batches(len(every.names), every.num_levels)
    names = [Path(content).name for content in every.contents]
    training, held_out = _hold_out(every.contents, names, config)
    return Ranked(
        versions=Split(
            training=generated.Generated(config.photos, training),
            held_out=generated.Generated(config.photos, held_out),
        ),
        files=(),
        fingerprint=every.sizes,
    )


def _hold_out(
    photos: Sequence[splits.T], groups: Sequence[str], config: Config
) -> tuple[list[splits.T], list[splits.T]]:
    if len(photos) < 2:
        raise ValueError(
            f"ranking needs at least 2 photos, one of them to hold out, and "
            f"{config.photos} has {len(photos)} that can be read"
        )
    training, held_out = splits.hold_out(
        photos, holdout=config.holdout, seed=config.seed, groups=groups
    )
    if len(training) < config.photos_per_batch:
        raise ValueError(
            f"photos_per_batch is {config.photos_per_batch}, but there are only "
            f"{len(training)} photos to train on"
        )
    return training, held_out


def data_set(config: Config, workdir: Path) -> datasets.DataSet:
    """Reads the human scores the options name; all their photos have to exist.

    Raises:
        ValueError: if they are invalid.
    """
    folder = config.data_dir
    if config.dataset == "opinion_table":
        folder = folder or str(_opinion_table(config, workdir))
    return datasets.read_any(config.dataset, folder, scale=config.scale)


def check_readable(photos: Sequence[ScoredPhoto], config: Config) -> None:
    """Checks that scored photos can be read, also by the data service if there is one.

    Raises:
        ValueError: if a photo cannot be read, or the service does not answer.
    """
    if config.data_service:
        workers = service.Service(config.data_service)
        workers.check()
        workers.check_reads(photos[0].path)
        decode.Ways([photo.path for photo in photos])
    if config.dataset == "opinion_table":
        return  # We wrote its files, and their lengths were compared when it was read.
    problems = decode.unreadable([photo.path for photo in photos])
    if problems:
        raise ValueError(
            f"{len(problems)} of {len(photos)} photos of {config.dataset_name} cannot "
            f"be read, the first being {next(iter(problems.values()))}"
        )


def check_parts(photos: Split[list[ScoredPhoto]], config: Config) -> None:
    """Checks that every part of a split has enough scored photos.

    Raises:
        ValueError: if a part has too few photos, including the validation part if the
            options ask for one.
    """
    photos = finetuning.with_validation(photos, config)
    purposes = {"train on": photos.training, "test on": photos.held_out}
    if validation := _validation(photos):
        purposes["choose weights by"] = validation
    count = sum(map(len, purposes.values()))
    for purpose, part in purposes.items():
        # A variance or correlation needs at least two different scores.
        if len({photo.mos for photo in part}) < 2:
            raise ValueError(
                f"to {purpose}, {config.dataset_name} leaves {len(part)} of {count} "
                "photos; at least 2 with different scores are needed: add photos, or "
                "change holdout or validation"
            )


def fingerprint_of_scores(photos: Sequence[ScoredPhoto]) -> dict[str, Any]:
    """Returns sizes and MOS by name, for photos with human scores."""
    return {
        name: [photo.path.stat().st_size, photo.mos]
        for name, photo in zip(_names([p.path for p in photos]), photos, strict=True)
    }


def _names(paths: Sequence[Path]) -> list[str]:
    """Returns paths relative to the photos' common folder, which may be moved."""
    # A set of parent folders: there are fewer of them than photos.
    root = os.path.commonpath({path.absolute().parent for path in paths})
    return [path.absolute().relative_to(root).as_posix() for path in paths]


def _validation(photos: Split[list[ScoredPhoto]]) -> list[ScoredPhoto]:
    return photos.validation or []


def _split(data: datasets.DataSet, config: Config) -> Split[list[ScoredPhoto]]:
    if data.official_split:
        return splits.divide(data.official_split, data.photos)
    training, held_out = splits.hold_out(
        data.photos,
        holdout=config.holdout,
        seed=config.seed,
        groups=[photo.reference for photo in data.photos],
    )
    return Split(training=training, held_out=held_out)


def _opinion_table(config: Config, workdir: Path) -> Path:
    """Finds the set for the opinion table, or generates it from the photos to rank."""
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


def _found(folder: str) -> list[Path]:
    found = photo_files.search([folder])
    if found.passed_over:
        print(unread_kinds.passed_over(found.passed_over), file=sys.stderr)
    if found.problems:
        raise ValueError(found.problems[0])
    return list(found.photos)


def _without_broken(paths: Sequence[Path]) -> list[Path]:
    problems = decode.unreadable(paths)
    for problem in problems.values():
        print(f"left out: {problem}", file=sys.stderr)
    if problems:
        print(f"{len(problems)} of {len(paths)} photos left out", file=sys.stderr)
    return [path for path in paths if path not in problems]
