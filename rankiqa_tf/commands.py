"""The console commands: each runs a program just as `python -m` does.

    rankiqa-score photos/        python -m rankiqa_tf.score photos/

A program is run, not imported: it finds itself as __main__, and its own file as
sys.argv[0]. So its flags, its help and the names of its tracebacks are the same both
ways, and what it has to settle before it imports anything is settled.
"""

import os
import runpy
import sys


def score() -> None:
    """Runs rankiqa_tf.score."""
    _run("rankiqa_tf.score")


def train() -> None:
    """Runs rankiqa_tf.train."""
    _run("rankiqa_tf.train")


def evaluate() -> None:
    """Runs rankiqa_tf.evaluate."""
    _run("rankiqa_tf.evaluate")


def benchmark() -> None:
    """Runs rankiqa_tf.benchmark."""
    _run("rankiqa_tf.benchmark")


def export() -> None:
    """Runs export."""
    _run("export")


def serve() -> None:
    """Runs export.serve."""
    _run("export.serve")


def distort() -> None:
    """Runs distortions.generate."""
    _run("distortions.generate")


def _run(module: str) -> None:
    # Presets of one's own, module:NAME, are in the current folder. It comes last, and
    # not first as with -m: no file there can hide a package.
    if not sys.flags.safe_path:
        sys.path.append(os.getcwd())  # noqa: PTH109 - sys.path holds texts.
    runpy.run_module(module, run_name="__main__", alter_sys=True)
