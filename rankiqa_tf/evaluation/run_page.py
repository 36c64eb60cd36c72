"""A training run as one HTML page: its curves, what it learned, and where it errs."""

import dataclasses
import html
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rankiqa_tf.evaluation import curves
from rankiqa_tf.evaluation import history
from rankiqa_tf.evaluation import method_section
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation import page
from rankiqa_tf.evaluation import panels
from rankiqa_tf.evaluation import worst_pairs
from rankiqa_tf.evaluation.figures import Figures
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.settings import Settings
from rankiqa_tf.evaluation.worst_pairs import Pair
from rankiqa_tf.pages import document
from rankiqa_tf.pages import small_photos
from rankiqa_tf.pages import terms

NAME = "report.html"

_PAIRS = 10
_SIDE, _QUALITY = 224, 85  # Of what is shown of a picture; not resized.
_FOLDED = 8  # Diagrams of distortions, from which on they are folded.

# What a run leaves, by name.
_FILES: Mapping[str, str] = {
    "model.keras": "the trained model, with its preprocessing",
    "ranked.keras": "the model after ranking, before it was fine-tuned",
    "saved_model": "the model for servers",
    "model.tflite": "the model for phones",
    "results.json": "every figure of the run",
    "held_out.csv": "the photos with human scores that were not trained on",
    "opinion_table": "the distorted photos with published scores",
    "figures": "histograms of scores by level, as pictures",
    "history": "figures by step, as JSON lines",
    "tensorboard": "records for TensorBoard",
    "options.json": "the options",
    "data.json": "the files that were trained and tested on",
    "checkpoints": "what the same command resumes from after a stop",
}
_CURVES: Mapping[str, str] = {
    "loss": "loss",
    "learning_rate": "learning rate",
    "gradient_norm": "norm of the gradient",
    "l2_penalty": "L2 penalty",
    "held_out/pair_accuracy": "pairs in the right order, held out",
    "held_out/srocc": "SROCC, held out",
    "held_out/lcc": "LCC, held out",
    "validation/srocc": "SROCC, validation part",
    "validation/lcc": "LCC, validation part",
}
_ACCURACY = "held_out/pair_accuracy/"
_STAGES = {"rank": "Ranking", "finetune": "Fine-tuning"}

_escaped = html.escape

# Makes versions of photos: of each the photo's number, the distortion and the level.
Pictures = Callable[[Sequence[tuple[int, str, int]]], list[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Order:
    """How a model keeps the order of versions of photos held out.

    Attributes:
        title: of the model.
        scores: of the photos at every level.
        photos: what they are called.
        pictures: makes versions of them.
    """

    title: str
    scores: LevelScores
    photos: Sequence[str]
    pictures: Pictures


def write(
    workdir: Path,
    *,
    stages: Mapping[str, int],
    order: Sequence[Order],
    opinions: Figures | None,
    scale: tuple[float, float] | None,
    figures: Mapping[str, float],
    settings: Settings,
    command: str,
    versions: Mapping[str, str],
    date: str,
) -> None:
    """Writes the page of a run into its folder, whole or not at all.

    Args:
        workdir: the folder of the run, whose files are linked.
        stages: by name of each stage in turn, how many steps it took.
        order: of the models of the run that were tested so, the last one first.
        opinions: agreement of its models with human scores; None if there are none.
        scale: the worst and the best human score; None if there are none.
        figures: those of results.json.
        settings: the options.
        command: what was run.
        versions: of Python and packages, by name.
        date: when it was run.

    Raises:
        OSError: if it cannot be written.
    """
    title = f"Training run {workdir.absolute().name}"
    body = [
        f"<h1>{_escaped(title)}</h1>",
        *_headlines(figures, opinions),
        f'<p class="note">{_escaped(date)}</p>',
        "<h2>Curves</h2>",
        *(_curves(workdir, stage, steps) for stage, steps in stages.items()),
        *(_order(each, folded=place > 0) for place, each in enumerate(order)),
    ]
    if opinions is not None and scale is not None:
        body += [
            f"<h2>Agreement with {page.judges(opinions)}</h2>",
            *page.agreement(opinions),
            *(
                method_section.draw(opinions, method, scale=scale, folded=place > 0)
                for place, method in enumerate(reversed(list(opinions.results)))
            ),
            page.meanings(opinions),
        ]
    body += [
        "<h2>Files</h2>",
        _files(workdir),
        *page.how_it_was_made(command, settings, versions),
        "<h3>All figures</h3>",
        "<details><summary>Those of results.json</summary>",
        # Not its times, so that a run that was stopped ends with the same page.
        terms.draw({k: v for k, v in figures.items() if not k.endswith("seconds")}),
        "</details>",
    ]
    document.write(workdir / NAME, title=title, style=page.style(), body=body)


def _headlines(figures: Mapping[str, float], opinions: Figures | None) -> Sequence[str]:
    said = []
    if "rank/pair_accuracy" in figures:
        share = 100 * figures["rank/pair_accuracy"]
        said.append(
            f"After ranking, {share:.1f} % of the pairs of "
            f"versions of {figures['rank/held_out_photos']:g} photos held out are in "
            "the right order."
        )
    if "test/order_kept/photo" in figures:
        share = 100 * figures["test/order_kept/photo"]
        said.append(
            f"After fine-tuning, {share:.1f} % of distorted versions of other photos "
            "score below their photo."
        )
    if opinions is not None:
        method = list(opinions.results)[-1]
        count = len(opinions.results[method][0].photos)
        said.append(
            f"Agreement with {page.judges(opinions)} on {count:,} photos held out: "
            f"SROCC {opinions.mean(method, 'srocc'):.3f}, LCC "
            f"{opinions.mean(method, 'lcc'):.3f}."
        )
    return [f'<p class="headline">{_escaped(words)}</p>' for words in said]


def _curves(workdir: Path, stage: str, steps: int) -> str:
    """What is known of a stage by step."""
    heading = f"<h3>{_STAGES.get(stage, stage)}</h3>"
    if not steps:
        return (
            f'{heading}\n<p class="note">No steps were taken: the last layer was '
            "fitted to features of the network as it is.</p>"
        )
    points = history.History(history.path_of(workdir, stage)).curves()
    drawn = [
        _curve(title, points[name], steps)
        for name, title in _CURVES.items()
        if any(value for _, value in points.get(name, ()))  # No penalty that is not on.
    ]
    of_kinds = [
        _curve(name.removeprefix(_ACCURACY).replace("_", " "), values, steps)
        for name, values in points.items()
        if name.startswith(_ACCURACY)
    ]
    parts = [heading, f'<div class="panels curves">{"".join(drawn)}</div>']
    if not any("/" in name for name in points):
        parts.append(
            '<p class="note">No evaluation fell between the steps; '
            "--evaluate_every says how often there is one.</p>"
        )
    if any(of_kinds):
        title = "Pairs in the right order by distortion"
        parts.append(_shown(title, f'<div class="panels">{"".join(of_kinds)}</div>'))
    return "\n".join(parts)


def _curve(title: str, points: Sequence[tuple[int, float]], steps: int) -> str:
    if not points:
        return ""
    said = f"{points[-1][1]:.4g} at step {points[-1][0]:,}"
    return method_section.panel(
        title, said, curves.draw(points, last=steps, label=f"{title} by step: {said}")
    )


def _shown(title: str, inside: str, *, folded: bool = True) -> str:
    if folded:
        return f"<details><summary>{title}</summary>\n{inside}</details>"
    return f"<h3>{title}</h3>\n{inside}"


def _order(order: Order, *, folded: bool) -> str:
    """Everything of how a model keeps an order."""
    kept = order_kept.measure(order.scores)
    parts = []
    if kept:
        parts += [
            f'<p class="note">{order_kept.EXPLAINED} Photos held out: '
            f"{len(order.scores.scores):,}.</p>",
            page.block_table(order_kept.table(kept), head="distortion"),
        ]
    parts += [_levels(order.scores), _worst(order)]
    inside = "\n".join(parts)
    title = f"Order kept: {_escaped(order.title)}"
    if folded:
        return _shown(title, inside)
    return f"<h2>{title}</h2>\n{inside}"


def _levels(scores: LevelScores) -> str:
    score_range = panels.span(scores.scores.ravel())
    drawn = []
    for name, of_kind in zip(scores.names, scores.scores.swapaxes(0, 1), strict=True):
        title = name.replace("_", " ")
        drawing = panels.level_histograms(
            dict(enumerate(of_kind.T)),
            score_range=score_range,
            label=f"Scores by level, {title}",
        )
        drawn.append(method_section.panel(title, "", drawing))
    inside = (
        '<p class="note">A row is a level; 0, on top, is the photo itself. Rows step '
        "to the left where the model tells levels apart.</p>\n"
        f'<div class="panels">{"".join(drawn)}</div>'
    )
    return _shown("Scores by level", inside, folded=len(drawn) > _FOLDED)


def _worst(order: Order) -> str:
    """The pairs that are most in the wrong order, as pictures side by side."""
    heading = "<h3>Worst pairs</h3>"
    pairs = worst_pairs.find(order.scores, count=_PAIRS)
    if not pairs:
        return f'{heading}\n<p class="note">Every pair is in the right order.</p>'
    wanted = [
        (pair.photo, pair.kind, level)
        for pair in pairs
        for level in (pair.better, pair.worse)
    ]
    made = order.pictures(wanted)
    shown = "".join(
        _pair(pair, made[2 * place : 2 * place + 2], order.photos)
        for place, pair in enumerate(pairs)
    )
    return (
        f"{heading}\n"
        '<p class="note">In each pair the left picture is known to be better, and the '
        "model scores the right one higher, or the same. Shown is where the two differ "
        f"most, {_SIDE} pixels wide at most and not resized. At most two pairs of a "
        "distortion are shown.</p>\n"
        f'<div class="pairs-shown">{shown}</div>'
    )


def _pair(pair: Pair, made: Sequence[np.ndarray], photos: Sequence[str]) -> str:
    kind = pair.kind.replace("_", " ")
    cut = worst_pairs.difference_crops(made, side=_SIDE)
    pictures = []
    for picture, level, score in zip(
        cut, (pair.better, pair.worse), pair.scores, strict=True
    ):
        said = f"{worst_pairs.level_in_words(level)}, score {score:.4g}"
        address = small_photos.address(picture, side=_SIDE, quality=_QUALITY)
        pictures.append(
            f'<div><img src="{address}" alt="{_escaped(f"{kind}, {said}")}">'
            f"<span>{_escaped(said)}</span></div>"
        )
    name = Path(photos[pair.photo]).name
    return (
        f"\n<figure><figcaption><b>{_escaped(kind)}</b>"
        f"<span>{_escaped(name)}, wrong by {pair.excess:.3g}</span></figcaption>"
        f'<div class="beside">{"".join(pictures)}</div></figure>'
    )


def _files(workdir: Path) -> str:
    items = []
    for name, what in _FILES.items():
        if (workdir / name).exists():
            shown = f"{name}/" if (workdir / name).is_dir() else name
            items.append(f'<dt><a href="{shown}">{shown}</a></dt><dd>{what}</dd>')
    return f'<dl class="pairs">{"".join(items)}</dl>'
