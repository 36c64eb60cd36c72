"""The files in configs/: each can be parsed, and says what it is for."""

import itertools
import re
from pathlib import Path

import pytest
from absl import flags

from rankiqa_tf import config as config_lib

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "configs").glob("*.cfg"))
EVERY = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def opening(file: Path) -> str:
    """The comment a file opens with, as one line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.lstrip("# ").strip() for line in comment)


def test_the_files_were_found():
    assert len(FILES) >= 2
    assert {file.suffix for file in (ROOT / "configs").iterdir()} == {".cfg"}


@EVERY
def test_flags_are_known_and_make_options(file, tmp_path):
    values = flags.FlagValues()
    config_lib.define_flags(values)
    flags.DEFINE_string("workdir", None, "As the program has it.", flag_values=values)
    rest = values(["train", f"--flagfile={file}"])
    assert rest == ["train"]
    if values["init"].value not in ("random", "imagenet"):
        values["init"].value = str(tmp_path / "model.keras")  # From a run before it.
        (tmp_path / "model.keras").touch()
    if values["stage"].value != "rank":
        values["dataset"].value = values["dataset"].value or "given by hand.csv"
    config_lib.from_flags(values)


@EVERY
def test_no_flag_is_given_twice(file):
    names = re.findall(r"^--([^=\s]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert names
    assert len(set(names)) == len(names)


@EVERY
def test_its_comment_opens_with_a_purpose(file):
    purpose, _, _ = opening(file).partition("python -m")
    assert len(purpose.split()) >= 5, "say what the configuration is for"


@EVERY
def test_its_comment_has_the_command(file):
    command = f"python -m rankiqa_tf.train --flagfile=configs/{file.name} "
    assert command in opening(file)
    assert "--workdir=" in opening(file)
    assert set(re.findall(r"configs/(\w+\.cfg)", opening(file))) <= {
        other.name for other in FILES
    }


TRIED = pytest.mark.parametrize(
    "file",
    [file for file in FILES if "Not run here" not in opening(file)],
    ids=lambda file: file.name,
)


@TRIED
def test_its_comment_tells_how_long_it_takes(file):
    assert re.search(r"\d\s*(s|seconds?|min|minutes?|h|hours?)\b", opening(file))


@TRIED
def test_its_comment_tells_the_result(file):
    figure = r"(accuracy|srocc|lcc|krocc|rmse)\D{0,40}\d*\.\d+"
    reverse = r"\d*\.\d+\D{0,40}(accuracy|srocc|lcc|krocc|rmse)"
    assert re.search(f"{figure}|{reverse}", opening(file), re.IGNORECASE)


def test_what_was_not_run_says_why():
    for file in FILES:
        if "Not run here" in opening(file):
            assert re.search(r"Not run here: (it )?(needs|takes) \w+", opening(file))
