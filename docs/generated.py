"""The parts of pages that are made from the code."""

import itertools
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def data_sets() -> str:
    """The table of the public data sets."""
    from rankiqa_tf import datasets

    rows = []
    for name, row in datasets.DATA_SETS.items():
        source = row.source
        if source.startswith("http"):
            source = f"[{source.removeprefix('https://')}]({source})"
        rows.append(
            (
                f"`{name}`",
                row.title,
                f"{row.scale[0]:g} to {row.scale[1]:g}: {row.scale_of}",
                "yes" if row.official_split else "no",
                row.licence,
                source,
            )
        )
    head = ("name", "data set", "scale", "official split", "licence", "where")
    return _table(head, rows)


def configurations() -> str:
    """What each file of configs/ says of itself, and what it holds."""
    return "\n\n".join(map(_configuration, sorted((ROOT / "configs").glob("*.cfg"))))


def _configuration(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    opening = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    paragraphs = "\n".join(line[2:] for line in opening).split("\n\n")
    said = []
    for paragraph in paragraphs:
        is_command = paragraph.lstrip().startswith("python -m")
        said.append(f"```sh\n{paragraph.strip()}\n```" if is_command else paragraph)
    options = "\n".join(lines[len(opening) :]).strip()
    return "\n\n".join(
        [
            f"## {path.stem}",
            *said,
            f'??? note "configs/{path.name}"\n\n    ```ini\n'
            + "\n".join(f"    {line}" for line in options.splitlines())
            + "\n    ```",
        ]
    )


def programs() -> str:
    """The options of every program."""
    return "To come."


MAKERS: dict[str, Callable[[], str]] = {
    "configurations": configurations,
    "data sets": data_sets,
    "programs": programs,
}
