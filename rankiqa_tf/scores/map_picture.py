"""Pictures of heat maps, with the lowest and highest crop framed, and a legend."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.pages.drawing import Axis
from rankiqa_tf.scores import heat_map
from rankiqa_tf.scores.heat_map import ColourRange
from rankiqa_tf.scoring import ScoreMap

_LONGEST = 1600  # Pixels.
_NARROWEST = 420  # Pixels, to leave room for the legend.
_PAPER, _INK = (255, 255, 255), (32, 36, 40)


def draw(photo: np.ndarray, found: ScoreMap, metadata: Metadata) -> Image.Image:
    """Draws a heat map with its legend below.

    Args:
        photo: uint8 [height, width, 3]; shown smaller if it is large.
        found: the map of the photo.
        metadata: of the model, with its scale.
    """
    colours = heat_map.colour_range(found, metadata)
    picture = framed(photo, found, colours, longest=_LONGEST)
    width = max(picture.width, _NARROWEST)
    legend = _legend(found, colours, width)
    sheet = Image.new("RGB", (width, picture.height + legend.height), _PAPER)
    sheet.paste(picture, ((width - picture.width) // 2, 0))
    sheet.paste(legend, (0, picture.height))
    return sheet


def framed(
    photo: np.ndarray, found: ScoreMap, colours: ColourRange, *, longest: int
) -> Image.Image:
    """Draws a heat map with the lowest and highest crop framed and labelled.

    Args:
        photo: as for `heat_map.overlay`.
        found: the map of the photo.
        colours: the range of scores the colours span.
        longest: maximum length of the picture's longer side.

    Returns:
        The picture; without frames if all crops have the same score.
    """
    picture = Image.fromarray(heat_map.overlay(photo, found, colours, longest=longest))
    if found.scores.min() == found.scores.max():
        return picture
    lowest, highest = heat_map.extremes(found, photo.shape[:2])
    long = max(picture.size)
    pen, font = ImageDraw.Draw(picture), _font(min(max(long // 26, 13), 40))
    thick = max(long // 320, 2)
    for name, crop in (("lowest", lowest), ("highest", highest)):
        left, right, top, bottom = (
            round(share * side) - last
            for share, side, last in (
                (crop.left, picture.width, 0),
                (crop.right, picture.width, 1),
                (crop.top, picture.height, 0),
                (crop.bottom, picture.height, 1),
            )
        )
        if min(right - left, bottom - top) > 4 * thick:
            pen.rectangle((left, top, right, bottom), outline=_INK, width=2 * thick)
            pen.rectangle((left, top, right, bottom), outline=_PAPER, width=thick)
        words = f"{name} {crop.score:.3f}"
        room = picture.width - font.getlength(words) - 2 * thick
        # One label above and one below, in case the frames almost coincide.
        is_low = name == "lowest"
        pen.text(
            (
                max(min(left + 3 * thick, room), 0),
                top + 2 * thick if is_low else bottom - 3 * thick,
            ),
            words,
            _PAPER,
            font,
            anchor="la" if is_low else "ld",
            stroke_width=2,
            stroke_fill=_INK,
        )
    return picture


def _legend(found: ScoreMap, colours: ColourRange, width: int) -> Image.Image:
    """Draws a colour bar with numbers, and text below it."""
    font = _font(min(max(width // 55, 13), 22))
    line = sum(font.getmetrics())
    words = _wrapped(_said(found, colours), font, width - 2 * line)
    # From the top: a line with the range, the bar, numbers, text.
    legend = Image.new("RGB", (width, int((4.5 + len(words)) * line)), _PAPER)
    pen = ImageDraw.Draw(legend)
    left, right, top, foot = line, width - line, line, 2 * line
    shades = heat_map.legend_colours()[np.linspace(0, 255, right - left).astype(int)]
    strip = np.broadcast_to(shades, (foot - top, *shades.shape))
    legend.paste(Image.fromarray(strip), (left, top))

    def place(score: float) -> float:
        return left + float(colours.share(score)) * (right - left)

    for tick in _ticks(colours):
        x, words_of = place(tick), f"{tick:.4g}"
        pen.line([x, foot, x, foot + line / 4], _INK, 1)
        half = font.getlength(words_of) / 2
        x = min(max(x, half), width - half)
        pen.text((x, foot + line / 4), words_of, _INK, font, "ma")
    low, high = place(float(found.scores.min())), place(float(found.scores.max()))
    above = top - line / 4
    pen.line([low, above, high, above], _INK, 2)
    for x in (low, high):
        pen.line([x, above - line / 4, x, top], _INK, 2)
    for number, text in enumerate(words):
        pen.text((left, foot + (1.75 + number) * line), text, _INK, font)
    return legend


def _said(found: ScoreMap, colours: ColourRange) -> str:
    count, size = found.scores.size, found.crop_size
    text = f"Local scores: {count} crops of {size} pixels, scored "
    text += f"{found.scores.min():.3f} to {found.scores.max():.3f}."
    if count == 1:
        text = f"One crop of {size} pixels holds the whole photo: no local scores."
    return f"{text} Higher is better. Colours: {colours.meaning}."


def _ticks(colours: ColourRange) -> list[float]:
    low, high = colours.low, colours.high
    if not low < high:
        return [low]
    return Axis((low, high), 0, 1).ticks(5)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Breaks a text into lines that fit a width."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    # Its path is known, which avoids a search for fonts that takes seconds.
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    return ImageFont.truetype(path, size)
