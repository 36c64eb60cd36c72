"""Small diagrams of scores against opinions, and of scores by level."""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from rankiqa_tf.evaluation import metrics
from rankiqa_tf.pages import drawing
from rankiqa_tf.pages.drawing import Range

_WIDTH = 180
_LEFT, _RIGHT, _TOP = 28, 174, 8
_SCATTER_HEIGHT = 128
_LEVEL_HEIGHT = 22
_BELOW = 24  # Numbers and the name of the axis.
_BINS = 30


def span(*values: Sequence[float] | np.ndarray) -> Range:
    """The range that holds all finite values, with a little room; never empty."""
    every = np.concatenate([np.asarray(some, float) for some in values])
    every = every[np.isfinite(every)]
    if not every.size:
        return 0.0, 1.0
    low, high = float(every.min()), float(every.max())
    room = 0.04 * (high - low) or max(abs(low), 1.0) / 2
    return low - room, high + room


def scatter(
    scores: np.ndarray,
    opinions: np.ndarray,
    *,
    score_range: Range,
    opinion_range: Range,
    curve: tuple[float, float, float, float] | None,
    label: str,
) -> str:
    """Draws scores across and opinions upwards, a point a photo.

    Args:
        scores: [n].
        opinions: [n].
        score_range: the ends of the axis of scores; those of `span` or wider.
        opinion_range: likewise.
        curve: the parameters of a `metrics.logistic` to draw; None for none.
        label: what is to be seen, for those who do not see it.

    Returns:
        An svg element.
    """
    bottom = _TOP + _SCATTER_HEIGHT
    across = drawing.Axis(score_range, _LEFT, _RIGHT)
    upwards = drawing.Axis(opinion_range, bottom, _TOP)
    parts = [_score_axis(across, bottom)]
    for tick in upwards.ticks(5):
        y = upwards.at(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_RIGHT}"/>')
        parts.append(drawing.text(_LEFT - 4, y + 3.5, f"{tick:g}", "end"))
    parts.append(drawing.text(_LEFT + 3, _TOP + 7, "MOS", "start"))
    # A line of no length with round ends is a dot; one path holds them all.
    dots = "".join(
        f"M{across.at(score)} {upwards.at(opinion)}h0"
        for score, opinion in zip(scores, opinions, strict=True)
    )
    parts.append(f'<path class="dots" d="{dots}"/>')
    if curve is not None:
        places = np.linspace(*score_range, 60)
        heights = np.clip(metrics.logistic(places, *curve), *opinion_range)
        line = "L".join(
            f"{across.at(place)} {upwards.at(height)}"
            for place, height in zip(places, heights, strict=True)
        )
        parts.append(f'<path class="curve" d="M{line}"/>')
    return drawing.svg(parts, _WIDTH, bottom + _BELOW, label)


def level_histograms(
    scores: Mapping[int, np.ndarray], *, score_range: Range, label: str
) -> str:
    """Draws a histogram of scores for each level, one below the other.

    Args:
        scores: by level, the weakest on top: [n] each.
        score_range: the ends of the axis of scores; those of `span` or wider.
        label: what is to be seen, for those who do not see it.

    Returns:
        An svg element; the highest bar of all fills its row.
    """
    across = drawing.Axis(score_range, _LEFT, _RIGHT)
    edges = np.linspace(*score_range, _BINS + 1)
    counts = {level: np.histogram(scores[level], edges)[0] for level in sorted(scores)}
    most = max(1, *(int(count.max()) for count in counts.values()))
    bottom = _TOP + _LEVEL_HEIGHT * len(counts)
    parts = [_score_axis(across, bottom)]
    for row, (level, count) in enumerate(counts.items(), start=1):
        foot = _TOP + _LEVEL_HEIGHT * row
        tops = foot - (_LEVEL_HEIGHT - 3) * count / most
        bars = "".join(
            f"M{across.at(left)} {foot}V{top:.1f}H{across.at(right)}V{foot}Z"
            for left, right, top in zip(edges[:-1], edges[1:], tops, strict=True)
            if top < foot
        )
        parts.append(f'<path class="bars" d="{bars}"/>')
        parts.append(f'<path class="grid" d="M{_LEFT} {foot}H{_RIGHT}"/>')
        parts.append(drawing.text(_LEFT - 4, foot - 5, str(level), "end"))
    return drawing.svg(parts, _WIDTH, bottom + _BELOW, label)


def _score_axis(across: drawing.Axis, bottom: float) -> str:
    parts = [f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{_RIGHT}"/>']
    for tick in across.ticks(4):
        x = across.at(tick)
        parts.append(f'<path class="axis" d="M{x} {bottom}v3"/>')
        parts.append(drawing.text(x, bottom + 12, f"{tick:g}", "middle"))
    parts.append(drawing.text((_LEFT + _RIGHT) / 2, bottom + 22, "score", "middle"))
    return "".join(parts)
