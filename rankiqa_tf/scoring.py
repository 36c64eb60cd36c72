"""Scoring photos with any model that scores crops; does not import TensorFlow."""

import dataclasses
import math
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from distortions import cores
from distortions import photo_decoding
from distortions import photo_files
from distortions.photo_header import PhotoError
from rankiqa_tf.data import crop_grid
from rankiqa_tf.metadata import Metadata

Pixels = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.float32]
Photo = str | os.PathLike[str] | bytes | Image.Image | Pixels
Result = float | PhotoError

# Cuts a photo, uint8 [height, width, 3], into crops, uint8 [n, side, side, 3].
Cut = Callable[[Pixels], Pixels]
# Scores crops; returns float32 [n].
ScoreCrops = Callable[[Pixels], Scores]


@dataclasses.dataclass(frozen=True)
class ScoreMap:
    """The scores of a dense grid of crops: where a photo is good and where it is bad.

    Attributes:
        scores: float32 [rows, columns]; higher is better.
        tops: int32 [rows], the first row of pixels of each row of crops. Where the
            photo is smaller than a crop, positions are in the padded photo
            (`crop_grid.pad_to`).
        lefts: int32 [columns], likewise for the columns.
        crop_size: side of the crops in pixels.
    """

    scores: Scores
    tops: npt.NDArray[np.int32]
    lefts: npt.NDArray[np.int32]
    crop_size: int


class ScoresPlaces(Protocol):
    """A model that can score every part of a photo."""

    @property
    def metadata(self) -> Metadata:
        """The model's metadata."""
        ...

    def check_map(self) -> None:
        """Raises a ValueError that says why, if the model cannot make score maps."""
        ...

    def score_map(self, photo: Photo, *, most_crops: int | None = None) -> ScoreMap:
        """Scores every part of a photo; see `score_map`."""
        ...


class ScoreMany(Protocol):
    """The `score_many` method of a model."""

    def __call__(
        self,
        photos: Iterable[Photo],
        *,
        warn: Callable[[Photo, str], None] | None = None,
    ) -> Iterator[Result]:
        """Yields for each photo in order its score, or the error that prevented one."""
        ...


def pixels(photo: Photo, *, warn: Callable[[str], None] | None = None) -> Pixels:
    """Returns the pixels of a photo given in any accepted form.

    Args:
        photo: the path of a file, a file's bytes, a PIL image, or uint8 [height, width,
            3], RGB; of any size.
        warn: called with a warning if a file could be read but looks faulty.

    Returns:
        uint8 [height, width, 3].

    Raises:
        PhotoError: if the file is missing, or cannot be read as a photo.
        ValueError: if photo is none of the above.
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


def score(photo: Photo, *, cut: Cut, score_crops: ScoreCrops, batch: int) -> float:
    """Scores one photo as the mean of its crops' scores, `batch` crops at a time.

    Raises:
        PhotoError: as for `pixels`.
        ValueError: as for `pixels`.
    """
    return float(np.mean(_in_parts(score_crops, cut(pixels(photo)), batch)))


def score_map(
    photo: Photo,
    *,
    crop_size: int,
    stride: int | None,
    most_crops: int | None,
    score_crops: ScoreCrops,
    batch: int,
) -> ScoreMap:
    """Scores every part of a photo.

    Args:
        photo: as for `pixels`. A photo smaller than a crop is padded by mirroring.
        crop_size: side of the crops in pixels.
        stride: pixels from one crop to the next; if None, a quarter of a crop.
        most_crops: maximum number of crops, 4 or more (the corners); the stride grows
            to stay within it. If None, there is no limit.
        score_crops: scores crops.
        batch: number of crops scored together.

    Raises:
        PhotoError: as for `pixels`.
        ValueError: as for `pixels`, or if stride is less than 1 or most_crops less than
            4.
    """
    step = max(crop_size // 4, 1) if stride is None else stride
    if step < 1:
        raise ValueError(f"stride must be 1 pixel or more, not {stride}")
    if most_crops is not None and most_crops < 4:
        raise ValueError(f"most_crops must be 4 or more, not {most_crops}")
    padded = crop_grid.pad_to(pixels(photo), crop_size)
    while True:
        tops, lefts = (
            crop_grid.dense_offsets(side, crop_size, step) for side in padded.shape[:2]
        )
        if most_crops is None or len(tops) * len(lefts) <= most_crops:
            break
        step = math.ceil(step * 1.1)
    places = [(top, left) for top in tops for left in lefts]
    scores = [
        score_crops(
            np.stack(
                [
                    padded[top : top + crop_size, left : left + crop_size]
                    for top, left in places[first : first + batch]
                ]
            )
        )
        for first in range(0, len(places), batch)
    ]
    grid = np.concatenate(scores).reshape(len(tops), len(lefts))
    return ScoreMap(grid, tops, lefts, crop_size)


def score_many(
    photos: Iterable[Photo],
    *,
    cut: Cut,
    score_crops: ScoreCrops,
    batch: int,
    warn: Callable[[Photo, str], None] | None = None,
) -> Iterator[Result]:
    """Scores photos in order, decoding several ahead in parallel.

    Args:
        photos: as for `pixels`; consumed lazily, a few ahead of the scores.
        cut: cuts a photo into crops; called in threads.
        score_crops: scores crops; called in the caller's thread.
        batch: maximum number of crops scored together.
        warn: called with a photo and a warning about it, before its score is yielded,
            if the photo could be read but looks faulty.

    Yields:
        For each photo in order, its score or the PhotoError explaining why it has none.

    Raises:
        ValueError: as for `pixels`.
    """

    def prepare(photo: Photo) -> _Prepared:
        doubts: list[str] = []
        try:
            crops = cut(pixels(photo, warn=doubts.append))
        except PhotoError as error:
            return _Prepared(photo, error, doubts)
        return _Prepared(photo, crops, doubts)

    def scored(group: list[_Prepared]) -> Iterator[Result]:
        results = _score_group([each.crops for each in group], score_crops, batch)
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
    """A photo's crops or the error that prevented them, and any warning about it."""

    photo: Photo
    crops: Pixels | PhotoError
    doubts: Sequence[str]


def _in_parts(score_crops: ScoreCrops, crops: Pixels, batch: int) -> Scores:
    """Scores crops a batch at a time, since all crops of a large photo may not fit."""
    firsts = range(0, len(crops), batch)
    return np.concatenate([score_crops(crops[i : i + batch]) for i in firsts])


def _score_group(
    group: list[Pixels | PhotoError], score_crops: ScoreCrops, batch: int
) -> list[Result]:
    """Scores the crops of several photos together; errors stay in their places."""
    cut = [each for each in group if isinstance(each, np.ndarray)]
    if not cut:
        return [each for each in group if not isinstance(each, np.ndarray)]
    scores = _in_parts(score_crops, np.concatenate(cut), batch)
    parts = iter(np.split(scores, np.cumsum([len(each) for each in cut])[:-1]))
    return [
        float(np.mean(next(parts))) if isinstance(each, np.ndarray) else each
        for each in group
    ]
