"""Writes the pages of the reference that are tables of the code.

    python -m benchmarks.reference_pages [FOLDER]

Without FOLDER it is docs/reference. The pages are committed, so that the site is built
without TensorFlow, which the tables import; a test compares them with what this writes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import distortions
from distortions import Preset
from distortions import Row
from rankiqa_tf import datasets

_FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_PRESETS = """# Presets

A preset is a named table of distortions and the parameters of their levels. Functions
know sigmas, variances and qualities; levels exist in these tables alone. `--preset`
takes a name, several joined by commas, or one of your own as `module:NAME`
([Add a distortion](../extending/distortion.md)).

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
_DATA_SETS = """# Data sets

`--dataset` of `rankiqa-train`, `rankiqa-evaluate` and `rankiqa-benchmark` takes one of
these names, the path of a [CSV or .xlsx file](file-formats.md#human-scores), or a data
set of your own as `module:NAME` ([Add a data set](../extending/dataset.md)). Nothing is
downloaded: unpack the authors' archives side by side in a folder and give it as
`--data_dir`. If something is missing from the folder, the error says what, and where to
get the data set.
"""
_NOTES = """
- **Higher is better**: difference scores (DMOS) are turned round as they are read,
  which the name of the scale shows.
- **Options** follow the name after a comma, as in the first column; several are joined
  by commas.
- **Splits**: where the authors made a split, it is used, and `rankiqa-evaluate
  --part=held_out` takes its test part. Everywhere else splits are drawn by reference.
- **Licences** are what could be found; look at the source before you use a data set.
  None is in this package.

`datasets.read` gives the photos, their scores and the official split:

```python
from rankiqa_tf import datasets

print(datasets.DATA_SETS["live"].source)
```
"""


def main(folder: Path) -> None:
    """Writes the pages into a folder."""
    presets = map(_section, distortions.PRESETS.values())
    for name, parts in (
        ("presets.md", [_PRESETS, *presets]),
        ("data-sets.md", [_DATA_SETS, _data_sets(), _NOTES]),
    ):
        (folder / name).write_text("\n".join(parts), encoding="utf-8")


def _data_sets() -> str:
    lines = [
        "| name | data set | scale | official split | licence |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in datasets.DATA_SETS.items():
        low, high = row.scale
        is_address = row.source.startswith("http")
        title = f"[{row.title}]({row.source})" if is_address else row.title
        cells = (
            "<br>".join([f"`{name}`", *_options(name, row)]),
            title,
            f"{low:g} to {high:g}: {row.scale_of}",
            "yes" if row.official_split else "no",
            row.licence,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _options(name: str, row: datasets.Row) -> Iterator[str]:
    """What may follow the name: the options of its reader, with their defaults."""
    for option, default in row.options.items():
        value = "" if default is False else f"={default}"
        yield f"`{name},{option}{value}`"


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
    main(Path(sys.argv[1]) if sys.argv[1:] else _FOLDER)
