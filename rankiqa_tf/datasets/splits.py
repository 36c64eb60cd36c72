"""Splits of a data set by reference: drawn, checked, and used to divide photos.

Photos of one reference, that is with one content, are on one side of a split: a network
that has seen a photo would recognise its distorted versions.
"""

import dataclasses
from collections import Counter
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Generic
from typing import TypeVar

import numpy as np

from rankiqa_tf.datasets.scored_photo import ScoredPhoto

T = TypeVar("T")
Part = TypeVar("Part")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split(Generic[Part]):
    """Data in two or three parts, of any type: names, photos, or made images.

    Attributes:
        training: the part to train on.
        held_out: the part to test on, which is never trained on.
        validation: the part to choose weights by; None or empty if there is none.
    """

    training: Part
    held_out: Part
    validation: Part | None = None


References = Split[tuple[str, ...]]  # The names of references in each part.


def of_references(
    *,
    training: Iterable[str],
    held_out: Iterable[str],
    validation: Iterable[str] = (),
) -> References:
    """Makes a split of references and checks it.

    Raises:
        ValueError: if there is no reference to train on or none held out, or if one
            occurs twice.
    """
    split = Split(
        training=tuple(training),
        held_out=tuple(held_out),
        validation=tuple(validation),
    )
    for name, part in (("training", split.training), ("held_out", split.held_out)):
        if not part:
            raise ValueError(f"the {name} part of a split has no reference")
    doubles = [name for name, count in Counter(_names(split)).items() if count > 1]
    if doubles:
        raise ValueError(
            f"{len(doubles)} references occur more than once in a split, the first "
            f"being {doubles[0]!r}; each must be in one part"
        )
    return split


def _names(split: References) -> tuple[str, ...]:
    return (*split.training, *(split.validation or ()), *split.held_out)


def check(split: References, photos: Sequence[ScoredPhoto]) -> None:
    """Checks that a split fits these photos.

    Raises:
        ValueError: if it names a reference that they do not have, or leaves one out.
    """
    there, named = {photo.reference for photo in photos}, set(_names(split))
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
    split: References, photos: Sequence[ScoredPhoto]
) -> Split[list[ScoredPhoto]]:
    """Divides photos by their references, in their order.

    Raises:
        ValueError: as for `check`.
    """
    check(split, photos)
    training, held_out, validation = (
        [photo for photo in photos if photo.reference in names]
        for names in map(set, (split.training, split.held_out, split.validation or ()))
    )
    return Split(training=training, held_out=held_out, validation=validation)


def draw(
    photos: Sequence[ScoredPhoto],
    *,
    count: int = 10,
    holdout: float = 0.2,
    seed: int = 0,
) -> list[References]:
    """Draws splits by reference; the defaults are those of the paper (Section 4).

    Args:
        photos: the photos of a data set; their order does not matter.
        count: the number of splits, drawn independently.
        holdout: the share of the references to test on, between 0 and 1; rounded.
        seed: decides the splits; 0 or more. A larger count begins with the same splits.

    Returns:
        Splits without a validation part, with names in alphabetical order.

    Raises:
        ValueError: if count is less than 1, or as for `hold_out`.
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more splits, not {count}")
    names = sorted({photo.reference for photo in photos})
    splits = []
    for number in range(count):
        # With seed + number, neighbouring seeds would share all splits but one.
        (drawn,) = np.random.SeedSequence((seed, number)).generate_state(1)
        training, held_out = hold_out(names, holdout=holdout, seed=int(drawn))
        splits.append(of_references(training=training, held_out=held_out))
    return splits


def hold_out(
    items: Sequence[T],
    *,
    holdout: float,
    seed: int,
    groups: Sequence[Hashable] | None = None,
) -> tuple[list[T], list[T]]:
    """Splits items into a training part and a held-out part, group by group.

    Which groups are held out depends on the groups and the seed, not on the order
    of the items.

    Args:
        items: the items to split; hashable if no groups are given.
        holdout: the share of the groups to hold out, more than 0 and less than 1.
            The count is rounded; at least one group is held out and one is left.
        seed: decides which groups are held out.
        groups: the group of each item, such as the reference photo of a distorted
            one. The items of a group are on the same side. If None, each item is its
            own group, and equal items are together.

    Returns:
        The training items and the held-out items, both in the order given.

    Raises:
        ValueError: if holdout is not between 0 and 1, if the number of groups given
            is not that of the items, or if there are fewer than two different groups.
    """
    if not 0 < holdout < 1:
        raise ValueError(f"holdout must be more than 0 and less than 1, not {holdout}")
    if groups is not None and len(groups) != len(items):
        raise ValueError(
            f"there must be one group an item, not {len(groups)} groups for "
            f"{len(items)} items"
        )
    group_of_item = list(items if groups is None else groups)
    # repr tells 1 from "1", which have the same str.
    distinct = sorted(set(group_of_item), key=lambda group: (str(group), repr(group)))
    if len(distinct) < 2:
        raise ValueError(
            "a split needs at least 2 different groups of items, one for each side, "
            f"not {len(distinct)}"
        )
    count = min(max(round(holdout * len(distinct)), 1), len(distinct) - 1)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(distinct))
    held_out_groups = {distinct[index] for index in order[:count]}
    training: list[T] = []
    held_out: list[T] = []
    for item, group in zip(items, group_of_item, strict=True):
        (held_out if group in held_out_groups else training).append(item)
    return training, held_out
