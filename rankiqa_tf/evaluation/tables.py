"""Tables of methods by distortion, laid out like the paper's Table 2, as text."""

import csv
import dataclasses
import io
import math
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType

from rankiqa_tf import datasets
from rankiqa_tf.evaluation.figures import MAIN_METRICS
from rankiqa_tf.evaluation.figures import METRICS
from rankiqa_tf.evaluation.figures import Figures
from rankiqa_tf.evaluation.figures import titles_of
from rankiqa_tf.evaluation.published import ALL
from rankiqa_tf.evaluation.published import PUBLISHED
from rankiqa_tf.evaluation.published import Published

METRIC_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "srocc": "SROCC",
        "lcc": "LCC",
        "lcc_logistic": "LCC, logistic",
        "krocc": "KROCC",
        "rmse": "RMSE",
    }
)
METHOD_TITLES: Mapping[str, str] = MappingProxyType(
    {"baseline": "Baseline", "rankiqa": "RankIQA", "rankiqa_ft": "RankIQA+FT"}
)
INTERVAL_NOTE = (
    "95 % bootstrap interval of the mean over splits: references are drawn with "
    "replacement from all that were held out, each with its photos in every split "
    "that holds it out, and each draw gives a new mean over splits. It shows how much "
    "the figure depends on the test photos; ± shows how much it depends on the split "
    "and on training."
)
ONE_SPLIT_NOTE = (
    "95 % bootstrap interval: references are drawn with replacement from all that "
    "were tested on, each with its photos. It shows how much the figure depends on "
    "the test photos."
)
SPREAD_NOTE = (
    "Figures are means over splits, or over runs where the data set has a split of its "
    "own; ± is the standard deviation over them. A split without the figure (because "
    "it has one photo, or all scores are equal) is left out of both."
)

COLUMNS_A_PART = 13  # As many as the paper's Table 2 has side by side.


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a block.

    Attributes:
        title: the method, and whose figures they are if not ours.
        cells: one text a column.
        ours: whether we measured them.
    """

    title: str
    cells: tuple[str, ...]
    ours: bool


@dataclasses.dataclass(frozen=True)
class Block:
    """A table as text that is not yet Markdown or HTML.

    Attributes:
        title: what the table shows.
        columns: the heads of its columns.
        lines: its lines, one cell a column.
        names: of columns whose head is short, such as #01, what it stands for.
    """

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def parts(self) -> list["Block"]:
        """Splits a wide table into some that are readable side by side."""
        return [
            dataclasses.replace(
                self,
                columns=self.columns[first : first + COLUMNS_A_PART],
                lines=tuple(
                    dataclasses.replace(
                        line, cells=line.cells[first : first + COLUMNS_A_PART]
                    )
                    for line in self.lines
                ),
            )
            for first in range(0, len(self.columns), COLUMNS_A_PART)
        ]


def blocks(figures: Figures) -> list[Block]:
    """Lays a table out: all photos by every metric, then SROCC and LCC by distortion.

    Published figures, where the data set has any, stand below ours of the same method.
    """
    found = [_all_photos(figures)]
    if len(figures.columns) > 1:
        found += [_by_distortion(figures, metric) for metric in MAIN_METRICS]
    return found


def notes(figures: Figures) -> list[str]:
    """Explains the figures, in a few sentences each."""
    several = any(len(splits) > 1 for splits in figures.results.values())
    found = [SPREAD_NOTE, INTERVAL_NOTE] if several else [ONE_SPLIT_NOTE]
    if figures.unscaled:
        methods = ", ".join(map(method_title, sorted(figures.unscaled)))
        found.append(
            f"No RMSE of {methods}: these scores are not on the scale of the opinions "
            "(ranking alone teaches an order, and no scale)."
        )
    by_source: dict[str, list[str]] = {}
    for row in PUBLISHED.get(figures.dataset, ()):
        by_source.setdefault(f"{row.by}: {row.source}", []).append(row.method)
    found += [
        f"{', '.join(methods)} ({source})." for source, methods in by_source.items()
    ]
    if by_source:
        found.append(
            "The paper (Liu, van de Weijer and Bagdanov, ICCV 2017) gives means over "
            "ten splits of its own, of VGG-16 and 30 random crops a photo. Splits "
            "differ so much that a small difference between such means says nothing."
        )
    return found


def markdown(figures: Figures) -> str:
    """Writes the blocks and notes as Markdown; missing figures are "-"."""
    parts = [f"# {_escaped(dataset_title(figures.dataset))}"]
    for block in blocks(figures):
        parts.append(f"## {block.title}")
        for part in block.parts():
            head = ("method", *part.columns)
            rows = [(line.title, *line.cells) for line in part.lines]
            rule = f"| --- |{' ---: |' * len(head[1:])}"
            parts.append("\n".join([_pipes(head), rule, *map(_pipes, rows)]))
    said = notes(figures)
    if names := _names(figures):
        kinds = [f"{title} {name}" for title, name in names.items()]
        said.append(f"Distortions as the paper names them: {', '.join(kinds)}.")
    parts.append("\n".join(f"- {_escaped(note)}" for note in said))
    return "\n\n".join(parts) + "\n"


def to_csv(figures: Figures) -> str:
    """Writes every figure on a line: method,split,distortion,metric,value.

    `split` counts from 1, or is `mean`, `sd`, or, of ALL, `low` and `high`, the ends of
    the 95 % interval. Missing figures are empty.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("method", "split", "distortion", "metric", "value"))
    for (method, column, metric), values in figures.values.items():
        rows: list[tuple[str | int, float]] = [
            *enumerate(values, start=1),
            ("mean", figures.mean(method, metric, column)),
            ("sd", figures.deviation(method, metric, column)),
        ]
        if column == ALL and metric in MAIN_METRICS:
            rows += zip(("low", "high"), figures.intervals[method, metric], strict=True)
        for split, value in rows:
            number = "" if math.isnan(value) else value
            writer.writerow((method, split, column, metric, number))
    return file.getvalue()


def dataset_title(dataset: str) -> str:
    """What a data set is called; the name itself where it is that of a CSV file."""
    chosen = datasets.choose(dataset)
    return chosen.title if chosen else dataset


def method_title(method: str) -> str:
    """What the paper calls a method; the method itself if it is none of the paper's."""
    return METHOD_TITLES.get(method, method)


def column_title(figures: Figures, column: str) -> str:
    """The head of a column, as the paper prints it: JP2K, or #01 for TID2013."""
    return titles_of(figures.dataset).get(column, column.replace("_", " "))


def _names(figures: Figures) -> dict[str, str]:
    """What short heads of columns stand for."""
    titled = ((column_title(figures, k), k.replace("_", " ")) for k in figures.kinds)
    return {title: name for title, name in titled if title.lower() != name}


def text(value: float) -> str:
    """A figure with three digits after the point; "-" where there is none."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def spread(figures: Figures, method: str, metric: str, column: str = ALL) -> str:
    """The mean, and the standard deviation if there is one."""
    mean = text(figures.mean(method, metric, column))
    deviation = figures.deviation(method, metric, column)
    return mean if math.isnan(deviation) else f"{mean} ± {text(deviation)}"


def interval_text(figures: Figures, method: str, metric: str) -> str:
    """The ends of an interval, "-" where there is none."""
    low, high = figures.intervals[method, metric]
    return "-" if math.isnan(low) else f"{text(low)} to {text(high)}"


def _rows(figures: Figures) -> Iterator[str | Published]:
    """Yields each method of ours and what was published of it, then all else."""
    others = PUBLISHED.get(figures.dataset, ())
    for method in figures.results:
        yield method
        yield from (row for row in others if row.method == method_title(method))
    titles = set(map(method_title, figures.results))
    yield from (row for row in others if row.method not in titles)


def _all_photos(figures: Figures) -> Block:
    # Where no method is on the scale of the opinions, the column would be empty.
    shown = [
        metric
        for metric in METRICS
        if any(metric in figures.metrics_of(method) for method in figures.results)
    ]
    columns = []
    for metric in shown:
        columns.append(METRIC_TITLES[metric])
        if metric in MAIN_METRICS:
            columns.append("95 % interval")
    columns.append("splits")
    lines = []
    for row in _rows(figures):
        if isinstance(row, str):
            cells = _overall(figures, row, shown)
        else:
            cells = _published_overall(row, len(columns))
        lines.append(Line(_title(row), cells, ours=isinstance(row, str)))
    return Block("All photos", tuple(columns), tuple(lines))


def _by_distortion(figures: Figures, metric: str) -> Block:
    lines = []
    for row in _rows(figures):
        if isinstance(row, str):
            means = (text(figures.mean(row, metric, kind)) for kind in figures.kinds)
            cells = (spread(figures, row, metric), *means)
            lines.append(Line(_title(row), cells, ours=True))
        elif len(values := getattr(row, metric)) > 1:
            cells = tuple(text(values.get(key, math.nan)) for key in figures.columns)
            lines.append(Line(_title(row), cells, ours=False))
    columns = tuple(column_title(figures, column) for column in figures.columns)
    title = f"{METRIC_TITLES[metric]} by distortion"
    return Block(title, columns, tuple(lines), _names(figures))


def _title(row: str | Published) -> str:
    return method_title(row) if isinstance(row, str) else f"{row.method} ({row.by})"


def _overall(figures: Figures, method: str, shown: Sequence[str]) -> tuple[str, ...]:
    cells = []
    for metric in shown:
        cells.append(spread(figures, method, metric))
        if metric in MAIN_METRICS:
            cells.append(interval_text(figures, method, metric))
    return (*cells, str(len(figures.results[method])))


def _published_overall(row: Published, width: int) -> tuple[str, ...]:
    known = (text(row.srocc[ALL]), "-", text(row.lcc[ALL]), "-")
    splits = "10" if row.by == "paper" else "1"
    return (*known, *(width - len(known) - 1) * ("-",), splits)


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(words: str) -> str:
    """Text that Markdown takes literally: names are anyone's, so is what is in them."""
    words = " ".join(words.split()).replace("&", "&amp;").replace("<", "&lt;")
    for sign in "\\|`*_[]":
        words = words.replace(sign, f"\\{sign}")
    return words
