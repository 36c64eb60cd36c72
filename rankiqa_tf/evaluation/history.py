"""The course of training by step, as JSON lines: what curves are drawn from.

A line has the number of a step and figures by name, of the step itself or of an
evaluation after it. The file is a function of the steps that were done: a run that was
stopped and resumed ends with the same lines as one that was not.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from distortions import whole_file
from rankiqa_tf.evaluation import metrics

FOLDER = "history"


def path_of(workdir: Path, stage: str) -> Path:
    """The history of a stage of the run in a folder."""
    return workdir / FOLDER / f"{stage}.jsonl"


class History:
    """The figures of a stage, step by step.

    Args:
        path: the file, which may not be there yet.
        done: the steps that count; what the file has of later ones is dropped, as
            those are trained again.
    """

    def __init__(self, path: Path, *, done: float = math.inf):
        self._path = path
        self._lines = [line for line in _read(path) if line["step"] <= done]

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Notes figures of a step, in memory."""
        known = {k: v if math.isfinite(v) else math.nan for k, v in figures.items()}
        self._lines.append({"step": step, **known})

    def write(self) -> None:
        """Writes the file, whole or not at all.

        Raises:
            OSError: if it cannot be written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{metrics.to_json(line)}\n" for line in self._lines)
        whole_file.write(self._path, text.encode())

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """Steps and values of each figure; those that are not numbers are left out."""
        found: dict[str, list[tuple[int, float]]] = {}
        for line in self._lines:
            for name, value in line.items():
                if name != "step":
                    points = found.setdefault(name, [])
                    if not math.isnan(value):
                        points.append((int(line["step"]), float(value)))
        return found


def _read(path: Path) -> list[dict[str, float]]:
    """The lines of a file, up to the first that is damaged."""
    found: list[dict[str, float]] = []
    if not path.is_file():
        return found
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            break
        found.append({k: math.nan if v is None else v for k, v in line.items()})
    return found
