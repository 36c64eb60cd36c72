"""Colours over a photo that show where it is good and where it is bad.

The photo is grey under the colours of viridis, which the colour-blind can read: low
scores are dark violet, high ones yellow. Crops overlap: a pixel's score is a weighted
mean of those of the crops that contain it, with weights that fall off from each crop's
centre as a raised cosine along each side. So the score changes smoothly, and at the
photo's edges it is that of the outermost crops. If crops are more than half their side
apart, as `most_crops` allows, the cosine extends to the centres of neighbouring crops.

The colours span the scale of the model's scores if it is known, so that maps can be
compared; otherwise they span the map's own range, and maps cannot be compared.
"""

import dataclasses
import functools
from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image
from PIL import ImageOps

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scoring import ScoreMap

# A photo of 24 megapixels would have 7,000 crops, and take minutes.
MOST_CROPS = 256

_COLOURS = "viridis"
_OPACITY = 0.65  # Of the colours over the photo.
_GREYS = (32, 192)  # Colours over black or white would be indistinguishable.


@dataclasses.dataclass(frozen=True)
class ColourRange:
    """The range of scores that the colours span.

    Attributes:
        low: the score of the first colour, also used for lower scores.
        high: the score of the last colour, also used for higher scores.
        meaning: what these two are, in words.
    """

    low: float
    high: float
    meaning: str

    def share(self, scores: np.ndarray | float) -> np.ndarray:
        """Maps scores from low..high to 0..1; to the middle if both are equal."""
        if not self.low < self.high:
            return np.full_like(scores, 0.5)
        return np.clip((scores - self.low) / (self.high - self.low), 0, 1)


@dataclasses.dataclass(frozen=True)
class Extreme:
    """The lowest or highest scoring crop of a map.

    Attributes:
        score: of the crop.
        left: its left edge, as a fraction of the photo's width, 0 to 1.
        top: its upper edge, as a fraction of the height.
        right: its right edge, as a fraction of the width.
        bottom: its lower edge, as a fraction of the height.
    """

    score: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def whereabouts(self) -> str:
        """Returns the position of its centre in words, such as "upper left"."""
        down = int(3 * (self.top + self.bottom) / 2)
        across = int(3 * (self.left + self.right) / 2)
        words = ("upper", "", "lower")[down], ("left", "", "right")[across]
        return " ".join(filter(None, words)) or "middle"


def colour_range(found: ScoreMap, metadata: Metadata) -> ColourRange:
    """Returns the range that a map's colours span: the model's scale, or its own."""
    if metadata.scale is None:
        low, high = float(found.scores.min()), float(found.scores.max())
        return ColourRange(low, high, "the lowest to the highest score of this photo")
    low, high = metadata.scale
    of = f", {metadata.scale_of}" if metadata.scale_of else ""
    return ColourRange(low, high, f"the scale from {low:g} to {high:g}{of}")


def place_scores(
    found: ScoreMap, photo: Sequence[int], picture: Sequence[int]
) -> np.ndarray:
    """Returns the score of each pixel of a picture.

    Args:
        found: the map of the photo.
        photo: height and width of the photo in pixels.
        picture: height and width of the picture of it.

    Returns:
        float32 [height, width] of the picture; between the lowest and the highest score
        of the map.
    """
    down, across = (
        _weights(offsets, found.crop_size, side, pixels)
        for offsets, side, pixels in zip(
            (found.tops, found.lefts), photo, picture, strict=True
        )
    )
    return down @ found.scores.astype(np.float32) @ across.T


def overlay(
    photo: np.ndarray, found: ScoreMap, colours: ColourRange, *, longest: int
) -> np.ndarray:
    """Draws the colours of a map over its photo.

    Args:
        photo: uint8 [height, width, 3].
        found: the map of the photo.
        colours: the range of scores they span.
        longest: maximum length of the longer side; the photo is never enlarged.

    Returns:
        uint8 [height, width, 3].
    """
    image = Image.fromarray(photo)
    image.thumbnail((longest, longest))
    stretched = np.asarray(ImageOps.autocontrast(image.convert("L"), 0.5))
    grey = np.interp(stretched, [0, 255], _GREYS)[..., np.newaxis]
    scores = place_scores(found, photo.shape[:2], grey.shape[:2])
    return _over(grey, np.rint(colours.share(scores) * 255).astype(int))


def legend_colours() -> np.ndarray:
    """Returns the colours over medium grey, for legends: uint8 [256, 3]."""
    return _over(np.full((256, 1), sum(_GREYS) / 2), np.arange(256))


def extremes(found: ScoreMap, photo: Sequence[int]) -> tuple[Extreme, Extreme]:
    """Returns the lowest and highest crop of a map; `photo` is height and width."""

    def crop(place: int) -> Extreme:
        row, column = divmod(place, found.scores.shape[1])
        (top, bottom), (left, right) = (
            _edges(int(offset), found.crop_size, side)
            for offset, side in zip(
                (found.tops[row], found.lefts[column]), photo, strict=True
            )
        )
        return Extreme(float(found.scores[row, column]), left, top, right, bottom)

    return crop(int(found.scores.argmin())), crop(int(found.scores.argmax()))


def _over(grey: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Blends colours with grey.

    Args:
        grey: 0 to 255 [..., 1].
        places: indices in the table of colours, 0 to 255 [...].

    Returns:
        uint8 [..., 3].
    """
    return np.rint(_OPACITY * _table()[places] + (1 - _OPACITY) * grey).astype(np.uint8)


@functools.cache
def _table() -> np.ndarray:
    """Returns the colours from low to high: uint8 [256, 3]."""
    colours = matplotlib.colormaps[_COLOURS](np.arange(256), bytes=True)
    return np.asarray(colours)[:, :3]


def _weights(offsets: np.ndarray, size: int, side: int, pixels: int) -> np.ndarray:
    """Returns the weight of each crop for each pixel along one side.

    Args:
        offsets: of the crops, in the photo padded to a crop.
        size: of a crop.
        side: of the photo.
        pixels: number of pixels of the picture along it.

    Returns:
        float32 [pixels, crops]; each row sums to 1.
    """
    places = (np.arange(pixels) + 0.5) * side / pixels
    middles = offsets + size / 2 - _mirrored(size, side)
    reach = max(size / 2, *np.diff(offsets), 0)
    distances = np.abs(places[:, np.newaxis] - middles) / reach
    weights = np.where(distances < 1, 1 + np.cos(np.pi * distances), 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _edges(offset: int, size: int, side: int) -> tuple[float, float]:
    """Returns where a crop starts and ends along a side, as fractions of the photo."""
    start = offset - _mirrored(size, side)
    return max(start, 0) / side, min(start + size, side) / side


def _mirrored(size: int, side: int) -> int:
    """Returns how many pixels `crop_grid.pad_to` adds before a photo."""
    return max(size - side, 0) // 2
