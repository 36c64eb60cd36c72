"""A benchmark as one HTML page that needs nothing beside itself.

No script, no outside request: style, diagrams and photos stand in the page, and its
content security policy forbids everything else.
"""

import html
import os
from collections.abc import Iterable
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np

from rankiqa_tf import datasets
from rankiqa_tf import metrics
from rankiqa_tf.opinion_check import OpinionScores
from rankiqa_tf.protocol import tables
from rankiqa_tf.protocol.figures import Figures
from rankiqa_tf.protocol.figures import points
from rankiqa_tf.protocol.published import ALL
from rankiqa_tf.report import gallery
from rankiqa_tf.report import panels

_PHOTOS_A_SORT = 6
_SORTS = {
    "furthest": "Furthest from people's opinion",
    "closest": "Closest to people's opinion",
    "highest": "Highest scores",
    "lowest": "Lowest scores",
}
_METRICS = {
    "srocc": "Spearman's rank correlation of scores and opinions: do photos stand in "
    "the same order? 1 is perfect, 0 is chance.",
    "lcc": "Pearson's linear correlation of the raw scores and opinions, as in the "
    "paper.",
    "lcc_logistic": "the same after VQEG's four-parameter logistic, fitted to the "
    "tested photos themselves, has mapped scores to opinions.",
    "krocc": "Kendall's tau-b: the share of pairs of photos in the right order less "
    "that of pairs in the wrong one.",
    "rmse": "root of the mean squared difference, in the unit of the opinions; it "
    "means little for a method that was ranked only and knows no scale.",
}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_escaped = html.escape


def write(
    path: str | os.PathLike[str],
    figures: Figures,
    *,
    title: str,
    scale: tuple[float, float],
    command: str,
    versions: Mapping[str, str],
    settings: Mapping[str, object],
    date: str,
) -> None:
    """Writes the page, whole or not at all; the same arguments give the same page.

    Diagrams and photos are those of one split of each method, that of the median SROCC:
    scores of two splits are scores of two networks and need not be on one scale. The
    best method, by its mean SROCC, comes first; others are folded.

    Args:
        path: the HTML file; its folder must be there.
        figures: of the methods. Photos that are no longer there, or cannot be read,
            are said to be missing.
        title: the heading.
        scale: the worst and the best MOS of the data set's scale.
        command: what was run.
        versions: of Python and packages, by name.
        settings: the options of the run, by name.
        date: when it was run.
    """
    # A stable sort: of methods that reach the same the first is the best. nan is last.
    methods = sorted(
        figures.results,
        key=lambda method: -np.nan_to_num(figures.mean(method, "srocc"), nan=-2.0),
    )
    body = [
        f"<h1>{_escaped(title)}</h1>",
        _headline(figures, methods[0]),
        f'<p class="note">{_escaped(date)}</p>',
        "<h2>Agreement with people</h2>",
        *map(_table, tables.blocks(figures)),
        _list(tables.notes(figures)),
        "<h2>What the figures mean</h2>",
        _terms({tables.METRIC_TITLES[key]: said for key, said in _METRICS.items()}),
        "<h2>Scores and photos</h2>",
        *(
            _method(figures, method, scale=scale, folded=place > 0)
            for place, method in enumerate(methods)
        ),
        "<h2>The data</h2>",
        _data(figures, scale),
        "<h2>How it was made</h2>",
        f"<pre><code>{_escaped(command)}</code></pre>",
        "<h3>Settings</h3>",
        _terms(settings, kind="pairs"),
        "<h3>Versions</h3>",
        _terms(versions, kind="pairs"),
    ]
    style = resources.files("rankiqa_tf.report").joinpath("page.css").read_text("utf-8")
    page = "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_escaped(title)}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )
    temporary = Path(path).with_suffix(".tmp")
    # A file's name need not be text in UTF-8.
    temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)


def _headline(figures: Figures, best: str) -> str:
    count = len(figures.results[best])
    splits = "one split" if count == 1 else f"{count} splits"
    words = (
        f"{tables.method_title(best)}: SROCC {tables.spread(figures, best, 'srocc')}, "
        f"LCC {tables.spread(figures, best, 'lcc')} over {splits} of "
        f"{tables.dataset_title(figures.dataset)}."
    )
    return f'<p class="headline">{_escaped(words)}</p>'


def _table(block: tables.Block) -> str:
    head = "".join(f'<th scope="col">{_escaped(name)}</th>' for name in block.columns)
    rows = []
    for line in block.lines:
        cells = "".join(f"<td>{_escaped(cell)}</td>" for cell in line.cells)
        kind = "ours" if line.ours else "theirs"
        title = _escaped(line.title)
        rows.append(f'\n<tr class="{kind}"><th scope="row">{title}</th>{cells}</tr>')
    title = _escaped(block.title)
    # tabindex: a box that scrolls must be within reach of the keyboard.
    return (
        f"<h3>{title}</h3>\n"
        f'<div class="scroll" role="region" aria-label="{title}" tabindex="0">'
        f'<table><thead><tr><th scope="col">method</th>{head}</tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _list(sentences: Iterable[str]) -> str:
    items = "\n".join(f"<li>{_escaped(sentence)}</li>" for sentence in sentences)
    return f'<ul class="note">{items}</ul>'


def _terms(said: Mapping[str, object], *, kind: str = "") -> str:
    items = "\n".join(
        f"<dt>{_escaped(name)}</dt><dd>{_escaped(str(value))}</dd>"
        for name, value in said.items()
    )
    return f'<dl class="{kind}">{items}</dl>'


def _method(
    figures: Figures, method: str, *, scale: tuple[float, float], folded: bool
) -> str:
    """Everything of a method that is no table."""
    title = _escaped(tables.method_title(method))
    number = _median_split(figures.values[method, ALL, "srocc"])
    split = figures.results[method][number]
    curve = metrics.fit_logistic(*points(split, ALL)) if len(split.photos) > 1 else None
    inside = "\n".join(
        [
            f'<p class="note">{len(split.photos)} photos held out in split '
            f"{number + 1} of {len(figures.results[method])}, of which the SROCC is "
            "the median.</p>",
            _scatters(figures, method, number, curve, scale),
            _histograms(figures, split),
            _photos(split, curve),
        ]
    )
    if folded:
        return f"<details><summary>{title}</summary>\n{inside}</details>"
    return f"<section><h3>{title}</h3>\n{inside}</section>"


def _median_split(correlations: tuple[float, ...]) -> int:
    """The place of the median, the lower of two; the first where all are nan."""
    known = [place for place, value in enumerate(correlations) if value == value]
    known.sort(key=correlations.__getitem__)
    return known[(len(known) - 1) // 2] if known else 0


def _scatters(
    figures: Figures,
    method: str,
    number: int,
    curve: tuple[float, float, float, float] | None,
    scale: tuple[float, float],
) -> str:
    split = figures.results[method][number]
    scores, opinions = points(split, ALL)
    score_range, opinion_range = panels.span(scores), panels.span(opinions, scale)
    drawn = []
    for column in (ALL, *figures.columns[:-1]):
        scores, opinions = points(split, column)
        if not len(scores):
            continue
        srocc = tables.text(figures.values[method, column, "srocc"][number])
        said = f"{len(scores)} photos, SROCC {srocc}"
        title = _column(figures, column)
        drawing = panels.scatter(
            scores,
            opinions,
            score_range=score_range,
            opinion_range=opinion_range,
            curve=curve,
            label=f"Score against MOS, {title}: {said}",
        )
        drawn.append(_panel(title, said, drawing))
    explained = (
        "The curve is the logistic fitted to all photos, the same in each diagram: "
        "points beside it are of a distortion that is scored too high or too low. "
        "Below, what it makes of a score is called mapped."
        if curve
        else "No logistic could be fitted to these scores."
    )
    return (
        "<h4>Score and opinion</h4>\n"
        f'<p class="note">A point is a photo. {explained}</p>\n'
        f'<div class="panels">{"".join(drawn)}</div>'
    )


def _histograms(figures: Figures, split: OpinionScores) -> str:
    """Histograms of each distortion that has levels; nothing where none has."""
    score_range = panels.span(split.scores)
    drawn = []
    for column in figures.columns[:-1]:
        levels: dict[int, list[float]] = {}
        for photo, score in zip(split.photos, split.scores, strict=True):
            if photo.distortion == column and photo.level is not None:
                levels.setdefault(photo.level, []).append(score)
        if not levels:
            continue
        title = _column(figures, column)
        drawing = panels.level_histograms(
            {level: np.array(scores) for level, scores in levels.items()},
            score_range=score_range,
            label=f"Scores by level, {title}: levels {min(levels)} to {max(levels)}",
        )
        drawn.append(_panel(title, f"levels {min(levels)} to {max(levels)}", drawing))
    if not drawn:
        return ""
    return (
        "<h4>Scores by level</h4>\n"
        '<p class="note">A row is a level of the distortion, the weakest on top. '
        "Where a method tells levels apart, rows step to the left.</p>\n"
        f'<div class="panels">{"".join(drawn)}</div>'
    )


def _panel(title: str, said: str, drawing: str) -> str:
    caption = f"<b>{_escaped(title)}</b><span>{_escaped(said)}</span>"
    return f"\n<figure><figcaption>{caption}</figcaption>{drawing}</figure>"


def _column(figures: Figures, column: str) -> str:
    """What a distortion is called where there is room: its number and its name."""
    if column == ALL:
        return "all photos"
    title, name = tables.column_title(figures, column), column.replace("_", " ")
    return name if title == name else f"{title} {name}"


def _photos(
    split: OpinionScores, curve: tuple[float, float, float, float] | None
) -> str:
    mapped = None if curve is None else metrics.logistic(split.scores, *curve)
    picks = gallery.pick(split, mapped, count=_PHOTOS_A_SORT)
    images = gallery.thumbnails([chosen for some in picks.values() for chosen in some])
    parts = []
    for name, heading in _SORTS.items():
        if name in picks:
            shown = "".join(_photo(chosen, images) for chosen in picks[name])
            parts.append(f'<h4>{heading}</h4>\n<div class="photos">{shown}</div>')
    return "\n".join(parts)


def _photo(chosen: gallery.Pick, images: Mapping[Path, str]) -> str:
    photo = chosen.photo
    what = (photo.distortion or "photo").replace("_", " ")
    if photo.level is not None:
        what += f", level {photo.level}"
    if photo.path in images:
        alt = _escaped(f"{what}: {photo.path.name}")
        picture = f'<img src="{images[photo.path]}" alt="{alt}">'
    else:
        picture = '<div class="missing">the photo is not there or cannot be read</div>'
    score = f"score {chosen.score:.4g}"
    if chosen.mapped is not None:
        score += f", mapped {chosen.mapped:.3g}"
    said = [
        f"<b>MOS {photo.mos:.3g}</b>",
        *(
            f"<span>{_escaped(words)}</span>"
            for words in (score, what, photo.path.name)
        ),
    ]
    return f"\n<figure>{picture}<figcaption>{''.join(said)}</figcaption></figure>"


def _data(figures: Figures, scale: tuple[float, float]) -> str:
    every = [
        photo
        for splits in figures.results.values()
        for split in splits
        for photo in split.photos
    ]
    said = {
        "held out": f"{len({photo.path for photo in every}):,} photos of "
        f"{len({photo.reference for photo in every}):,} references in all splits",
        "MOS": f"from {scale[0]:g}, the worst, to {scale[1]:g}, the best",
    }
    title = _escaped(tables.dataset_title(figures.dataset))
    row = datasets.DATA_SETS.get(figures.dataset)
    if row is not None:
        said["licence"] = row.licence
        source = _escaped(row.source)
        title = f'<a href="{source}" rel="noreferrer">{title}</a>'
    return f"<p>{title}</p>\n{_terms(said, kind='pairs')}"
