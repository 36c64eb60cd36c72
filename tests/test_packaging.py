"""The wheel: what is in it, and that it works away from the checkout."""

import importlib.metadata
import json
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("distortions", "export", "rankiqa_tf")

NOT_COPIED = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "runs", "venv"
)

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command with nothing of the checkout on its path; gives its output."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONPATH"
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built by way of the source distribution, from a copy of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "tree", ignore=NOT_COPIED)
    run(
        sys.executable,
        "-c",
        "from setuptools import build_meta; build_meta.build_sdist('../sdist')",
        cwd=folder / "tree",
    )
    (sdist,) = (folder / "sdist").glob("*.tar.gz")
    # Without build isolation no network is needed.
    options = ("--no-deps", "--no-build-isolation", "--no-index")
    run(*PIP, "wheel", *options, "-w", "wheels", sdist, cwd=folder)
    (built,) = (folder / "wheels").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    options = ("--no-deps", "--no-index", "--target", target)
    run(*PIP, "install", *options, wheel, cwd=target)
    return target


COMMANDS = {
    "rankiqa-score": "rankiqa_tf.score",
    "rankiqa-train": "rankiqa_tf.train",
    "rankiqa-evaluate": "rankiqa_tf.evaluate",
    "rankiqa-benchmark": "rankiqa_tf.benchmark",
    "rankiqa-export": "export",
    "rankiqa-serve": "export.serve",
    "rankiqa-distort": "distortions.generate",
}


def start(installed: Path, *command: str | Path, cwd: Path) -> tuple[int, str, str]:
    """Runs a command with the installed packages; gives code, output and errors."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def metadata_of(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return archive.read(name).decode("utf-8")


def test_wheel_holds_every_file_of_the_packages(names):
    # A folder without __init__.py, or data that package_data does not name, is missing.
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == {name for name in names if name.partition("/")[0] in PACKAGES}


def test_wheel_holds_the_photos_and_their_sources(names):
    photos = [name for name in names if name.startswith("rankiqa_tf/assets/photos/")]
    assert sum(name.endswith(".jpg") for name in photos) == 24
    assert "rankiqa_tf/assets/photos/sources.csv" in photos


def test_wheel_holds_the_flagfiles(names):
    place = ".data/data/share/rankiqa_tf/configs/"
    in_wheel = sorted(name.partition(place)[2] for name in names if place in name)
    assert in_wheel == sorted(path.name for path in ROOT.glob("configs/*.cfg"))


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_says_that_the_package_is_typed(names, package):
    assert f"{package}/py.typed" in names


def test_wheel_holds_nothing_but_the_packages(names):
    information = ("rankiqa_tf-0.2.0.dist-info", "rankiqa_tf-0.2.0.data")
    assert {name.partition("/")[0] for name in names} <= {*PACKAGES, *information}
    assert not [name for name in names if name.endswith((".pyc", ".pyo"))]


def test_wheel_names_its_licence_and_requirements(wheel, names):
    metadata = metadata_of(wheel)
    assert "Apache-2.0" in metadata
    assert any(name.endswith("LICENSE") for name in names)
    required = [
        line.partition(": ")[2].replace(" ", "").replace("'", '"')
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist: tensorflow")
    ]
    assert 'tensorflow>=2.21;python_version>="3.13"' in required


def test_wheel_works_away_from_the_checkout(installed, tmp_path):
    # -I keeps the current folder and the environment out of the path. An editable
    # install may be on it still, hence the look at where each module came from.
    program = f"""
import json, sys
sys.path.insert(0, {str(installed)!r})
import distortions, export, rankiqa_tf
from PIL import Image
from rankiqa_tf.data import references
photos = references.embedded_photos()
print(json.dumps({{
    "modules": [module.__file__ for module in (distortions, export, rankiqa_tf)],
    "photos": [str(photo) for photo in photos],
    "sizes": [Image.open(photo).size for photo in photos],
}}))
"""
    output = run(sys.executable, "-I", "-c", program, cwd=tmp_path)
    found = json.loads(output.splitlines()[-1])
    for path in found["modules"] + found["photos"]:
        assert Path(path).resolve().is_relative_to(installed.resolve()), path
    assert len(found["photos"]) == 24
    assert all(min(size) == 512 for size in found["sizes"])


def test_photos_can_be_read_from_a_zipped_package(wheel, tmp_path):
    program = f"""
import sys
sys.path.insert(0, {str(wheel)!r})
from PIL import Image
from rankiqa_tf.data import references
assert references.__file__.startswith({str(wheel)!r}), references.__file__
print(sum(min(Image.open(path).size) == 512 for path in references.embedded_photos()))
"""
    output = run(sys.executable, "-I", "-c", program, cwd=tmp_path)
    assert output.splitlines()[-1] == "24"


def test_every_command_runs_its_program(installed, tmp_path, monkeypatch):
    (information,) = installed.glob("*.dist-info")
    found = importlib.metadata.Distribution.at(information).entry_points
    ran = []
    monkeypatch.setattr(
        runpy, "run_module", lambda *call, **how: ran.append((*call, how))
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    for entry in found.select(group="console_scripts"):
        entry.load()()
    as_main = {"run_name": "__main__", "alter_sys": True}
    assert ran == [(COMMANDS[entry.name], as_main) for entry in found]
    assert {entry.name for entry in found} == set(COMMANDS)
    assert all((installed / "bin" / name).is_file() for name in COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], ["--modle=x"], []])
def test_a_command_says_and_ends_with_what_python_m_does(
    installed, tmp_path, arguments
):
    # The one that needs no TensorFlow for it, which takes seconds.
    command = installed / "bin" / "rankiqa-score"
    found = start(installed, command, *arguments, cwd=tmp_path)
    module = (sys.executable, "-m", COMMANDS[command.name])
    assert found == start(installed, *module, *arguments, cwd=tmp_path)
    if arguments == ["--help"]:  # The program's text, and its own flags.
        assert "Scores photos, and photos in folders." in found[1]
        assert "  --format " in found[1]
    else:
        assert found[:2] == (2, "")
        assert found[2].startswith("error: ")


def test_a_command_finds_ones_own_preset_and_nothing_that_hides_a_package(
    installed, tmp_path
):
    for hiding in ("numpy", "json", "distortions"):
        (tmp_path / f"{hiding}.py").write_text("raise ImportError('hidden')")
    (tmp_path / "mine.py").touch()
    distort = installed / "bin" / "rankiqa-distort"
    code, _, errors = start(installed, distort, "--preset=mine:OWN", cwd=tmp_path)
    assert code == 2
    assert errors == (
        f"error: preset 'mine:OWN' cannot be loaded: {tmp_path}/mine.py has no OWN; of "
        "distortions.Preset it has: none\n"
    )
