"""Measures the forms of a model: size, time and memory, on one thread.

    python -m export.benchmark model.keras saved_model model.tflite

A model that the package carries may be given by its name. Each form is run in a process
of its own. Load time is from the start of that process to its first score.

Exit code: 0 when done; 1 if a form could not be run; 2 if nothing was begun.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions", "export")

from absl import flags

from distortions import exit_codes
from distortions import program

_PHOTOS = flags.DEFINE_list(
    "photos",
    [],
    "Photos, and folders of photos. If none are given, those that the package carries.",
)
_FORMAT = flags.DEFINE_enum(
    "format", "table", ["table", "jsonl"], "How to print: jsonl is an object a line."
)
program.begin(__name__, __doc__, {"Options": ["photos", "format"]})

surroundings.settle_keras()

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from distortions import progress
from export import forms
from rankiqa_tf import library
from rankiqa_tf.data import crop_grid
from rankiqa_tf.data import decode
from rankiqa_tf.data import references

_SIDE = 512  # Of the photos, in pixels.
_MOST = 8

_COLUMNS = (
    ("size_mb", "MB", "8.2f"),
    ("load_s", "load s", "8.2f"),
    ("crop_ms", "ms/crop", "8.1f"),
    ("photo_ms", f"ms/photo of {_SIDE}x{_SIDE}", "20.1f"),
    ("memory_mb", "peak MB", "8.0f"),
)


def measure(form: str, photos: Path) -> dict[str, float]:
    """Measures a form.

    Args:
        form: as forms.load takes it.
        photos: a .npy file, uint8 [n, height, width, 3].

    Returns:
        Figures by name, those of _COLUMNS.

    Raises:
        RuntimeError: if it could not be run.
    """
    one = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    child = subprocess.run(
        [
            sys.executable,
            "-m",
            "export._measure",
            form,
            str(photos),
            str(time.monotonic()),
        ],
        env={**os.environ, **one, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        last = "".join(child.stderr.strip().splitlines()[-1:])
        raise RuntimeError(f"{form} could not be run: {last}")
    figures = json.loads(child.stdout.splitlines()[-1])
    is_export = Path(form, "saved_model.pb").is_file()
    path = Path(form) if is_export else library.find(form)
    return {"size_mb": forms.size_in_bytes(path) / 1e6, **figures}


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Lays the figures of forms out, a line each."""
    width = max(map(len, found))
    heads = "".join(
        f"  {head:>{int(spec.split('.')[0])}}" for _, head, spec in _COLUMNS
    )
    lines = [" " * width + heads]
    for form, figures in found.items():
        values = "".join(f"  {figures[name]:{spec}}" for name, _, spec in _COLUMNS)
        lines.append(f"{form:{width}}{values}")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Measures what argv[1:] say, and returns the exit code."""
    try:
        if not argv[1:]:
            raise ValueError("name forms of a model: model.keras, saved_model, ...")
        for form in argv[1:]:
            if form not in library.list_models() and not Path(form).exists():
                raise ValueError(
                    f"there is no file or folder {form}, nor does the package carry "
                    f"such a model ({library.in_words()})"
                )
        files = references.embedded_photos()
        if _PHOTOS.value:
            files = decode.find_photos(_PHOTOS.value)
        images = [_middle(decode.read_photo(file)) for file in files[:_MOST]]
    except (ValueError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    found: dict[str, dict[str, float]] = {}
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos.npy")
        np.save(photos, np.stack(images))
        for form in progress.over(argv[1:], len(argv) - 1, "measure", unit="forms"):
            try:
                found[form] = measure(form, photos)
            except RuntimeError as error:
                print(f"error: {error}", file=sys.stderr)
                failed = True
                continue
            if _FORMAT.value == "jsonl":
                print(json.dumps({"form": form, **found[form]}), flush=True)
    if found and _FORMAT.value == "table":
        print(table({Path(form).name: figures for form, figures in found.items()}))
    return exit_codes.FAILED if failed else exit_codes.DONE


def _middle(photo: np.ndarray) -> np.ndarray:
    """The middle of a photo, mirrored where it is smaller."""
    padded = crop_grid.pad_to(photo, _SIDE)
    top, left = ((side - _SIDE) // 2 for side in padded.shape[:2])
    return padded[top : top + _SIDE, left : left + _SIDE]


if __name__ == "__main__":
    program.run(main)
