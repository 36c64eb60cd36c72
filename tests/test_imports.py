"""Import rules: each package may only import those below it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("distortions", "rankiqa_tf", "export")

PROGRAMS = (
    "distortions.beam",
    "distortions.generate",
    "distortions.sheet",
    "rankiqa_tf.train",
    "rankiqa_tf.benchmark",
    "rankiqa_tf.data_service",
    "rankiqa_tf.evaluate",
    "rankiqa_tf.score",
    "rankiqa_tf.beam_score",
    "export.benchmark",
    "export.release",
    "export.serve",
    "export.verify",
)

# From the ground up: a module may import from its own room and from those above it in
# this list, so there are no circles between rooms. Programs stand on top of all.
ROOMS = (
    "distortions",
    "distortions.sets",
    "distortions.bulk",
    "rankiqa_tf.surroundings",
    "rankiqa_tf.version",
    "rankiqa_tf.choices",
    "rankiqa_tf.archives",
    "rankiqa_tf.assets",
    "rankiqa_tf.measures",
    "rankiqa_tf.datasets",
    "rankiqa_tf.data",
    "rankiqa_tf.metadata",
    "rankiqa_tf.pages",
    "rankiqa_tf.scoring",
    "rankiqa_tf.tflite_model",
    "rankiqa_tf.scores",
    "rankiqa_tf.models",
    "rankiqa_tf.model",
    "rankiqa_tf.library",
    "rankiqa_tf.commands",
    "rankiqa_tf.config",
    "rankiqa_tf.evaluation",
    "rankiqa_tf.training",
    "rankiqa_tf.scoring_flags",
    "rankiqa_tf.bulk",
    "rankiqa_tf",  # What its __init__ gives, and nothing else.
    "export",
    "benchmarks",
    "tests",
)


def modules_of(root: Path) -> dict[str, Path]:
    """Finds every module of ours below root, by its dotted name."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for folder in (*PACKAGES, "benchmarks", "tests")
        for path in sorted((root / folder).rglob("*.py"))
    }


def room_of(name: str) -> str:
    """The room that a module is in: the longest name that it begins with."""
    inside = [room for room in ROOMS if f"{name}.".startswith(f"{room}.")]
    return max(inside, key=len, default="")


def is_program(name: str, tree: ast.Module) -> bool:
    """Tells whether a module is run rather than imported."""
    return (
        name in PROGRAMS
        or name.endswith(".__main__")
        or any(
            isinstance(node, ast.If)
            and "__name__" in ast.unparse(node.test)
            and "__main__" in ast.unparse(node.test)
            # A library may say that it is one.
            and not ast.unparse(node.body).startswith(f"sys.exit('{name} is a lib")
            for node in tree.body
        )
    )


def imports_of(name: str, path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields the line and the full dotted name of everything a module imports.

    Of `from a import b` both a and a.b are given: b may be a module. Imports within
    functions and those for type checking count as well.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parts = parts[: len(parts) - (node.level - 1)]
                base = ".".join([*parts, *([base] if base else [])])
            yield node.lineno, base
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("importlib.import_module", "import_module")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def violations(root: Path) -> list[str]:
    """Lists the imports below root that go against the direction, one a line."""
    modules = modules_of(root)
    trees = {
        name: ast.parse(path.read_text(encoding="utf-8"), str(path))
        for name, path in modules.items()
    }
    programs = {name for name, tree in trees.items() if is_program(name, tree)}
    found = []
    for name, path in modules.items():
        room = room_of(name)
        # A program of a package may use all that the packages have.
        top = "export" if name in programs and room in ROOMS[:-2] else room
        for line, imported in imports_of(name, path, trees[name]):
            where = f"{path.relative_to(root).as_posix()}:{line}"
            while "." in imported and imported not in modules:
                imported = imported.rpartition(".")[0]  # A name within a module.
            other = room_of(imported)
            if imported in programs:
                found.append(f"{where}: nobody imports a program ({imported})")
            elif f"{room}.".startswith(f"{imported}."):
                continue  # Of `from rankiqa_tf import models` the second name counts.
            elif other and ROOMS.index(other) > ROOMS.index(top):
                found.append(f"{where}: {room} must not import {other}")
    return list(dict.fromkeys(found))


def test_imports_go_one_way():
    assert not violations(ROOT), "\n".join(violations(ROOT))


def test_the_packages_were_found():
    # A checker that looks into the wrong folder finds no fault.
    modules = modules_of(ROOT)
    assert set(PACKAGES) <= set(modules)


def test_no_package_of_ours_hides_one_of_pythons():
    assert not set(PACKAGES) & sys.stdlib_module_names


def test_every_module_is_in_a_room():
    programs = set(PROGRAMS)
    lost = [n for n in modules_of(ROOT) if not room_of(n)]
    loose = [
        name
        for name, path in modules_of(ROOT).items()
        if room_of(name) == "rankiqa_tf" and name not in programs | {"rankiqa_tf"}
    ]
    assert not lost
    assert not loose, "at the top of rankiqa_tf stand programs and named rooms only"


GOOD = {
    "distortions/__init__.py": "from distortions.blur import gaussian_blur",
    "distortions/blur.py": "import math\nfrom . import noise",
    "distortions/noise.py": "import numpy as np",
    "distortions/sets/__init__.py": "import distortions",
    "distortions/generate.py": "from distortions.sets import store",
    "distortions/sets/store.py": "from distortions import blur",
    "rankiqa_tf/__init__.py": "from rankiqa_tf.training import loop",
    "rankiqa_tf/data/__init__.py": "from ..datasets import live",
    "rankiqa_tf/datasets/__init__.py": "",
    "rankiqa_tf/datasets/live.py": "from distortions.sets import store",
    "rankiqa_tf/evaluation/__init__.py": "from rankiqa_tf import model",
    "rankiqa_tf/model.py": "import tensorflow as tf\nfrom rankiqa_tf.data import x",
    "rankiqa_tf/training/__init__.py": "",
    "rankiqa_tf/training/loop.py": "from rankiqa_tf import evaluation",
    "rankiqa_tf/train.py": "import export\nfrom rankiqa_tf.training import loop",
    "export/__init__.py": "import distortions\nfrom rankiqa_tf import model",
    "tests/test_all.py": "import distortions, export, rankiqa_tf.training.loop",
    "benchmarks/speed.py": "import export\nif __name__ == '__main__':\n    pass",
    "benchmarks/library.py": "import rankiqa_tf",
    "tests/test_rivals.py": "from benchmarks import library",
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_checker_accepts_imports_that_go_the_right_way(tmp_path):
    assert violations(write(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "distortions/blur.py",
            "import rankiqa_tf",
            "distortions/blur.py:1: distortions must not import rankiqa_tf",
        ),
        (
            "distortions/blur.py",
            "def f():\n    from export import tflite",
            "distortions/blur.py:2: distortions must not import export",
        ),
        (
            "distortions/blur.py",
            "from distortions.sets import store",
            "distortions/blur.py:1: distortions must not import distortions.sets",
        ),
        (
            "rankiqa_tf/data/crops.py",
            "import importlib\nimportlib.import_module('export.tflite')",
            "rankiqa_tf/data/crops.py:2: rankiqa_tf.data must not import export",
        ),
        (
            "rankiqa_tf/datasets/live.py",
            "from rankiqa_tf.data import crops",
            "rankiqa_tf/datasets/live.py:1: rankiqa_tf.datasets must not import "
            "rankiqa_tf.data",
        ),
        (
            "rankiqa_tf/evaluation/page.py",
            "from rankiqa_tf import training",
            "rankiqa_tf/evaluation/page.py:1: rankiqa_tf.evaluation must not import "
            "rankiqa_tf.training",
        ),
        (
            "rankiqa_tf/model.py",
            "from .evaluation import metrics",
            "rankiqa_tf/model.py:1: rankiqa_tf.model must not import "
            "rankiqa_tf.evaluation",
        ),
        (
            "rankiqa_tf/training/loop.py",
            "import export.tflite",
            "rankiqa_tf/training/loop.py:1: rankiqa_tf.training must not import export",
        ),
        (
            "export/tflite.py",
            "import tests.data",
            "export/tflite.py:1: export must not import tests",
        ),
        (
            "rankiqa_tf/training/step.py",
            "from rankiqa_tf import train",
            "rankiqa_tf/training/step.py:1: nobody imports a program "
            "(rankiqa_tf.train)",
        ),
        (
            "rankiqa_tf/data/crops.py",
            "from ..train import main",
            "rankiqa_tf/data/crops.py:1: nobody imports a program (rankiqa_tf.train)",
        ),
        (
            "rankiqa_tf/score.py",
            "import rankiqa_tf.train as other",
            "rankiqa_tf/score.py:1: nobody imports a program (rankiqa_tf.train)",
        ),
        (
            "tests/test_all.py",
            "from benchmarks import speed",
            "tests/test_all.py:1: nobody imports a program (benchmarks.speed)",
        ),
        (
            "benchmarks/table.py",
            "from . import speed",
            "benchmarks/table.py:1: nobody imports a program (benchmarks.speed)",
        ),
    ],
)
def test_checker_finds_an_import_that_goes_the_wrong_way(
    tmp_path, file, text, expected
):
    found = violations(write(tmp_path, GOOD | {file: text}))
    assert [message[: len(expected)] for message in found] == [expected]
