"""The wheel: what is in it, and that it works away from the checkout."""

import json
import os
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
    information = ("rankiqa_tf-0.1.0.dist-info", "rankiqa_tf-0.1.0.data")
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
