"""A benchmark as one HTML page that needs nothing beside itself, and no script."""

import html
import os
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rankiqa_tf import datasets
from rankiqa_tf.evaluation import method_section
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation import tables
from rankiqa_tf.evaluation.figures import Figures
from rankiqa_tf.evaluation.order_kept import Kept
from rankiqa_tf.pages import document

_METRICS = {
    "srocc": "Spearman's rank correlation of scores and opinions: do photos stand in "
    "the same order? 1 is perfect, 0 is chance.",
    "lcc": "Pearson's linear correlation of the raw scores and opinions, as in the "
    "paper.",
    "lcc_logistic": "The same after VQEG's four-parameter logistic, fitted to the "
    "tested photos themselves, has mapped scores to opinions.",
    "krocc": "Kendall's tau-b: the share of pairs of photos in the right order less "
    "that of pairs in the wrong one.",
    "rmse": "Root of the mean squared difference, in the unit of the opinions; it "
    "means little for a method that was ranked only and knows no scale.",
}

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
    kept: Sequence[Kept] = (),
) -> None:
    """Writes the page, whole or not at all; the same arguments give the same page.

    Of each method `method_section` draws diagrams and photos. The best, by its mean
    SROCC, comes first; others are folded.

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
        kept: whether the best method keeps the order of versions of other photos, if
            that was asked.
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
        *_order(kept),
        "<h2>What the figures mean</h2>",
        _terms({tables.METRIC_TITLES[key]: said for key, said in _METRICS.items()}),
        "<h2>Scores and photos</h2>",
        *(
            method_section.draw(figures, method, scale=scale, folded=place > 0)
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
    document.write(
        Path(path),
        title=title,
        style=document.read("rankiqa_tf.evaluation", "page.css"),
        body=body,
    )


def _headline(figures: Figures, best: str) -> str:
    count = len(figures.results[best])
    where = "on" if count == 1 else f"over {count} splits of"
    words = (
        f"{tables.method_title(best)}: SROCC {tables.spread(figures, best, 'srocc')}, "
        f"LCC {tables.spread(figures, best, 'lcc')} {where} "
        f"{tables.dataset_title(figures.dataset)}."
    )
    return f'<p class="headline">{_escaped(words)}</p>'


def _table(block: tables.Block, head: str = "method") -> str:
    columns = "".join(
        f'<th scope="col">{_escaped(name)}</th>' for name in block.columns
    )
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
        f'<table><thead><tr><th scope="col">{head}</th>{columns}</tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _order(kept: Sequence[Kept]) -> list[str]:
    if not kept:
        return []
    return [
        "<h2>Order kept</h2>",
        "<p>Other photos, good ones, were distorted: the share of versions that score "
        "below their photo, level by level, and of pairs of levels of a photo in the "
        "right order. A coin would have 0.5.</p>",
        _table(order_kept.table(kept), head="distortion"),
    ]


def _list(sentences: Iterable[str]) -> str:
    items = "\n".join(f"<li>{_escaped(sentence)}</li>" for sentence in sentences)
    return f'<ul class="note">{items}</ul>'


def _terms(said: Mapping[str, object], *, kind: str = "") -> str:
    items = "\n".join(
        f"<dt>{_escaped(name)}</dt><dd>{_escaped(str(value))}</dd>"
        for name, value in said.items()
    )
    return f'<dl class="{kind}">{items}</dl>'


def _data(figures: Figures, scale: tuple[float, float]) -> str:
    every = [
        photo
        for splits in figures.results.values()
        for split in splits
        for photo in split.photos
    ]
    said = {
        "tested on": f"{len({photo.path for photo in every}):,} photos of "
        f"{len({photo.reference for photo in every}):,} references in all",
        "MOS": f"from {scale[0]:g}, the worst, to {scale[1]:g}, the best",
    }
    title = _escaped(tables.dataset_title(figures.dataset))
    chosen = datasets.choose(figures.dataset)
    if chosen is not None:
        row = chosen.row
        said["licence"] = row.licence
        said["source"] = row.source
        if row.source.startswith("https://"):  # Else it is a command.
            title = f'<a href="{_escaped(row.source)}" rel="noreferrer">{title}</a>'
    return f"<p>{title}</p>\n{_terms(said, kind='pairs')}"
