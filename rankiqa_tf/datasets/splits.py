"""Splits of a data set by reference: drawn, written to a file and read again.

Photos of one reference, that is of one content, stand on one side: a network that has
seen a photo would know its distorted versions again.
"""

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rankiqa_tf.data import references
from rankiqa_tf.datasets.scored_photo import ScoredPhoto


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split:
    """Which references are trained on, and which are held out.

    Attributes:
        training: names of references; one or more.
        test: names of references; one or more.
        validation: names of references; empty where there is no such part.

    Raises:
        ValueError: if a part is empty that may not be, or a reference stands twice.
    """

    training: tuple[str, ...]
    test: tuple[str, ...]
    validation: tuple[str, ...] = ()

    def __post_init__(self):
        for part in ("training", "test"):
            if not getattr(self, part):
                raise ValueError(f"the {part} part of a split has no reference")
        doubles = [
            name for name, count in Counter(self.references).items() if count > 1
        ]
        if doubles:
            raise ValueError(
                f"{len(doubles)} references stand more than once in a split, the first "
                f"being {doubles[0]!r}; each must stand in one part"
            )

    @property
    def references(self) -> tuple[str, ...]:
        """The references of all parts."""
        return (*self.training, *self.validation, *self.test)

    def check(self, photos: Sequence[ScoredPhoto]) -> None:
        """Checks that a split is one of these photos.

        Raises:
            ValueError: if it names a reference that they have not, or leaves one out.
        """
        there, named = {photo.reference for photo in photos}, set(self.references)
        for names, problem in (
            (named - there, "not in the data set"),
            (there - named, "in no part of the split"),
        ):
            if names:
                raise ValueError(
                    f"{len(names)} of {len(named | there)} references are {problem}, "
                    f"the first being {min(names)!r}; it is the split of other data"
                )

    def divide(
        self, photos: Sequence[ScoredPhoto]
    ) -> tuple[list[ScoredPhoto], list[ScoredPhoto], list[ScoredPhoto]]:
        """Divides photos into those of training, validation and test, in their order.

        Raises:
            ValueError: as `check` does.
        """
        self.check(photos)
        training, validation, test = (
            [photo for photo in photos if photo.reference in names]
            for names in map(set, (self.training, self.validation, self.test))
        )
        return training, validation, test


def draw(
    photos: Sequence[ScoredPhoto],
    *,
    count: int = 10,
    holdout: float = 0.2,
    seed: int = 0,
) -> list[Split]:
    """Draws splits by reference; the defaults are those of the paper (Section 4).

    Args:
        photos: those of a data set; their order does not matter.
        count: how many splits, each drawn anew.
        holdout: the share of the references to test on, between 0 and 1; rounded.
        seed: decides them, 0 or more. The first few of a larger count are the same.

    Returns:
        Splits without a validation part; names are in the order of the alphabet.

    Raises:
        ValueError: if count is not 1 or more, or as `references.split` does.
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more splits, not {count}")
    names = sorted({photo.reference for photo in photos})
    splits = []
    for number in range(count):
        # Not seed + number: the splits of two seeds would be nearly the same.
        (drawn,) = np.random.SeedSequence((seed, number)).generate_state(1)
        training, test = references.split(names, holdout=holdout, seed=int(drawn))
        splits.append(Split(training=tuple(training), test=tuple(test)))
    return splits


def write(path: str | os.PathLike[str], splits: Sequence[Split]) -> None:
    """Writes splits to a JSON file, so that `read` gives them back."""
    text = json.dumps({"splits": [dataclasses.asdict(split) for split in splits]})
    Path(path).write_text(text + "\n", encoding="utf-8")


def read(path: str | os.PathLike[str], photos: Sequence[ScoredPhoto]) -> list[Split]:
    """Reads splits from a JSON file and checks that they are those of these photos.

    Args:
        path: `{"splits": [{"training": [names], "test": [names]}, ...]}`, where a split
            may also have "validation".
        photos: those of the data set that was split.

    Returns:
        The splits, one or more.

    Raises:
        ValueError: if the file is missing or of another form, if a reference stands on
            both sides, or if the references are not those of the photos.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file of splits {path}")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["splits"]
        splits = [_split(entry) for entry in entries]
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a JSON file of splits, each with lists of references named "
            f"training and test: {error!r}"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not splits:
        raise ValueError(f"{path} has no split; 1 or more are needed")
    for number, split in enumerate(splits, start=1):
        try:
            split.check(photos)
        except ValueError as error:
            raise ValueError(f"{path}, split {number}: {error}") from error
    return splits


def _split(entry: Any) -> Split:
    if not isinstance(entry, dict):
        raise TypeError(f"{entry!r} is not a split")
    for part, names in entry.items():
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise TypeError(f"{part} is not a list of texts")
    return Split(**{part: tuple(names) for part, names in entry.items()})
