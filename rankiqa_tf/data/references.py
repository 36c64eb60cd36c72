"""Reference photos: those the package carries, and how to hold some of them out."""

import atexit
import contextlib
import functools
from collections.abc import Hashable
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def embedded_photos() -> list[Path]:
    """Finds the sample photos that the package carries.

    They are pristine, their short side is 512 pixels, and their licence is CC0-1.0;
    `sources.csv` beside them names the source of each.

    Returns:
        The paths of the JPEG files, sorted by name. A package that is run from a
        zip file has them unpacked to temporary files, until Python ends.
    """
    return list(_embedded_photos())


@functools.cache
def _embedded_photos() -> tuple[Path, ...]:
    folder = resources.files("rankiqa_tf.assets") / "photos"
    photos = [entry for entry in folder.iterdir() if entry.name.endswith(".jpg")]
    photos.sort(key=lambda photo: photo.name)
    unpacked = contextlib.ExitStack()
    atexit.register(unpacked.close)
    return tuple(unpacked.enter_context(resources.as_file(photo)) for photo in photos)


def split(
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
        items: what to split; hashable where no groups are given.
        holdout: the share of the groups to hold out, more than 0 and less than 1.
            The count is rounded; at least one group is held out and one is left.
        seed: decides which groups are held out.
        groups: the group of each item, such as the reference photo of a distorted
            one. The items of a group fall on the same side. If None, each item is a
            group of its own, equal items together.

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
