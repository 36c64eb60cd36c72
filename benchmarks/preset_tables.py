"""Writes the tables of all presets: kinds, levels, what is known of their order.

    python -m benchmarks.preset_tables > docs/reference/presets.md

A test compares the page with what this prints.
"""

from collections.abc import Iterator

import distortions
from distortions import Preset
from distortions import Row

_OPENING = """# Presets

A preset is a named table of distortions and the parameters of their levels. Functions
know sigmas, variances and qualities; levels exist in these tables alone. `--preset`
takes a name, several joined by commas, or one of your own as `module:NAME`
([Distortions](../../distortions/README.md#kinds-and-presets-of-your-own)).

In the column *order*, "falls" means that each level looks worse than the one before,
"below the photo" that all look worse than the photo and their own order is not known,
and pairs such as 0>1 which level looks better than which (0 is the photo). Training
compares nothing else. How strong each level is in decibels:
[PSNR](../../benchmarks/preset_psnr.md).
"""
_ORDERS = {
    "descending": "falls",
    "pristine_first": "below the photo",
    "unordered": "not known",
}


def main() -> None:
    """Prints the page."""
    print(page(), end="")


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([_OPENING, *map(_section, distortions.PRESETS.values())])


def _section(preset: Preset) -> str:
    lines = [
        f"## {preset.name}",
        "",
        preset.source,
        "",
        f"| # | kind | parameters | {' | '.join(_levels(preset))} | order |",
        f"| --- | --- | --- |{' ---: |' * preset.num_levels} --- |",
        *map(_line, preset.rows),
        "",
        '??? note "Where the numbers come from"',
        "",
        *(f"    - `{row.name}`: {row.source}" for row in preset.rows),
        "",
    ]
    return "\n".join(lines)


def _levels(preset: Preset) -> Iterator[str]:
    return (str(level + 1) for level in range(preset.num_levels))


def _line(row: Row) -> str:
    levels = [row.arguments(level + 1) for level in range(len(row.parameters))]
    cells = [
        str(row.number or ""),
        f"`{row.name}`",
        ", ".join(levels[0]),
        *(", ".join(map(_short, of.values())) for of in levels),
        _order(row),
    ]
    return f"| {' | '.join(cells)} |"


def _short(value: float) -> str:
    return f"{float(f'{value:.3g}'):g}"  # Three digits, and no exponent for 1200.


def _order(row: Row) -> str:
    if isinstance(row.policy, str):
        return _ORDERS[row.policy]
    return ", ".join(f"{better}>{worse}" for better, worse in row.policy)


if __name__ == "__main__":
    main()
