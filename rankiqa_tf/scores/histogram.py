"""A histogram of scores, as SVG to embed in a page."""

from collections.abc import Sequence

import numpy as np

from rankiqa_tf.pages import drawing
from rankiqa_tf.pages.drawing import Range

_WIDTH = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 312, 6, 96
_BELOW = 25  # Height for numbers and the name of the axis.
_BINS = 40


def span(scores: Sequence[float], scale: Range | None) -> Range:
    """Returns the ends of the axis: those of the scale, extended to all scores.

    Args:
        scores: at least one.
        scale: the worst and the best score; None if there is no scale.
    """
    low, high = min(scores), max(scores)
    if scale:
        low, high = min(low, scale[0]), max(high, scale[1])
    if scale and low < high:
        return low, high
    room = 0.02 * (high - low) or max(abs(low), 1.0) / 2
    return low - room, high + room


def draw(scores: Sequence[float], scale: Range | None) -> str:
    """Draws how many photos have which score.

    Args:
        scores: at least one.
        scale: the worst and the best score; None if there is no scale.

    Returns:
        An svg element; each bar's title says how many photos it stands for.
    """
    ends = span(scores, scale)
    counts, edges = np.histogram(scores, _BINS, ends)
    most = int(counts.max())
    across = drawing.Axis(ends, _LEFT, _RIGHT)
    upwards = drawing.Axis((0, most), _BOTTOM, _TOP)
    parts = []
    for tick in upwards.ticks(3, whole=True):
        y = upwards.at(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_RIGHT}"/>')
        parts.append(drawing.text(_LEFT - 4, y + 3.5, f"{tick:,g}", "end"))
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            start, end = across.at(left) + 0.4, across.at(right) - 0.4
            parts.append(
                f'<path class="bars" d="M{start:.1f} {_BOTTOM}V{upwards.at(count)}'
                f'H{end:.1f}V{_BOTTOM}Z"><title>{left:.4g} to {right:.4g}: '
                f"{photos(count)}</title></path>"
            )
    parts.append(f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}"/>')
    for tick in across.ticks(6):
        x = across.at(tick)
        parts.append(f'<path class="axis" d="M{x} {_BOTTOM}v3"/>')
        parts.append(drawing.text(x, _BOTTOM + 12, f"{tick:g}", "middle"))
    middle = (_LEFT + _RIGHT) / 2
    parts.append(drawing.text(middle, _BOTTOM + 23, "score", "middle"))
    label = (
        f"Histogram of the scores of {photos(len(scores))}: from {min(scores):.3f} to "
        f"{max(scores):.3f}, most between {edges[counts.argmax()]:.3f} and "
        f"{edges[counts.argmax() + 1]:.3f}"
    )
    return drawing.svg(parts, _WIDTH, _BOTTOM + _BELOW, label)


def photos(count: int) -> str:
    """Returns a number of photos in words."""
    return f"{count:,} photo{'' if count == 1 else 's'}"
