"""Tables in HTML that stay readable in a narrow window.

The first column stays where it is while the others scroll, a shadow shows that there is
more at the right, and a line above says so where a window is likely too narrow.
"""

import html
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

_FEW = 3  # Columns that fit on a phone beside the first.

_escaped = html.escape


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        title: its first cell.
        cells: the others.
        kind: its class in the page's style; none if empty.
    """

    title: str
    cells: Sequence[str]
    kind: str = ""


def draw(
    label: str,
    head: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    names: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Draws a table; all words are taken as text.

    Args:
        label: what it shows, for those who do not see it.
        head: the head of the first column.
        columns: the heads of the others.
        rows: below them.
        names: what stands small below the head of a column, by that head.

    Returns:
        An HTML element.
    """
    heads = "".join(_head(title, names.get(title, "")) for title in columns)
    lines = []
    for row in rows:
        kind = f' class="{row.kind}"' if row.kind else ""
        cells = "".join(f"<td>{_escaped(cell)}</td>" for cell in row.cells)
        title = f'<th scope="row">{_escaped(row.title)}</th>'
        lines.append(f"\n<tr{kind}>{title}{cells}</tr>")
    hint = ""
    if len(columns) > _FEW:
        size = "wide" if len(columns) > 2 * _FEW else "narrow"
        hint = f'<p class="sideways {size}">Scroll sideways for more columns →</p>\n'
    # tabindex: a box that scrolls must be within reach of the keyboard.
    return (
        f"{hint}"
        f'<div class="scroll" role="region" aria-label="{_escaped(label)}" '
        f'tabindex="0"><table><thead><tr><th scope="col">{_escaped(head)}</th>{heads}'
        f"</tr></thead>\n<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _head(title: str, name: str) -> str:
    small = f"<small>{_escaped(name)}</small>" if name else ""
    return f'<th scope="col">{_escaped(title)}{small}</th>'
