"""Records in a run's folder: its options, its data, and its figures."""

import contextlib
import json
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distortions import folder_lock
from distortions import whole_file
from rankiqa_tf.evaluation import metrics

_OPTIONS = "options.json"
_DATA = "data.json"
_RESULTS = "results.json"
# Options that affect where a run is carried out but not its result.
_WHERE = ("data_service",)


@contextlib.contextmanager
def held(workdir: Path) -> Iterator[None]:
    """Creates a run's folder, and locks it against other runs.

    Raises:
        ValueError: if another run is using it, or the folder cannot be created.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(folder_lock.held(workdir))
        except OSError as error:
            raise ValueError(
                f"workdir must be a folder, which is made if needed, not {workdir}: "
                f"{error.strerror}"
            ) from None
        yield


def check(
    workdir: Path,
    options: Mapping[str, Any],
    data: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Checks that a run's folder is new, or contains a run with these options and data.

    Args:
        workdir: the folder.
        options: options of the run.
        data: by purpose, the sizes or digests of the run's files by name; None if not
            known yet.

    Raises:
        ValueError: if the folder contains a run with other options or data.
    """
    before = _read(workdir / _OPTIONS)
    if before is not None:
        changed = [
            f"{name} was {before.get(name)!r}, is {value!r}"
            for name, value in options.items()
            if before.get(name) != value and name not in _WHERE
        ]
        if changed:
            raise ValueError(
                f"{workdir} contains a run with other options ({'; '.join(changed)}): "
                "choose another workdir, or the same options to resume it"
            )
    kept = _read(workdir / _DATA)
    if kept is not None and data is not None:
        changes = [
            change
            for purpose in kept | dict(data)
            for change in _changes(purpose, kept.get(purpose), data.get(purpose))
        ]
        if changes:
            raise ValueError(
                f"{workdir} contains a run with other data ({'; '.join(changes)}), "
                "which would be split differently into training and held-out parts: "
                "choose another workdir, or put the data back"
            )


def _changes(
    purpose: str, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> list[str]:
    before, now = before or {}, now or {}
    found = []
    for change, names in {
        "new": now.keys() - before.keys(),
        "gone": before.keys() - now.keys(),
        "changed": {n for n in now.keys() & before.keys() if now[n] != before[n]},
    }.items():
        if names:
            found.append(f"{purpose} {change}: {len(names)}, such as {min(names)}")
    return found


def claim(
    workdir: Path, options: Mapping[str, Any], data: Mapping[str, Mapping[str, Any]]
) -> None:
    """Creates a run's folder, or takes over the run in it.

    Deletes half-written files; the folder has to be locked with `held`.

    Raises:
        ValueError: as for `check`, or if the folder cannot be created.
    """
    try:
        workdir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"workdir must be a folder, which is made if needed, not {workdir}: "
            f"{error.strerror}"
        ) from None
    check(workdir, options, data)
    whole_file.clear(workdir)
    for name, entries in ((_OPTIONS, options), (_DATA, data)):
        _write(workdir / name, json.dumps(dict(entries), indent=2))


def write_results(workdir: Path, figures: Mapping[str, float]) -> None:
    """Writes results.json; if writing fails, no partial file is left behind."""
    _write(workdir / _RESULTS, metrics.to_json(figures, indent=2))


def _write(path: Path, text: str) -> None:
    whole_file.write(path, f"{text}\n".encode())


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
