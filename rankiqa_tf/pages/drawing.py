"""Parts of small diagrams as SVG that stands in a page: its style gives them colours.

Not by matplotlib: in a page with a light and a dark side, text and lines take the
page's own colours, and thousands of points are some kilobytes.
"""

import html
from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

Range = tuple[float, float]


class Axis:
    """Where values stand, in the units of the drawing.

    Args:
        values: the ends of the axis, in the units of the values.
        start: where the first of them stands.
        end: where the second does.
    """

    def __init__(self, values: Range, start: float, end: float):
        self._values = values
        self._start = start
        self._scale = (end - start) / (values[1] - values[0])

    def at(self, value: float) -> float:
        """The place of a value."""
        return round(float(self._start + (value - self._values[0]) * self._scale), 1)

    def ticks(self, count: int, *, whole: bool = False) -> list[float]:
        """Round values on the axis, about so many; whole numbers only if asked for."""
        low, high = self._values
        found = MaxNLocator(count, integer=whole).tick_values(low, high)
        # Of nothing that is nearly 0 a minus sign and digits would be left.
        return [round(tick, 12) + 0.0 for tick in found if low <= tick <= high]


def text(x: float, y: float, words: str, anchor: str) -> str:
    """Writes words, which are HTML, at a place: its "start", "middle" or "end"."""
    return f'<text x="{x}" y="{round(y, 1)}" text-anchor="{anchor}">{words}</text>'


def svg(parts: Sequence[str], width: float, height: float, label: str) -> str:
    """Puts parts together.

    Args:
        parts: elements of SVG.
        width: of the drawing, in its units; the page says how large it is shown.
        height: likewise.
        label: what is to be seen, for those who do not see it.

    Returns:
        An svg element.
    """
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{html.escape(label)}">{"".join(parts)}</svg>'
    )
