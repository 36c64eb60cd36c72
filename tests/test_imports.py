"""Who may import whom: distortions <- rankiqa_tf's libraries <- export <- programs."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PROGRAMS = (
    "distortions.generate",
    "distortions.sheet",
    "rankiqa_tf.train",
    "rankiqa_tf.benchmark",
    "rankiqa_tf.evaluate",
    "rankiqa_tf.score",
)

# What the modules of a folder may import of ours. Programs of rankiqa_tf write
# exports; its libraries must work without.
PACKAGES = ("distortions", "rankiqa_tf", "export")
ALLOWED = {
    "distortions": {"distortions"},
    "rankiqa_tf": {"distortions", "rankiqa_tf"},
    "export": {"distortions", "rankiqa_tf", "export"},
    "tests": {*PACKAGES, "tests", "benchmarks"},
    "benchmarks": {*PACKAGES, "benchmarks"},
}
ALLOWED_FOR_PROGRAMS = ALLOWED | {"rankiqa_tf": set(PACKAGES)}


def modules_of(root: Path) -> dict[str, Path]:
    """Finds every module of ours below root, by its dotted name."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for folder in ALLOWED
        for path in sorted((root / folder).rglob("*.py"))
    }


def is_program(name: str, tree: ast.Module) -> bool:
    """Tells whether a module is run rather than imported."""
    return (
        name in PROGRAMS
        or name.endswith(".__main__")
        or any(
            isinstance(node, ast.If)
            and "__name__" in ast.unparse(node.test)
            and "__main__" in ast.unparse(node.test)
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
        folder = name.partition(".")[0]
        allowed = (ALLOWED_FOR_PROGRAMS if name in programs else ALLOWED)[folder]
        for line, imported in imports_of(name, path, trees[name]):
            where = f"{path.relative_to(root).as_posix()}:{line}"
            other = imported.partition(".")[0]
            if other in ALLOWED and other not in allowed:
                found.append(f"{where}: {folder} must not import {other}")
            elif imported in programs:
                found.append(f"{where}: nobody imports a program ({imported})")
    return list(dict.fromkeys(found))


def test_imports_go_one_way():
    assert not violations(ROOT), "\n".join(violations(ROOT))


def test_the_packages_were_found():
    # A checker that looks into the wrong folder finds no fault.
    modules = modules_of(ROOT)
    assert set(PACKAGES) <= set(modules)


def test_no_package_of_ours_hides_one_of_pythons():
    assert not set(PACKAGES) & sys.stdlib_module_names


GOOD = {
    "distortions/__init__.py": "from distortions.blur import gaussian_blur",
    "distortions/blur.py": "import math\nfrom . import noise",
    "distortions/noise.py": "import numpy as np",
    "rankiqa_tf/__init__.py": "",
    "rankiqa_tf/trainer.py": "import distortions\nfrom rankiqa_tf import losses",
    "rankiqa_tf/losses.py": "import tensorflow as tf",
    "rankiqa_tf/data/__init__.py": "from .. import losses",
    "rankiqa_tf/train.py": "import export\nfrom rankiqa_tf import trainer",
    "export/__init__.py": "import distortions\nfrom rankiqa_tf import losses",
    "tests/test_all.py": "import distortions, export, rankiqa_tf.training.loop",
    "tests/test_rivals.py": "from benchmarks import rivals",
    "benchmarks/rivals.py": "from rankiqa_tf import losses",
    "benchmarks/speed.py": "import export\nif __name__ == '__main__':\n    pass",
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
            "rankiqa_tf/data/crops.py",
            "import importlib\nimportlib.import_module('export.tflite')",
            "rankiqa_tf/data/crops.py:2: rankiqa_tf must not import export",
        ),
        (
            "rankiqa_tf/trainer.py",
            "import export.tflite",
            "rankiqa_tf/trainer.py:1: rankiqa_tf must not import export",
        ),
        (
            "export/tflite.py",
            "import tests.data",
            "export/tflite.py:1: export must not import tests",
        ),
        (
            "rankiqa_tf/trainer.py",
            "from rankiqa_tf import train",
            "rankiqa_tf/trainer.py:1: nobody imports a program (rankiqa_tf.train)",
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
