"""From photos to scores, whatever gives a crop its score: without TensorFlow."""

import dataclasses
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from distortions import cores
from distortions import photo_decoding
from distortions import photo_files
from distortions.photo_header import PhotoError

Photo = str | os.PathLike[str] | bytes | Image.Image | np.ndarray
Result = float | PhotoError

CROPS = ("grid", "whole", "random")  # What a photo is scored by; see `Model.score`.

# From a photo, uint8 [height, width, 3], to its crops, uint8 [n, side, side, 3].
Cut = Callable[[np.ndarray], np.ndarray]
# From crops to their scores, float32 [n].
ScoreCrops = Callable[[np.ndarray], np.ndarray]


class ScoreMany(Protocol):
    """What scores photos one after another: `score_many` of a model."""

    def __call__(
        self,
        photos: Iterable[Photo],
        *,
        warn: Callable[[Photo, str], None] | None = None,
    ) -> Iterator[Result]:
        """Yields for each photo in turn its score, or why it has none."""
        ...


def pixels(photo: Photo, *, warn: Callable[[str], None] | None = None) -> np.ndarray:
    """Gives the pixels of a photo of any kind.

    Args:
        photo: the path of a file, a file's bytes, a PIL image, or uint8 [height, width,
            3], RGB; of any size.
        warn: called with what is doubtful about a file, though it could be read.

    Returns:
        uint8 [height, width, 3].

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo.
        ValueError: if photo is none of these.
    """
    if isinstance(photo, bytes):
        return photo_decoding.decode(photo, warn=warn)
    if isinstance(photo, Image.Image):
        return photo_decoding.of_pillow(photo)
    if isinstance(photo, str | os.PathLike):
        return photo_files.read(Path(photo), warn=warn)
    array = np.asarray(photo)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[-1] != 3:
        raise ValueError(
            "a photo must be a path, a file's bytes, a PIL image, or uint8 [height, "
            f"width, 3], not {type(photo).__name__} of {array.dtype} "
            f"{list(array.shape)}"
        )
    if array.size == 0:
        raise ValueError(f"a photo must have pixels, not {list(array.shape)}")
    return array


def score(photo: Photo, *, cut: Cut, score_crops: ScoreCrops) -> float:
    """Scores one photo: the mean of its crops.

    Raises:
        PhotoError: as of `pixels`.
        ValueError: as of `pixels`.
    """
    return float(np.mean(score_crops(cut(pixels(photo)))))


def score_many(
    photos: Iterable[Photo],
    *,
    cut: Cut,
    score_crops: ScoreCrops,
    batch: int,
    warn: Callable[[Photo, str], None] | None = None,
) -> Iterator[Result]:
    """Scores photos one after another, decoded ahead, several at a time.

    Args:
        photos: as of `pixels`; taken one by one, a few ahead of the scores.
        cut: gives a photo's crops; called in threads.
        score_crops: gives them their scores; called in the thread that asks.
        batch: crops that are scored together, and a photo's more at most.
        warn: is called with a photo and what is doubtful about it, though it could be
            read, before its score is given.

    Yields:
        For each photo in turn its score, or the PhotoError that it gave.

    Raises:
        ValueError: as of `pixels`.
    """

    def prepare(photo: Photo) -> _Prepared:
        doubts: list[str] = []
        try:
            crops = cut(pixels(photo, warn=doubts.append))
        except PhotoError as error:
            return _Prepared(photo, error, doubts)
        return _Prepared(photo, crops, doubts)

    def scored(group: list[_Prepared]) -> Iterator[Result]:
        results = _score_group([each.crops for each in group], score_crops)
        for each, result in zip(group, results, strict=True):
            if warn:
                for doubt in each.doubts:
                    warn(each.photo, doubt)
            yield result

    waiting: list[_Prepared] = []
    count = 0
    for prepared in cores.ahead(prepare, photos):
        waiting.append(prepared)
        if isinstance(prepared.crops, np.ndarray):
            count += len(prepared.crops)
        if count >= batch:
            yield from scored(waiting)
            waiting, count = [], 0
    yield from scored(waiting)


@dataclasses.dataclass(frozen=True)
class _Prepared:
    """A photo's crops, or why it has none, and what is doubtful about it."""

    photo: Photo
    crops: np.ndarray | PhotoError
    doubts: Sequence[str]


def _score_group(
    group: list[np.ndarray | PhotoError], score_crops: ScoreCrops
) -> list[Result]:
    """Scores the crops of some photos in one pass; errors stay where they are."""
    cut = [each for each in group if isinstance(each, np.ndarray)]
    if not cut:
        return [each for each in group if not isinstance(each, np.ndarray)]
    scores = score_crops(np.concatenate(cut))
    parts = iter(np.split(scores, np.cumsum([len(each) for each in cut])[:-1]))
    return [
        float(np.mean(next(parts))) if isinstance(each, np.ndarray) else each
        for each in group
    ]
