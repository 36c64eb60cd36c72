"""Contact sheets: a photo under a preset, kinds down and levels across.

Distortions have to be judged at full resolution. So the photo is first reduced to the
size of TID2013's photos, for which the levels are meant, and then distorted; after that
nothing is resized, and a tile shows the middle of a distorted photo pixel by pixel.
"""

import itertools

import numpy as np
import tensorflow as tf
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

from distortions import _uint8
from distortions import progress
from distortions.registry import Preset
from distortions.registry import Row
from distortions.sets.version import version_seed

SHORT_SIDE = 384  # TID2013's photos have 512 x 384 pixels.

_GAP = 8
_LINE = 18  # Height of a line of text, and of one in small letters.
_SMALL_LINE = 14
_BACKGROUND = (255, 255, 255)
_INK = (0, 0, 0)
_FAINT_INK = (110, 110, 110)


def draw(photo: np.ndarray, preset: Preset, *, size: int, seed: int) -> Image.Image:
    """Draws the sheet.

    Args:
        photo: uint8 [height, width, 3], RGB.
        preset: its rows are drawn from top to bottom.
        size: side of a tile in pixels; less if the photo is smaller.
        seed: decides everything random.

    Returns:
        The sheet, in RGB. Each row starts with the photo. Below each tile are the
        parameters; left of each row are its name and what is known about the order of
        its levels.
    """
    photo = _reduced(photo, max(SHORT_SIDE, size))
    height, width = (min(size, side) for side in photo.shape[:2])
    font, small = ImageFont.load_default(14), ImageFont.load_default(11)
    captions = [
        [_wrapped(caption, small, width) for caption in _captions(row)]
        for row in preset.rows
    ]
    across = width + _GAP
    most_lines = [max(map(len, of_row)) for of_row in captions]
    downs = [height + _SMALL_LINE * lines + _GAP for lines in most_lines]
    tops = list(itertools.accumulate(downs, initial=_GAP + _LINE))
    lengths = [font.getlength(text) for row in preset.rows for text in _heading(row)]
    lengths += [small.getlength(_order(row)) for row in preset.rows]
    left = round(max(lengths)) + 2 * _GAP
    sides = left + across * (preset.num_levels + 1), tops[-1]
    sheet = Image.new("RGB", sides, _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for level in range(preset.num_levels + 1):
        title = f"level {level}" if level else "photo"
        pen.text((left + across * level, _GAP // 2), title, _INK, font)
    rows = list(zip(preset.rows, tops, captions, strict=False))
    for row, top, of_row in progress.over(rows, len(rows), "draw", unit="rows"):
        for line, text in enumerate(_heading(row)):
            pen.text((_GAP, top + _LINE * line), text, _INK, font)
        order = (_GAP, top + _LINE * len(_heading(row)))
        pen.text(order, _order(row), _FAINT_INK, small)
        for level, lines in enumerate(of_row):
            image = row.distort(
                _uint8.to_float(tf.constant(photo)),
                level,
                seed=version_seed(seed, "", row, level),
            )
            tile = _middle(_uint8.from_float(image).numpy(), height, width)
            place = left + across * level
            sheet.paste(Image.fromarray(tile), (place, top))
            for line, text in enumerate(lines):
                at = place, top + height + 1 + _SMALL_LINE * line
                pen.text(at, text, _FAINT_INK, small)
    return sheet


def _reduced(photo: np.ndarray, short_side: int) -> np.ndarray:
    """Returns the photo, reduced to this short side if it is larger."""
    height, width, _ = photo.shape
    scale = short_side / min(height, width)
    if scale >= 1:
        return photo
    sides = round(width * scale), round(height * scale)
    return np.asarray(Image.fromarray(photo).resize(sides, Image.Resampling.LANCZOS))


def _middle(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def _heading(row: Row) -> list[str]:
    """Returns the distortion's number and name."""
    return ([] if row.number is None else [f"#{row.number}"]) + [row.name]


def _captions(row: Row) -> list[str]:
    """Returns the parameters of each level, empty for the photo."""
    return [
        ", ".join(
            f"{name.replace('_', ' ')} {value:.4g}"
            for name, value in (row.arguments(level) if level else {}).items()
        )
        for level in range(len(row.parameters) + 1)
    ]


def _order(row: Row) -> str:
    """Describes the order of quality; empty if a higher level is worse."""
    if isinstance(row.policy, tuple):
        return "order known in part"
    return {
        "descending": "",
        "pristine_first": "order of levels not known",
        "unordered": "not ordered",
    }[row.policy]


def _wrapped(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[str]:
    """Breaks a text at commas into lines that fit the width."""
    lines = [""]
    for part in text.split(", "):
        longer = f"{lines[-1]}, {part}" if lines[-1] else part
        if lines[-1] and font.getlength(longer) > width:
            lines.append(part)
        else:
            lines[-1] = longer
    return lines
