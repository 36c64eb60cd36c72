"""An evaluation or a benchmark as one HTML page, without scripts or other files."""

import html
import os
from collections.abc import Iterable
from collections.abc import Iterator
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
from rankiqa_tf.evaluation.settings import Settings
from rankiqa_tf.pages import document
from rankiqa_tf.pages import table
from rankiqa_tf.pages import terms

_METRICS = {
    "srocc": "Spearman's rank correlation of scores and opinions: are photos in the "
    "same order? 1 is perfect, 0 is chance.",
    "lcc": "Pearson's linear correlation of the raw scores and opinions, as in the "
    "paper.",
    "lcc_logistic": "The same after VQEG's four-parameter logistic, fitted to the "
    "tested photos themselves, has mapped scores to opinions.",
    "krocc": "Kendall's tau-b: the share of pairs of photos in the right order less "
    "that of pairs in the wrong one.",
    "rmse": "Root mean squared error, in the unit of the opinions.",
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
    settings: Settings,
    date: str,
    kept: Sequence[Kept] = (),
    left_out: Sequence[str] = (),
) -> None:
    """Writes the page, whole or not at all; the same arguments give the same page.

    Of each method `method_section` draws diagrams and photos. The best, by its mean
    SROCC, comes first; others are folded.

    Args:
        path: the HTML file; its folder must be there.
        figures: of the methods. Photos that have gone since, or cannot be read, are
            shown as missing.
        title: the heading.
        scale: the worst and the best MOS of the data set's scale.
        command: what was run.
        versions: of Python and packages, by name.
        settings: the options of the run.
        date: when it was run.
        kept: how well the best method keeps the order of versions of other photos;
            empty where that was not measured.
        left_out: photos that have no score, each with the reason.
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
        *_left_out(left_out),
        f"<h2>Agreement with {judges(figures)}</h2>",
        *agreement(figures),
        *_order(kept),
        "<h2>What the figures mean</h2>",
        meanings(figures),
        "<h2>Scores and photos</h2>",
        *(
            method_section.draw(figures, method, scale=scale, folded=place > 0)
            for place, method in enumerate(methods)
        ),
        "<h2>The data</h2>",
        _data(figures, scale),
        *how_it_was_made(command, settings, versions),
    ]
    document.write(
        Path(path),
        title=title,
        style=style(),
        body=body,
    )


def how_it_was_made(
    command: str, settings: Settings, versions: Mapping[str, str]
) -> list[str]:
    """Draws the command, the options and the versions behind a page's figures.

    Args:
        command: what was run.
        settings: the options.
        versions: of Python and packages, by name.

    Returns:
        HTML elements.
    """
    return [
        "<h2>How it was made</h2>",
        f"<pre><code>{_escaped(command)}</code></pre>",
        "<h3>Settings</h3>",
        settings.draw(),
        "<h3>Versions</h3>",
        terms.draw(versions),
    ]


def style() -> str:
    """The style sheet that pages of figures share, which follows `base.css`."""
    return document.read("rankiqa_tf.evaluation", "page.css")


def judges(figures: Figures) -> str:
    """Says whose opinions a data set has."""
    if figures.dataset == "opinion_table":  # Nobody was asked about these photos.
        return "the means that TID2013 published of each distortion and level"
    return "people"


def agreement(figures: Figures) -> Iterator[str]:
    """Yields the tables of figures as HTML, and notes on them."""
    for block in tables.blocks(figures):
        yield block_table(block)
    yield _list(tables.notes(figures))


def meanings(figures: Figures) -> str:
    """Explains the metrics that the tables of figures have, as HTML."""
    shown = {name for each in figures.results for name in figures.metrics_of(each)}
    return terms.draw(
        {
            tables.METRIC_TITLES[name]: words
            for name, words in _METRICS.items()
            if name in shown
        },
        paired=False,
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


def block_table(block: tables.Block, head: str = "method") -> str:
    """Draws a block as HTML, a wide one in several tables, one below the other."""
    title = _escaped(block.title)
    drawn = [
        table.draw(
            block.title,
            head,
            part.columns,
            [
                table.Row(line.title, line.cells, "ours" if line.ours else "theirs")
                for line in part.lines
            ],
            names=block.names,
        )
        for part in block.parts()
    ]
    return "\n".join([f"<h3>{title}</h3>", *drawn])


def _order(kept: Sequence[Kept]) -> list[str]:
    if not kept:
        return []
    return [
        "<h2>Order kept</h2>",
        f"<p>{order_kept.EXPLAINED}</p>",
        block_table(order_kept.table(kept), head="distortion"),
    ]


def _left_out(problems: Sequence[str]) -> list[str]:
    if not problems:
        return []
    count = f"{len(problems):,} photo{'s' * (len(problems) != 1)}"
    return [
        f'<p class="warning">No figure below counts {count} without a score:</p>',
        _list(problems),
    ]


def _list(sentences: Iterable[str]) -> str:
    items = "\n".join(f"<li>{_escaped(sentence)}</li>" for sentence in sentences)
    return f'<ul class="note">{items}</ul>'


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
    return f"<p>{title}</p>\n{terms.draw(said)}"
