"""Lists of names and values in HTML, as a definition list."""

import html
from collections.abc import Mapping
from collections.abc import Sequence


def draw(said: Mapping[str, object], *, paired: bool = True) -> str:
    """Draws a list; all words are taken as text.

    Args:
        said: values by name.
        paired: whether a value stands beside its name, or else below it.

    Returns:
        An HTML element.
    """
    items = "\n".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(in_words(value))}</dd>"
        for name, value in said.items()
    )
    kind = ' class="pairs"' if paired else ""
    return f"<dl{kind}>{items}</dl>"


def in_words(value: object) -> str:
    """Writes a value for people: yes for True, lists with commas, numbers short."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
        case None | "":
            return "none"
        case str():
            return value
        case Sequence():
            return ", ".join(map(in_words, value)) or "none"
    return str(value)
