"""Compares methods on the same photos: agreement with people, and cost of a score.

    python -m benchmarks.comparison --photos=mos.csv --data_dir=images --scores=scores

Reads image,mos,... and the output of `benchmarks.score_by` for each method in one
folder, and prints two tables as Markdown, the best method first. --groups='^ss..' adds
the SROCC within groups of photos whose names match, one group for each distinct match.
"""

import re
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import app
from absl import flags

from benchmarks import method_scores
from benchmarks.method_scores import MethodScores
from distortions import program
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import metrics

_PHOTOS = flags.DEFINE_string("photos", None, "CSV file of MOS.", required=True)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where the paths of images start; if not given, the CSV's folder."
)
_SCORES = flags.DEFINE_string("scores", None, "Folder of scores.", required=True)
_GROUPS = flags.DEFINE_string(
    "groups", None, "A regular expression for what in a file's name is its group."
)


def _groups(
    photos: Sequence[ScoredPhoto], pattern: str | None
) -> dict[str, np.ndarray]:
    """Returns which photos are in each group, bool [photos], by the group's name."""
    if pattern is None:
        return {}
    found = [re.search(pattern, photo.path.name) for photo in photos]
    names = np.array([match[0] if match else "" for match in found])
    return {str(name): names == name for name in np.unique(names)}


def _agreement(
    scores: np.ndarray, opinions: np.ndarray, groups: Sequence[np.ndarray]
) -> Iterator[str]:
    """Yields a method's cells: for all photos, then the SROCC of each group."""
    there = np.isfinite(scores)
    yield f"{there.sum():,}"
    if there.sum() < 2:
        yield from ["nan"] * (4 + len(groups))
        return
    pair = scores[there], opinions[there]
    yield f"{metrics.srocc(*pair):.3f}"
    yield "{:.3f} to {:.3f}".format(*metrics.interval(metrics.srocc, *pair))
    yield f"{metrics.lcc_logistic(*pair):.3f}"
    yield f"{metrics.krocc(*pair):.3f}"
    for group in groups:
        part = there & group
        srocc = (
            metrics.srocc(scores[part], opinions[part]) if part.sum() > 1 else np.nan
        )
        yield f"{srocc:.3f}"


def _cost(method: MethodScores) -> Iterator[str]:
    """Yields the cells for a method's cost."""
    facts = method.facts
    yield f"{facts['package']} {facts['version']}".strip()
    yield facts["licence"]
    yield f"{1e3 * np.median(list(method.seconds.values())):.0f}"
    yield f"{facts['first_seconds']:.1f} ({facts['first_cpu_seconds']:.1f})"
    yield f"{facts['peak_bytes'] / 1e6:.0f}"
    yield f"{facts['installed_bytes'] / 1e6:,.0f}"


def _print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], texts: int
) -> None:
    """Prints a table; the first columns are text, the others numbers."""
    print("|", " | ".join(header), "|")
    lines = ["---"] * texts + ["---:"] * (len(header) - texts)
    print("|", " | ".join(lines), "|")
    for row in rows:
        print("|", " | ".join(row), "|")


def main(argv: list[str]) -> int:
    """Prints the two tables."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    root = Path(_DATA_DIR.value or Path(_PHOTOS.value).parent)
    try:
        photos = scores_csv.read(_PHOTOS.value, root)
        methods = method_scores.read_folder(Path(_SCORES.value), root)
        scores = [method.of(photos) for method in methods]
        groups = _groups(photos, _GROUPS.value)
    except (ValueError, OSError, re.error) as error:
        print(error, file=sys.stderr)
        return 2
    opinions = np.array([photo.mos for photo in photos])
    parts = list(groups.values())
    rows = [
        [method.name, *_agreement(found, opinions, parts)]
        for method, found in zip(methods, scores, strict=True)
    ]
    # Negative values and "nan" come last.
    order = sorted(
        range(len(rows)),
        key=lambda n: np.nan_to_num(float(rows[n][2]), nan=-2),
        reverse=True,
    )
    header = ["method", "photos", "SROCC", "95 % interval", "LCC, logistic", "KROCC"]
    header += [f"SROCC, {name or 'other'}" for name in groups]
    _print_table(header, [rows[n] for n in order], texts=1)
    print()
    header = ["method", "package", "licence", "ms a photo", "first score, s (CPU)"]
    header += ["peak memory, MB", "installed, MB"]
    costs = [[methods[n].name, *_cost(methods[n])] for n in order]
    _print_table(header, costs, texts=3)
    return 0


if __name__ == "__main__":
    program.run(main)
