"""From photos to scores, whatever gives a crop its score: without TensorFlow."""

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


# From a photo, uint8 [height, width, 3], to its crops, uint8 [n, side, side, 3].
Cut = Callable[[Pixels], Pixels]
# From crops to their scores, float32 [n].
ScoreCrops = Callable[[Pixels], Scores]


@dataclasses.dataclass(frozen=True)
class ScoreMap:
    """Where a photo is good and where it is bad.

    Attributes:
        scores: float32 [rows, columns], of crops in a dense grid; higher is better.
        tops: int32 [rows], of each row of crops the first row of pixels, in the photo
            mirrored up to a crop where it is smaller (`crop_grid.pad_to`).
        lefts: int32 [columns], likewise.
        crop_size: side of the crops in pixels.
    """

    scores: Scores
    tops: npt.NDArray[np.int32]
    lefts: npt.NDArray[np.int32]
    crop_size: int


class ScoresPlaces(Protocol):
    """What scores each place of a photo: a model that makes maps."""

    @property
    def metadata(self) -> Metadata:
        """What is known of the model."""
        ...

    def check_map(self) -> None:
        """Checks that it can; raises a ValueError that says why not."""
        ...

    def score_map(self, photo: Photo, *, most_crops: int | None = None) -> ScoreMap:
        """Scores each place of a photo, as `score_map` does."""
        ...


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


def pixels(photo: Photo, *, warn: Callable[[str], None] | None = None) -> Pixels:
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


def score(photo: Photo, *, cut: Cut, score_crops: ScoreCrops, batch: int) -> float:
    """Scores one photo: the mean of its crops, of which `batch` are scored together.

    Raises:
        PhotoError: as of `pixels`.
        ValueError: as of `pixels`.
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
    """Scores each place of a photo.

    Args:
        photo: as of `pixels`. One that is smaller than a crop is mirrored up to it.
        crop_size: side of the crops in pixels.
        stride: pixels from one crop to the next; if None, a quarter of a crop.
        most_crops: if there were more crops, the stride grows until there are not; 4
            or more, which stand in the corners. If None, there are as many as it takes.
        score_crops: gives crops their scores.
        batch: crops that are scored together.

    Raises:
        PhotoError: as of `pixels`.
        ValueError: as of `pixels`, or if stride or most_crops is less than told.
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
    """Scores photos one after another, decoded ahead, several at a time.

    Args:
        photos: as of `pixels`; taken one by one, a few ahead of the scores.
        cut: gives a photo's crops; called in threads.
        score_crops: gives them their scores; called in the thread that asks.
        batch: crops that are scored together, at most.
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
    """A photo's crops, or why it has none, and what is doubtful about it."""

    photo: Photo
    crops: Pixels | PhotoError
    doubts: Sequence[str]


def _in_parts(score_crops: ScoreCrops, crops: Pixels, batch: int) -> Scores:
    """Scores crops, so many at once: a large photo has more than memory is to hold."""
    firsts = range(0, len(crops), batch)
    return np.concatenate([score_crops(crops[i : i + batch]) for i in firsts])


def _score_group(
    group: list[Pixels | PhotoError], score_crops: ScoreCrops, batch: int
) -> list[Result]:
    """Scores the crops of some photos together; errors stay where they are."""
    cut = [each for each in group if isinstance(each, np.ndarray)]
    if not cut:
        return [each for each in group if not isinstance(each, np.ndarray)]
    scores = _in_parts(score_crops, np.concatenate(cut), batch)
    parts = iter(np.split(scores, np.cumsum([len(each) for each in cut])[:-1]))
    return [
        float(np.mean(next(parts))) if isinstance(each, np.ndarray) else each
        for each in group
    ]
