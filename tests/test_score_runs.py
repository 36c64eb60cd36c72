"""What the program that scores photos does with scores, without TensorFlow."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import keras
import pytest
from PIL import Image
from programs import ROOT
from programs import run_several
from programs import start

from export import tflite
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

PROGRAM = ("-m", "rankiqa_tf.score")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two files whose score is 10 times the mean of red."""
    image = keras.Input([16, 16, 3])
    red = keras.layers.GlobalAveragePooling2D()(10 * image)[:, 0]
    metadata = Metadata(
        network="mean",
        crop_size=16,
        levels="last",
        score_range=(2.0, 7.0),
        trained_on="nothing",
        stages=(),
        scale=(0.0, 10.0),
        scale_of="ten times red",
        percentiles=tuple(n / 20 for n in range(101)),  # 0 to 5.
        percentiles_of="9 photos",
    )
    folder = tmp_path_factory.mktemp("models")
    network = keras.Model(image, red)
    tflite.write(Model(network, metadata), folder / "model.tflite")
    shutil.copy(folder / "model.tflite", folder / "other.tflite")
    with zipfile.ZipFile(folder / "other.tflite", "a") as archive:
        archive.comment = b"another file"
    return folder


def grey(path, level):
    """A photo whose score is 10 / 255 of this."""
    path.parent.mkdir(exist_ok=True)
    Image.new("L", (31, 17), level).save(path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photos with scores of 4, 2 and 6, the last in a folder, and a broken one."""
    folder = tmp_path_factory.mktemp("photos")
    grey(folder / "a.png", 102)
    grey(folder / "b.png", 51)
    (folder / "broken.png").write_text("text")
    grey(folder / "inside" / "d.png", 153)
    return folder


def paths_of(output):
    """The ends of the paths that JSON lines tell."""
    rows = [json.loads(line) for line in output.splitlines()]
    return [Path(row["path"]).name for row in rows]


@pytest.fixture(scope="module")
def results(models, photos, tmp_path_factory):
    """Code, output and errors of several calls."""
    folder = tmp_path_factory.mktemp("output")
    whole = [photos / "a.png", photos / "b.png"]
    by_json = [f"--model={models}/model.tflite", "--format=jsonl"]
    kept = [*whole, f"--model={models}/model.tflite", f"--output={folder}/kept.csv"]
    all_kept = [photos, kept[-2], f"--output={folder}/all.jsonl", "--min_score=3"]
    calls = {
        "table": [*whole, f"--model={models}/model.tflite"],
        "here": [photos, *by_json, "--norecursive"],
        "there": [photos, *by_json, "--recursive"],
        "worst first": [photos, *by_json, "--sort=worst_first"],
        "best first": [photos, *by_json, "--sort=best_first"],
        "two worst": [photos, *by_json, "--worst=2"],
        "good": [*whole, *by_json, "--min_score=1.9"],
        "below": [*whole, *by_json, "--min_score=2.1"],
        "below and broken": [photos, *by_json, "--min_score=2.1"],
        "quiet": [photos, *by_json, "--min_score=2.1", "--quiet"],
        "off the scale": [*whole, *by_json, "--min_score=50"],
        "first": kept,
        "finished": kept,
        "sorted": [*kept, "--sort=best_first"],
        "quiet and finished": [*kept, "--quiet"],
        "other model": [*whole, f"--model={models}/other.tflite", kept[-1]],
        "all": all_kept,
        "all again": all_kept,
    }
    found = run_several("rankiqa_tf.score", calls.values(), warm=False)
    found = dict(zip(calls, found, strict=True))
    found["text of kept"] = (folder / "kept.csv").read_text()
    found["text of all"] = (folder / "all.jsonl").read_text()
    return found


def test_a_table_tells_the_scale_and_compares_with_a_collection(results, photos):
    assert results["table"][1].splitlines() == [
        "     score  better than  photo (higher is better; on a scale from 0 to 10, "
        "ten times red; compared with 9 photos)",
        f"    4.0000         80 %  {photos}/a.png",
        f"    2.0000         40 %  {photos}/b.png",
    ]


def test_folders_in_folders_are_searched_unless_told_not_to(results):
    assert paths_of(results["here"][1]) == ["a.png", "b.png", "broken.png"]
    assert paths_of(results["there"][1]) == ["a.png", "b.png", "broken.png", "d.png"]


def test_photos_are_sorted_by_score_and_broken_ones_come_last(results):
    worst_first = paths_of(results["worst first"][1])
    assert worst_first == ["b.png", "a.png", "d.png", "broken.png"]
    best_first = paths_of(results["best first"][1])
    assert best_first == ["d.png", "a.png", "b.png", "broken.png"]


def test_the_worst_alone_are_written_and_all_are_counted(results):
    code, output, errors = results["two worst"]
    assert paths_of(output) == ["b.png", "a.png", "broken.png"]
    assert (code, errors) == (1, "1 of 4 photos could not be read\n")


def test_a_photo_below_the_least_score_has_an_exit_code_of_its_own(results):
    assert [results["good"][0], results["good"][2]] == [0, ""]
    code, output, errors = results["below"]
    assert (code, errors) == (3, "1 of 2 photos score less than 2.1\n")
    assert paths_of(output) == ["a.png", "b.png"]


def test_a_photo_that_was_not_scored_weighs_more_than_one_below(results):
    code, _, errors = results["below and broken"]
    assert code == 1
    assert errors.splitlines() == [
        "1 of 4 photos could not be read",
        "1 of 4 photos score less than 2.1",
    ]
    # Both make the exit code what it is.
    assert results["quiet"] == results["below and broken"]


def test_a_least_score_off_the_scale_is_a_mistake(results):
    code, output, errors = results["off the scale"]
    assert (code, output) == (2, "")
    assert errors.endswith("on the scale of the model, 0 to 10, not 50\n")


def test_a_run_that_is_finished_scores_nothing_again(results, photos):
    assert results["first"] == [0, "", ""]
    code, output, errors = results["finished"]
    assert (code, output) == (0, "")
    assert errors.startswith("2 of 2 photos were in ")
    assert results["quiet and finished"] == [0, "", ""]
    # It was sorted by a call in between.
    rows = list(csv.DictReader(results["text of kept"].splitlines()))
    assert [row["path"] for row in rows] == [f"{photos}/a.png", f"{photos}/b.png"]
    assert [row["percentile"] for row in rows] == ["80", "40"]


def test_the_exit_code_of_a_finished_run_is_that_of_the_first(results):
    assert results["all"][0] == results["all again"][0] == 1
    for told in ("1 of 4 photos could not be read", "1 of 4 photos score less than 3"):
        assert told in results["all again"][2]
    assert len(paths_of(results["text of all"])) == 4


def test_scores_of_another_model_are_not_mixed(results):
    code, _, errors = results["other model"]
    assert code == 2
    assert errors.startswith("error: ")
    assert "its scores were made by another model or with other settings" in errors


def run(*arguments, **options):
    """Runs Python with these arguments to its end."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize("name", ["scores.csv", "scores.jsonl"])
def test_a_run_that_was_killed_goes_on_where_it_stopped(models, tmp_path, name):
    folder = tmp_path / "photos"
    for number in range(3):
        grey(folder / f"{number}.png", 51 * number)
    os.mkfifo(folder / "3.png")  # Whoever reads it waits for ever.
    output = tmp_path / name
    call = (*PROGRAM, f"--model={models}/model.tflite", folder, f"--output={output}")
    process = start(*call)
    try:
        deadline = time.monotonic() + 60
        while not output.exists() or output.read_text().count("photos/") < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate()
    with output.open("a") as file:
        file.write(str({"path": "half"})[:9].replace("'", '"'))
    (folder / "3.png").unlink()
    grey(folder / "3.png", 153)
    (folder / "0.png").write_text("text")  # Told if it were read again.
    done = run(*call)
    assert done.returncode == 0, done.stderr
    assert b"3 of 4 photos were in " in done.stderr
    grey(folder / "0.png", 0)
    whole = tmp_path / f"whole {name}"
    assert run(*call[:-1], f"--output={whole}").returncode == 0
    assert output.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("end", [b"\n", b"\0"])
def test_a_list_on_the_standard_input_is_scored(models, photos, end):
    names = [photos / "b.png", photos / "inside", photos / "gone.png"]
    done = run(
        *PROGRAM,
        f"--model={models}/model.tflite",
        "--format=jsonl",
        "-",
        input=end.join(map(bytes, names)) + end,
    )
    assert paths_of(done.stdout.decode()) == ["b.png", "d.png", "gone.png"]
    assert done.stderr == b"1 of 3 photos could not be read\n"
    assert done.returncode == 1


def test_an_empty_list_is_an_error_before_anything_begins(models):
    done = run(*PROGRAM, f"--model={models}/model.tflite", "-", input=b"")
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: the standard input names no photos")


def test_a_reader_that_has_enough_ends_the_program_without_a_word(models, photos):
    process = start(
        *PROGRAM, f"--model={models}/model.tflite", *300 * [photos / "a.png"]
    )
    assert "score" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    process.stderr.close()


def test_what_is_made_of_scores_needs_no_tensorflow():
    modules = [
        f"rankiqa_tf.scores.{path.stem}"
        for path in (ROOT / "rankiqa_tf" / "scores").glob("[!_]*.py")
    ]
    assert len(modules) >= 7
    done = run(
        "-c",
        f"import sys, {', '.join(modules)}\n"
        "assert not {'tensorflow', 'keras', 'tqdm'} & set(sys.modules)",
    )
    assert done.returncode == 0, done.stderr
