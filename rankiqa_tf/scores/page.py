"""Scores as one HTML page that needs nothing beside itself: photos, worst first.

    report = page.Page("model.keras", model.metadata)
    for row in rows:
        report.add(row)
    report.write("page.html", model)

A row is added as soon as there is one. Of a photo a small JPEG is kept, and of many
photos those of the worst and the best only, so that memory and page stay small.
"""

import bisect
import html
import itertools
import os
import statistics
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from distortions.photo_header import PhotoError
from rankiqa_tf import scoring
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.pages import document
from rankiqa_tf.pages import small_photos
from rankiqa_tf.scores import heat_map
from rankiqa_tf.scores import histogram
from rankiqa_tf.scores import map_picture
from rankiqa_tf.scores import percentiles
from rankiqa_tf.scores import scale
from rankiqa_tf.scores import shared_folder
from rankiqa_tf.scores.rows import Row
from rankiqa_tf.scoring import ScoresPlaces

MOST_AN_END = 500  # Photos that are shown of the worst, and of the best.
MAPS = 6

_SIDE, _QUALITY = 160, 70  # Of a photo in the list.
_MAP_SIDE, _MAP_QUALITY = 480, 80  # Of a photo beside its map.
_PACKAGE = "rankiqa_tf.scores"

_escaped = html.escape

# From the path of a photo to what it is called on the page.
_Name = Callable[[str], str]


def check_path(path: str | os.PathLike[str]) -> None:
    """Checks that a page can be written there, before there is one.

    Raises:
        ValueError: if its folder is missing, or it is a folder itself.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(f"no such folder: {path.parent}, for the page {path.name}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the name of an HTML file")


class _Scored(NamedTuple):
    """A photo with its score; they sort by it, and where it is the same as added."""

    score: float
    number: int
    path: str  # A Path takes five times the memory, and there may be millions.
    warning: str


class Page:
    """A page to be written of rows that come one by one.

    Args:
        model: what the model is called.
        metadata: what is known of it.
        most_an_end: how many photos are shown of the worst, and how many of the best.
    """

    def __init__(
        self, model: str, metadata: Metadata, *, most_an_end: int = MOST_AN_END
    ):
        self._model = model
        self._metadata = metadata
        self._most = most_an_end
        self._scored: list[_Scored] = []
        self._failed: list[tuple[str, str]] = []
        self._ends: list[_Scored] = []  # Sorted: the worst, then the best.
        self._pictures: dict[int, str] = {}

    def add(self, row: Row) -> None:
        """Adds a photo; what is shown of it is read at once."""
        if row.score is None:
            self._failed.append((row.path, row.error))
            return
        found = _Scored(row.score, len(self._scored), row.path, row.warning)
        self._scored.append(found)
        bisect.insort(self._ends, found)
        if len(self._ends) > 2 * self._most:
            dropped = self._ends.pop(self._most)
            if dropped is found:
                return
            self._pictures.pop(dropped.number, None)
        try:
            photo = small_photos.read(Path(found.path), side=_SIDE)
        except PhotoError:
            return  # Gone in the meantime: it is shown without.
        address = small_photos.address(photo, side=_SIDE, quality=_QUALITY)
        self._pictures[found.number] = address

    def write(self, path: str | os.PathLike[str], places: ScoresPlaces | None) -> None:
        """Writes the page, whole or not at all; the same rows give the same page.

        Args:
            path: the HTML file; its folder must be there.
            places: scores the places of the worst photos, for heat maps of them; None
                for none.

        Raises:
            OSError: if the file cannot be written.
        """
        everyone = itertools.chain(
            (photo.path for photo in self._scored), (path for path, _ in self._failed)
        )
        folder = shared_folder.of({Path(path).parent for path in everyone})

        def name(path: str) -> str:
            return str(shared_folder.inside(path, folder))

        count = len(self._scored) + len(self._failed)
        title = f"Scores of {histogram.photos(count)}"
        body = [
            f"<h1>{title}</h1>",
            self._headline(),
            _pairs(self._facts(folder)),
        ]
        if self._scored:
            scores = [photo.score for photo in self._scored]
            body += [
                "<h2>Distribution</h2>",
                histogram.draw(scores, self._metadata.scale),
                *self._beyond(scores),
                *self._maps(name, places),
                "<h2>Photos</h2>",
                *self._cards(name),
                *self._between(name),
            ]
        body += self._not_read(name)
        document.write(
            Path(path),
            title=title,
            style=document.read(_PACKAGE, "page.css") + _gradient(),
            body=body,
            script=document.read(_PACKAGE, "page.js"),
        )

    def _headline(self) -> str:
        scores = [photo.score for photo in self._scored]
        if not scores:
            return '<p class="headline">None of them could be read.</p>'
        words = f"The score is {scores[0]:.3f}."
        if len(scores) > 1:
            words = (
                f"The worst score is {min(scores):.3f}, the median "
                f"{statistics.median(scores):.3f}, the best {max(scores):.3f}."
            )
        doubtful = sum(bool(photo.warning) for photo in self._scored)
        if doubtful:
            words += f" Read with a warning: {doubtful:,}."
        if self._failed:
            words += f" Not read: {len(self._failed):,}."
        return f'<p class="headline">{words}</p>'

    def _facts(self, folder: Path) -> Mapping[str, str]:
        metadata = self._metadata
        facts = {
            "score": f"{metadata.direction}; {scale.in_words(metadata)}",
            "model": f"{self._model}, with {metadata.network}",
            "trained on": metadata.trained_on,
        }
        if metadata.percentiles:
            of = metadata.percentiles_of or "a collection of photos"
            facts["better than"] = f"the share of {of} whose scores are lower"
        return facts | {"photos in": str(folder)}

    def _beyond(self, scores: Sequence[float]) -> list[str]:
        """Explains scores that are off the scale, if there are any."""
        if self._metadata.scale is None:
            return []
        low, high = self._metadata.scale
        count = sum(not low <= score <= high for score in scores)
        if not count:
            return []
        return [
            f'<p class="note">{histogram.photos(count)} with a score beyond {low:g} or '
            f"{high:g}, the ends of the scale: the model takes them for worse, or "
            "better, than all that people rated so.</p>"
        ]

    def _compared(self, score: float) -> str:
        share = percentiles.percentile(score, self._metadata.percentiles)
        return "" if share is None else f"better than {share} %"

    def _maps(self, name: _Name, places: ScoresPlaces | None) -> list[str]:
        """Of the worst photos the photo, and where it is good and where bad."""
        if places is None:
            return []
        try:
            places.check_map()
        except ValueError as error:
            said = _escaped(str(error))
            return [f'<p class="note">There are no maps of the worst: {said}.</p>']
        worst = self._ends[:MAPS]
        figures = [
            figure
            for photo in worst
            if (figure := _map(photo, name(photo.path), places))
        ]
        if not figures:
            return [
                '<p class="note">There are no maps of where the worst photos are good '
                "and where bad: a crop of this model holds each of them whole.</p>"
            ]
        known = places.metadata.scale is not None
        few = ""
        if len(figures) < len(worst):
            few = "A photo that one crop holds whole has no map. "
        of = " of the worst photos" if len(self._scored) > MAPS else ""
        return [
            f"<h2>Local quality{of}</h2>",
            '<p class="note">Colours stand for the scores of overlapping crops, from '
            "one to the next without a step; frames show the lowest and the highest. "
            "A photo is scored by other crops, so that the mean of these need not be "
            f"its score. {few}{_COLOURS[known]}</p>",
            *([_legend(*places.metadata.scale)] if places.metadata.scale else []),
            f'<div class="maps">{"".join(figures)}</div>',
        ]

    def _cards(self, name: _Name) -> list[str]:
        ends = self._ends
        parts = []
        if len(ends) < len(self._scored):
            parts.append(
                f'<p class="note">Shown are the {self._most:,} worst and the '
                f"{self._most:,} best of {len(self._scored):,}; the others are listed "
                "below them.</p>"
            )
        if len(ends) > 1:
            parts.append(_ORDERS)
        cards = "".join(self._card(photo, name(photo.path)) for photo in ends)
        return [*parts, f'<ol class="photos" id="photos">{cards}\n</ol>']

    def _card(self, photo: _Scored, name: str) -> str:
        said = [f"<b>{photo.score:.3f}</b>"]
        if self._metadata.scale is not None:
            low, high = self._metadata.scale
            share = min(max((photo.score - low) / ((high - low) or 1), 0), 1)
            said.append(f'<i class="gauge"><i style="width:{share:.0%}"></i></i>')
        if compared := self._compared(photo.score):
            said.append(f"<span>{compared}</span>")
        said.append(f'<span class="name">{_escaped(name)}</span>')
        if photo.warning:
            said.append(
                f'<span class="warning">Warning: {_escaped(photo.warning)}</span>'
            )
        picture = '<div class="missing">the photo is not there any more</div>'
        if photo.number in self._pictures:
            picture = _image(self._pictures[photo.number], name)
        return (
            f"\n<li><figure>{picture}<figcaption>{''.join(said)}</figcaption>"
            "</figure></li>"
        )

    def _between(self, name: _Name) -> list[str]:
        """A list of the photos that are not shown."""
        shown = {photo.number for photo in self._ends}
        others = sorted(photo for photo in self._scored if photo.number not in shown)
        if not others:
            return []
        lines = "".join(
            f'\n<tr><th scope="row">{_escaped(name(photo.path))}</th>'
            f"<td>{photo.score:.3f}</td><td>{self._compared(photo.score)}</td>"
            f"<td>{_escaped(photo.warning)}</td></tr>"
            for photo in others
        )
        return [
            f"<details><summary>The {len(others):,} between them</summary>",
            '<div class="scroll" role="region" aria-label="The photos between" '
            'tabindex="0"><table><thead><tr><th scope="col">photo</th>'
            '<th scope="col">score</th><th scope="col">compared</th>'
            f'<th scope="col">warning</th></tr></thead><tbody>{lines}</tbody></table>'
            "</div></details>",
        ]

    def _not_read(self, name: _Name) -> list[str]:
        if not self._failed:
            return []
        items = "".join(
            f"\n<li><b>{_escaped(name(path))}</b>: {_escaped(error)}</li>"
            for path, error in self._failed
        )
        return ["<h2>Not read</h2>", f'<ul class="failed">{items}\n</ul>']


_COLOURS = {
    True: "The colours are those of the whole scale:",
    False: "The colours are those of each photo by itself, from its lowest crop to its "
    "highest: they do not compare photos.",
}
_ORDERS = (
    '<fieldset id="order" hidden><legend>Order</legend>'
    '<label><input type="radio" name="order" value="worst" checked> worst first</label>'
    '<label><input type="radio" name="order" value="best"> best first</label>'
    '<label><input type="radio" name="order" value="name"> by name</label></fieldset>'
)


def _map(photo: _Scored, name: str, places: ScoresPlaces) -> str:
    """A photo beside its heat map; nothing if there is none to be had."""
    try:
        pixels = scoring.pixels(Path(photo.path))
    except PhotoError:
        return ""
    found = places.score_map(pixels, most_crops=heat_map.MOST_CROPS)
    if found.scores.size == 1:
        return ""  # A crop holds the whole photo.
    colours = heat_map.colour_range(found, places.metadata)
    coloured = map_picture.framed(pixels, found, colours, longest=_MAP_SIDE)
    low, high = heat_map.extremes(found, pixels.shape[:2])
    said = (
        f"lowest {low.score:.3f}, {low.whereabouts}; "
        f"highest {high.score:.3f}, {high.whereabouts}"
    )
    pictures = [
        _image(small_photos.address(each, side=_MAP_SIDE, quality=_MAP_QUALITY), alt)
        for each, alt in (
            (pixels, name),
            (np.asarray(coloured), f"Heat map of {name}: {said}"),
        )
    ]
    legend = "" if places.metadata.scale else _legend(colours.low, colours.high)
    return (
        f'\n<figure><div class="pair">{"".join(pictures)}</div><figcaption>'
        f'<b>{photo.score:.3f}</b><span class="name">{_escaped(name)}</span>'
        f"<span>{found.scores.size} crops of {found.crop_size} pixels: {said}</span>"
        f"{legend}</figcaption></figure>"
    )


def _legend(low: float, high: float) -> str:
    return f'<div class="legend">{low:.3g}<i class="colours"></i>{high:.3g}</div>'


def _image(address: str, alt: str) -> str:
    return f'<img src="{address}" alt="{_escaped(alt)}" decoding="async">'


def _pairs(said: Mapping[str, str]) -> str:
    items = "".join(
        f"<dt>{_escaped(name)}</dt><dd>{_escaped(value)}</dd>"
        for name, value in said.items()
    )
    return f'<dl class="pairs">{items}</dl>'


def _gradient() -> str:
    """The rule of the bar beside a map."""
    stops = ", ".join(
        "rgb({}, {}, {})".format(*each) for each in heat_map.legend_colours()[::17]
    )
    return f".colours {{ background: linear-gradient(to right, {stops}); }}\n"
