"""The papers of a run's folder: the options it was begun with, and its figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rankiqa_tf import metrics

_OPTIONS = "options.json"
_RESULTS = "results.json"


def check(workdir: Path, options: Mapping[str, Any]) -> None:
    """Checks that a run's folder is new, or holds a run with the same options.

    Raises:
        ValueError: if the folder holds a run with other options.
    """
    path = workdir / _OPTIONS
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [
            f"{name} was {before.get(name)!r}, is {value!r}"
            for name, value in options.items()
            if before.get(name) != value
        ]
        if changed:
            raise ValueError(
                f"{workdir} holds a run with other options ({'; '.join(changed)}): "
                "choose another workdir, or the same options to go on"
            )


def claim(workdir: Path, options: Mapping[str, Any]) -> None:
    """Makes a run's folder, or takes up the run that is in it.

    Raises:
        ValueError: if the folder holds a run with other options.
    """
    try:
        workdir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"workdir must be a folder, made if need be, not {workdir}: "
            f"{error.strerror}"
        ) from None
    check(workdir, options)
    write(workdir / _OPTIONS, json.dumps(dict(options), indent=2) + "\n")


def write_results(workdir: Path, figures: Mapping[str, float]) -> None:
    """Writes results.json, whole or not at all."""
    write(workdir / _RESULTS, metrics.to_json(figures, indent=2) + "\n")


def write(path: Path, text: str, *, errors: str = "strict") -> None:
    """Writes a file in UTF-8, whole or not at all; line ends stay as they are.

    Args:
        path: the file; its folder must be there.
        text: what to write.
        errors: what becomes of characters that UTF-8 has not, as `open` takes it.
    """
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8", errors=errors, newline="")
    temporary.replace(path)
