"""The photos that say most of a method: scored best and worst, closest and furthest."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from distortions.photo_header import PhotoError
from rankiqa_tf.data import decode
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.pages import small_photos

_SIDE = 176  # Pixels; shown at half of it to two thirds, so sharp on dense screens.
_QUALITY = 75


@dataclasses.dataclass(frozen=True)
class Pick:
    """A photo to show.

    Attributes:
        photo: the photo.
        score: as the method gave it.
        mapped: the score on the scale of opinions; None where no curve was fitted.
    """

    photo: ScoredPhoto
    score: float
    mapped: float | None


def pick(
    split: OpinionScores, mapped: np.ndarray | None, *, count: int
) -> dict[str, list[Pick]]:
    """Chooses photos to show.

    Args:
        split: the photos and their scores.
        mapped: the scores on the scale of opinions, [photos]; None where no curve was
            fitted, and then nothing can be said of distances.
        count: how many of each sort.

    Returns:
        The photos by what they are, the most so first: `highest` and `lowest` of all
        scores, and `furthest` from the opinion and `closest` to it.
    """
    scores = np.asarray(split.scores, float)
    orders = {"highest": -scores, "lowest": scores}
    if mapped is not None:
        errors = np.abs(mapped - [photo.mos for photo in split.photos])
        orders |= {"furthest": -errors, "closest": errors}
    return {
        name: [
            Pick(
                split.photos[place],
                float(scores[place]),
                None if mapped is None else float(mapped[place]),
            )
            # stable: photos of equal scores stand in the order of the data set.
            for place in np.argsort(keys, kind="stable")[:count]
        ]
        for name, keys in orders.items()
    }


def thumbnails(picks: Sequence[Pick]) -> dict[Path, str]:
    """Makes a small JPEG of each photo that can be read, as an address in itself.

    Returns:
        By path: `data:image/jpeg;base64,...`. Photos that are missing or cannot be
        read are left out.
    """
    found = {}
    for path in dict.fromkeys(chosen.photo.path for chosen in picks):
        try:
            photo = decode.read_photo(path)
        except PhotoError:
            continue
        found[path] = small_photos.address(photo, side=_SIDE, quality=_QUALITY)
    return found
