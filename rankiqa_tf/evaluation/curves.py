"""Small diagrams of figures over the steps of training."""

from collections.abc import Sequence

import numpy as np

from rankiqa_tf.evaluation import panels
from rankiqa_tf.pages import drawing

_WIDTH, _LEFT, _RIGHT = 320, 44, 312
_TOP, _BOTTOM = 8, 128
_MOST = 160  # Points of a curve; of more, means of neighbours are drawn.


def draw(points: Sequence[tuple[int, float]], *, last: int, label: str) -> str:
    """Draws values over steps; a long curve as means of neighbouring points.

    Args:
        points: steps, which rise, and values; 1 or more.
        last: the step at which the axis ends.
        label: what is to be seen, for those who do not see it.

    Returns:
        An svg element.
    """
    steps, values = np.array(points, float).T
    steps, values = _thinned(steps), _thinned(values)
    across = drawing.Axis((0, max(last, 1)), _LEFT, _RIGHT)
    upwards = drawing.Axis(panels.span(values), _BOTTOM, _TOP)
    parts = [f'<path class="axis" d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}"/>']
    for tick in upwards.ticks(4):
        y = upwards.at(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_RIGHT}"/>')
        parts.append(drawing.text(_LEFT - 4, y + 3.5, f"{tick:g}", "end"))
    for tick in across.ticks(5, whole=True):
        x = across.at(tick)
        parts.append(f'<path class="axis" d="M{x} {_BOTTOM}v3"/>')
        parts.append(drawing.text(x, _BOTTOM + 12, f"{tick:,g}", "middle"))
    parts.append(drawing.text((_LEFT + _RIGHT) / 2, _BOTTOM + 22, "step", "middle"))
    places = [
        f"{across.at(step)} {upwards.at(value)}"
        for step, value in zip(steps, values, strict=True)
    ]
    parts.append(f'<path class="line" d="M{"L".join(places)}"/>')
    if len(places) <= _MOST // 4:  # Of few evaluations each is seen.
        dots = "".join(f"M{place}h0" for place in places)
        parts.append(f'<path class="dots" d="{dots}"/>')
    return drawing.svg(parts, _WIDTH, _BOTTOM + 24, label)


def _thinned(values: np.ndarray) -> np.ndarray:
    if len(values) <= _MOST:
        return values
    return np.array([part.mean() for part in np.array_split(values, _MOST)])
