"""Small diagrams as SVG that stands in a page: its style sheet gives them colours.

Not by matplotlib: in a page with a light and a dark side, text and lines take the
page's own colours, and thousands of points are some kilobytes.
"""

import html
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from rankiqa_tf.evaluation import metrics

Range = tuple[float, float]

_WIDTH = 180
_LEFT, _RIGHT, _TOP = 28, 174, 8
_SCATTER_HEIGHT = 128
_LEVEL_HEIGHT = 22
_BELOW = 24  # Numbers and the name of the axis.
_BINS = 30


def span(*values: Sequence[float] | np.ndarray) -> Range:
    """The range that holds all values, with a little room; never empty."""
    every = np.concatenate([np.asarray(some, float) for some in values])
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
    across = _Axis(score_range, _LEFT, _RIGHT)
    upwards = _Axis(opinion_range, bottom, _TOP)
    parts = [_score_axis(across, bottom)]
    for tick in upwards.ticks(5):
        y = upwards.at(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_RIGHT}"/>')
        parts.append(_text(_LEFT - 4, y + 3.5, f"{tick:g}", "end"))
    parts.append(_text(_LEFT + 3, _TOP + 7, "MOS", "start"))
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
    return _svg(parts, bottom + _BELOW, label)


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
    across = _Axis(score_range, _LEFT, _RIGHT)
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
        parts.append(_text(_LEFT - 4, foot - 5, str(level), "end"))
    return _svg(parts, bottom + _BELOW, label)


class _Axis:
    """Where values stand, in the units of the drawing."""

    def __init__(self, values: Range, start: float, end: float):
        self._values = values
        self._start = start
        self._scale = (end - start) / (values[1] - values[0])

    def at(self, value: float) -> float:
        return round(float(self._start + (value - self._values[0]) * self._scale), 1)

    def ticks(self, count: int) -> list[float]:
        low, high = self._values
        found = MaxNLocator(count).tick_values(low, high)
        # Of nothing that is nearly 0 a minus sign and digits would be left.
        return [round(tick, 12) + 0.0 for tick in found if low <= tick <= high]


def _score_axis(across: _Axis, bottom: float) -> str:
    parts = [f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{_RIGHT}"/>']
    for tick in across.ticks(4):
        x = across.at(tick)
        parts.append(f'<path class="axis" d="M{x} {bottom}v3"/>')
        parts.append(_text(x, bottom + 12, f"{tick:g}", "middle"))
    parts.append(_text((_LEFT + _RIGHT) / 2, bottom + 22, "score", "middle"))
    return "".join(parts)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x}" y="{round(y, 1)}" text-anchor="{anchor}">{words}</text>'


def _svg(parts: Sequence[str], height: float, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{html.escape(label)}">{"".join(parts)}</svg>'
    )
