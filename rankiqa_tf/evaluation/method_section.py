"""What a page shows of one method: scores against opinions, by level, and photos."""

import html
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rankiqa_tf.evaluation import gallery
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import panels
from rankiqa_tf.evaluation import tables
from rankiqa_tf.evaluation.figures import Figures
from rankiqa_tf.evaluation.figures import points
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.published import ALL
from rankiqa_tf.scores import shared_folder

_PHOTOS_A_SORT = 6
_SORTS = {
    "furthest": "Furthest from people's opinion",
    "closest": "Closest to people's opinion",
    "highest": "Highest scores",
    "lowest": "Lowest scores",
}

_escaped = html.escape


def draw(
    figures: Figures, method: str, *, scale: tuple[float, float], folded: bool
) -> str:
    """Draws everything of a method that is no table.

    Diagrams and photos are those of one split, that of the median SROCC: scores of two
    splits are scores of two networks and need not be on one scale.

    Args:
        figures: of all methods.
        method: the one to draw.
        scale: the worst and the best MOS of the data set's scale.
        folded: whether it is shown only when asked for.

    Returns:
        An HTML element.
    """
    title = _escaped(tables.method_title(method))
    number = _median_split(figures.values[method, ALL, "srocc"])
    split = figures.results[method][number]
    curve = metrics.fit_logistic(*points(split, ALL)) if len(split.photos) > 1 else None
    splits = len(figures.results[method])
    photos = f"{len(split.photos):,} photo{'s' * (len(split.photos) != 1)}"
    if splits > 1:
        photos += (
            f" held out in split {number + 1} of {splits}, of which the SROCC is the "
            "median"
        )
    inside = "\n".join(
        [
            f'<p class="note">{photos}.</p>',
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
    for column in figures.columns:
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
        drawn.append(panel(title, said, drawing))
    if curve is None:
        explained = "No logistic could be fitted to these scores."
    else:
        explained = (
            "The curve is the logistic fitted to all of them; what it makes of a score "
            "is called mapped below."
        )
        if len(drawn) > 1:
            explained += (
                " It is the same in each diagram: a distortion whose points lie beside "
                "it is scored too high or too low."
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
    for column in figures.kinds:
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
        drawn.append(panel(title, f"levels {min(levels)} to {max(levels)}", drawing))
    if not drawn:
        return ""
    return (
        "<h4>Scores by level</h4>\n"
        '<p class="note">A row is a level of the distortion, the weakest on top. '
        "Where a method tells levels apart, rows step to the left.</p>\n"
        f'<div class="panels">{"".join(drawn)}</div>'
    )


def panel(title: str, said: str, drawing: str) -> str:
    """Puts a title and a line of words above a drawing, as HTML."""
    caption = f"<b>{_escaped(title)}</b><span>{_escaped(said)}</span>"
    return f"\n<figure><figcaption>{caption}</figcaption>{drawing}</figure>"


def _column(figures: Figures, column: str) -> str:
    """What a distortion is called where there is room: its number and its name."""
    if column == ALL:
        return "all photos"
    title, name = tables.column_title(figures, column), column.replace("_", " ")
    return name if title.lower() == name else f"{title} {name}"


def _photos(
    split: OpinionScores, curve: tuple[float, float, float, float] | None
) -> str:
    mapped = None if curve is None else metrics.logistic(split.scores, *curve)
    # Files in several folders may have the same name.
    folder = shared_folder.of({photo.path.parent for photo in split.photos})
    picks = gallery.pick(split, mapped, count=_PHOTOS_A_SORT)
    images = gallery.thumbnails([chosen for some in picks.values() for chosen in some])
    parts = []
    for name, heading in _SORTS.items():
        if name in picks:
            shown = "".join(_photo(chosen, images, folder) for chosen in picks[name])
            parts.append(f'<h4>{heading}</h4>\n<div class="photos">{shown}</div>')
    return "\n".join(parts)


def _photo(chosen: gallery.Pick, images: Mapping[Path, str], folder: Path) -> str:
    photo = chosen.photo
    name = str(shared_folder.inside(photo.path, folder))
    what = (photo.distortion or "photo").replace("_", " ")
    if photo.level is not None:
        what += f", level {photo.level}"
    if photo.path in images:
        alt = _escaped(f"{what}: {name}")
        picture = f'<img src="{images[photo.path]}" alt="{alt}">'
    else:
        picture = '<div class="missing">the photo is not there or cannot be read</div>'
    score = f"score {chosen.score:.4g}"
    if chosen.mapped is not None:
        score += f", mapped {chosen.mapped:.3g}"
    said = [
        f"<b>MOS {photo.mos:.3g}</b>",
        *(f"<span>{_escaped(words)}</span>" for words in (score, what, name)),
    ]
    return f"\n<figure>{picture}<figcaption>{''.join(said)}</figcaption></figure>"
