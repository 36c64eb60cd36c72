"""Sets made and photos scored on Apache Beam, as the local programs do."""

import contextlib
import csv
import dataclasses
import os
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tiny_models
from programs import ROOT
from programs import run_several

import distortions
from distortions.photo_header import PhotoError
from distortions.sets import generation
from distortions.sets import ranked_set
from rankiqa_tf import scoring_flags
from rankiqa_tf.data import generated
from rankiqa_tf.model import Model
from rankiqa_tf.scores import formats
from rankiqa_tf.scores import rows as rows_lib

beam = pytest.importorskip(
    "apache_beam", reason="Apache Beam is missing: pip install 'rankiqa-tf[beam]'"
)

import memory_files  # noqa: E402 - It is of Beam.
import pyarrow.parquet  # noqa: E402 - Likewise.

from distortions.bulk import engine  # noqa: E402
from distortions.bulk import inputs  # noqa: E402
from distortions.bulk import set_pipeline  # noqa: E402
from rankiqa_tf.bulk import score_pipeline  # noqa: E402

LIVE = distortions.PRESETS["live"]
# A deterministic kind, one that is random, and one that keeps its file.
PRESET = dataclasses.replace(
    LIVE, rows=tuple(LIVE.row(n) for n in ("gaussian_blur", "white_noise", "jpeg"))
)
SEED, CROP, SHARD = 7, 48, 0.02  # Megabytes: several shards, and photos across them.
RUNNERS = ("in memory", "every bundle twice", "two processes", "portable")
PORTABLE = ["--runner=PortableRunner", "--environment_type=LOOPBACK"]


@pytest.fixture(scope="module")
def folder(photos, tmp_path_factory):
    """Photos in a folder and in one in it, a broken one, and files to leave alone."""
    folder = tmp_path_factory.mktemp("beam") / "photos"
    (folder / "deep").mkdir(parents=True)
    for number, photo in enumerate(photos):
        shutil.copy(photo, folder / ("deep" if number % 2 else "."))
    (folder / "deep" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    shutil.copy(photos[0], folder / ".hidden.png")
    (folder / "raw.nef").touch()
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture(scope="module")
def local_set(folder, tmp_path_factory):
    """The set that generate makes of the folder."""
    output = tmp_path_factory.mktemp("local") / "set"
    unread = generation.Generation(
        folder,
        output,
        PRESET,
        seed=SEED,
        format="tfrecord",
        shard_megabytes=SHARD,
        crop=CROP,
        workers=2,
    ).run()
    assert list(unread) == ["deep/broken.jpg"]
    return output


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small model in a file, and the file."""
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    tiny_models.of_crops().save(path)
    return Model.load(path), path


@pytest.fixture(scope="module")
def job_service(tmp_path_factory):
    """The address of a job service, as those of Flink and Spark are."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("job_service") / "log.txt"
    module = "apache_beam.runners.portability.local_job_service_main"
    with log.open("w") as output:
        service = subprocess.Popen(
            [sys.executable, "-m", module, f"--port={port}"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    yield f"localhost:{port}"
    service.terminate()
    service.wait()


def set_to_make(output, root):
    return set_pipeline.SetToMake(
        str(root), str(output), PRESET, seed=SEED, crop=CROP, shard_megabytes=SHARD
    )


def run(work, *options):
    return engine.run(engine.begin(options), work)


def choice(path):
    return scoring_flags.Choice(str(path), "grid", 0)


def files_of(folder):
    """The contents of all files of a folder, by their paths in it; None of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def rows_of(*paths):
    """Rows of CSV files by path, without their heading."""
    found = {}
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert row["path"] not in found
                found[row["path"]] = row
    return found


class Both(beam.PTransform):
    """A set made and scores written in one pipeline, for it takes long to start."""

    def __init__(self, photos, *others):
        super().__init__()
        self.photos, self.others = photos, others

    def expand(self, pbegin):
        photos = pbegin | self.photos
        return [photos | f"{n}" >> each for n, each in enumerate(self.others)]


@pytest.fixture(scope="module", params=RUNNERS)
def made(request, folder, model, tmp_path_factory):
    """What a runner makes of the folder, and what it counted."""
    options = {
        "in memory": [],
        "every bundle twice": ["--direct_runner_bundle_repeat=1"],
        "two processes": [
            "--direct_running_mode=multi_processing",
            "--direct_num_workers=2",
        ],
        "portable": PORTABLE,
    }[request.param]
    if request.param == "portable":
        address = request.getfixturevalue("job_service")
        options = [*options, f"--job_endpoint={address}"]
    output = tmp_path_factory.mktemp("made")
    to_make = set_to_make(output / "set", folder)
    photos = inputs.Photos([str(folder)], [])
    to_make.take_up([str(folder)])
    scores = [
        score_pipeline.ScorePhotos(
            choice(model[1]), output=str(output / format), format=format
        )
        for format in score_pipeline.FORMATS
    ]
    with pytest.MonkeyPatch.context() as patch:  # For processes that it starts.
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}")
        result = run(Both(photos, set_pipeline.MakeSet(to_make), *scores), *options)
    return output, engine.counts(result), request.param


def test_the_set_is_byte_for_byte_that_of_generate(made, local_set):
    output, _, _ = made
    assert files_of(output / "set") == files_of(local_set)
    assert len(list(local_set.glob("ranked-*"))) > 3


def test_rows_are_those_of_score(made, folder, model):
    output, _, _ = made
    loaded, path = model
    scorer = scoring_flags.load(choice(path))
    paths = [p for p in sorted(folder.rglob("[!.]*")) if p.suffix in (".png", ".jpg")]
    facts = formats.Facts(loaded.metadata, scorer.scored_by)
    form = formats.FORMATS["csv"]
    expected = {}
    for row, _ in rows_lib.score_all(
        scorer.score_many, paths, (), known=lambda _: None
    ):
        if row.score is not None:
            # Crops of several photos pass the network together there.
            alone = loaded.score(row.path)
            np.testing.assert_allclose(row.score, alone, atol=1e-6)
            row = dataclasses.replace(row, score=alone)
        (cells,) = csv.reader([form.line(row, facts)])
        expected[row.path] = dict(zip(formats.COLUMNS, cells, strict=True))
    assert rows_of(*output.glob("csv-*-of-*.csv")) == expected
    assert len(expected) == 5


def test_parquet_holds_what_csv_holds(made):
    output, _, _ = made
    found = {}
    for path in output.glob("parquet-*-of-*.parquet"):
        table = pyarrow.parquet.read_table(path)
        assert table.schema.equals(score_pipeline.schema())
        for row in table.to_pylist():
            found[row["path"]] = {
                name: "" if cell is None else str(cell) for name, cell in row.items()
            }
    assert found == rows_of(*output.glob("csv-*-of-*.csv"))


def test_a_bad_photo_is_listed_with_its_reason(made, folder):
    output, _, _ = made
    reason = ranked_set.read_description(output / "set")["unreadable"]
    bad = str(folder / "deep" / "broken.jpg")
    for name in ("set", "csv", "parquet"):
        found = rows_of(output / f"{name}-unreadable.csv")
        assert found == {bad: {"path": bad, "error": reason["deep/broken.jpg"]}}
        assert engine.count_unread(str(output / f"{name}-unreadable.csv")) == 1


def test_photos_and_files_passed_over_are_counted(made):
    _, counted, runner = made
    times = 2 if runner == "every bundle twice" else 1
    # Of each of the three.
    assert counted["photos"] in (3 * 5, 3 * 5 * times)
    assert counted["passed over: camera RAW"] in (1, times)


def test_training_reads_the_set(made, local_set):
    output, _, _ = made
    images = []
    for folder in (output / "set", local_set):
        of = generated.Generated(folder)
        seed = tf.constant([0, 0])
        second = of.photo(tf.constant(1))
        images.append(of.whole(second, tf.constant(1), tf.constant(5.0), seed).numpy())
    assert images[0].shape == (43, 48, 3)
    np.testing.assert_array_equal(*images)


def test_a_photo_that_vanishes_after_it_was_found_is_told(folder, model, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(folder, photos)
    gone = photos / "photo0.png"

    def vanish(photo):
        gone.unlink(missing_ok=True)
        return photo

    to_make = set_to_make(tmp_path / "set", photos)
    scores = score_pipeline.ScorePhotos(
        choice(model[1]), output=str(tmp_path / "scores"), format="csv", shards=2
    )
    found = inputs.Photos([str(photos)], []) | beam.Map(vanish)
    run(Both(found, set_pipeline.MakeSet(to_make), scores))
    said = ranked_set.load(tmp_path / "set").description
    assert said["unreadable"]["photo0.png"] == "No such file or directory"
    assert said["photos"]["photo0.png"] == (folder / "photo0.png").stat().st_size
    assert len(list(tmp_path.glob("scores-*-of-00002.csv"))) == 2
    assert len(rows_of(*tmp_path.glob("scores-*-of-*.csv"))) == 5
    for name in ("set", "scores"):
        unread = rows_of(tmp_path / f"{name}-unreadable.csv")
        assert unread[str(gone)]["error"] == "No such file or directory"
        assert len(unread) == 2


def test_works_in_a_file_system_that_is_not_local(folder, local_set, model, tmp_path):
    store = {
        f"memory://bucket/photos/{name}": contents
        for name, contents in files_of(folder).items()
        if contents is not None
    }
    listed = [name for name in store if "photo" in name.rpartition("/")[2]]
    broken = "memory://bucket/photos/deep/broken.jpg"
    # Photos twice in a list are one of a set.
    lines = [*listed, "", f"{broken}\r", listed[0], "memory://bucket/elsewhere.png"]
    memory_files.FILES.clear()
    memory_files.FILES.update(store)
    memory_files.FILES["memory://bucket/list.txt"] = "\n".join(lines).encode()
    memory_files.FILES["memory://bucket/tiny.keras"] = model[1].read_bytes()
    to_make = set_to_make("memory://bucket/set", "memory://bucket/photos")
    to_make.take_up([])
    scores = score_pipeline.ScorePhotos(
        choice("memory://bucket/tiny.keras"),
        output="memory://bucket/scores",
        format="csv",
        shards=1,
    )
    photos = inputs.Photos([], ["memory://bucket/list.txt"])
    result = run(Both(photos, set_pipeline.MakeSet(to_make), scores))
    for name, contents in memory_files.FILES.items():
        copy = tmp_path / name.removeprefix("memory://bucket/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(contents)
    assert files_of(tmp_path / "set") == files_of(local_set)
    reasons = rows_of(tmp_path / "set-unreadable.csv")
    assert reasons.keys() == {broken, "memory://bucket/elsewhere.png"}
    missing = reasons["memory://bucket/elsewhere.png"]
    assert missing["error"] == "it is not in the folder memory://bucket/photos"
    unread = rows_of(tmp_path / "scores-unreadable.csv")
    assert unread["memory://bucket/elsewhere.png"]["error"] == (
        "no object memory://bucket/elsewhere.png"
    )
    rows = (tmp_path / "scores-00000-of-00001.csv").read_text().splitlines()
    assert len(rows) == 1 + 7  # One of them is listed twice, and scored twice.
    assert engine.counts(result)["photos"] == 2 * 7
    left = [name for name in memory_files.FILES if "partial" in name]
    assert left == []


def test_a_set_whose_making_failed_is_no_set_and_is_begun_anew(
    folder, local_set, tmp_path, monkeypatch
):
    to_make = set_to_make(tmp_path / "set", folder)

    def make():
        run(inputs.Photos([str(folder)], []) | set_pipeline.MakeSet(to_make))

    whole, done = set_pipeline.whole_files.copy_part, []

    def fail(*arguments):
        done.append(arguments)
        if len(done) > 4:
            raise OSError(28, "No space left on device")
        whole(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(set_pipeline.whole_files, "copy_part", fail)
        with pytest.raises(engine.PipelineError, match="No space left on device"):
            make()
    left = {name for name in files_of(tmp_path / "set") if "ranked" in name}
    assert left
    assert not any("partial" in name for name in left), "no half of a shard is left"
    with pytest.raises(ValueError, match="is not a ranked set"):
        ranked_set.load(tmp_path / "set")
    # What other stops leave.
    for name in ("manifest.csv", "set.json.0.partial", "records.partial/0"):
        (tmp_path / "set" / name).touch()
    (tmp_path / "set-unreadable.csv").write_text("of another try")
    to_make.take_up([str(folder)])
    make()
    assert files_of(tmp_path / "set") == files_of(local_set)
    assert len(rows_of(tmp_path / "set-unreadable.csv")) == 1


def test_a_set_of_no_photo_that_can_be_read_stays_unfinished(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    local, here = tmp_path / "local", tmp_path / "here"
    generation.Generation(
        tmp_path / "photos", local, PRESET, seed=0, format="tfrecord", workers=1
    ).run()
    to_make = set_pipeline.SetToMake(
        str(tmp_path / "photos"), str(here), PRESET, seed=0
    )
    run(inputs.Photos([str(tmp_path / "photos")], []) | set_pipeline.MakeSet(to_make))
    assert files_of(here) == files_of(local)


def test_the_model_is_loaded_once_a_process(folder, model, tmp_path, monkeypatch):
    loads = []
    load = scoring_flags.load
    monkeypatch.setattr(
        scoring_flags, "load", lambda chosen: loads.append(chosen) or load(chosen)
    )
    monkeypatch.setattr(score_pipeline, "_BATCH", 1)
    scores = score_pipeline.ScorePhotos(
        choice(model[1]), output=str(tmp_path / "scores"), format="csv"
    )
    photos = inputs.Photos([str(folder)], [])
    run(
        photos | scores,
        "--direct_running_mode=multi_threading",
        "--direct_num_workers=2",
    )
    assert loads == [choice(model[1])]
    assert len(rows_of(*tmp_path.glob("scores-*-of-*.csv"))) == 5


@pytest.mark.parametrize(
    ("given", "pattern", "root"),
    [
        ("photos", "photos/**", "photos"),
        ("photos/", "photos/**", "photos"),
        ("gs://bucket", "gs://bucket/**", "gs://bucket"),
        ("gs://bucket/a/*/b?.jpg", "gs://bucket/a/*/b?.jpg", "gs://bucket/a"),
        ("/photos/[ab]*.jpg", "/photos/[ab]*.jpg", "/photos"),
    ],
)
def test_an_input_is_a_folder_or_a_pattern(given, pattern, root):
    assert inputs.pattern_of(given) == pattern
    assert inputs.root_of(given) == root


def test_photos_are_named_by_one_folder():
    assert inputs.root_to_name_by("", ["a/*.jpg", "a/*.png"], []) == "a"
    assert inputs.root_to_name_by("top", ["a", "b"], ["list"]) == "top"
    for given in (["a", "b"], []), (["a"], ["list"]), ([], ["list"]):
        with pytest.raises(ValueError, match="give --root, the folder"):
            inputs.root_to_name_by("", *given)


def test_a_name_that_is_no_text_is_told_and_has_no_place_in_a_set(
    photos, model, tmp_path
):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(photos[0], folder)
    odd = os.fsdecode(bytes(folder) + b"/\xff.png")
    with contextlib.suppress(OSError):  # Some file systems take no such name.
        shutil.copy(photos[1], odd)
    if not os.path.exists(odd):  # noqa: PTH110
        pytest.skip("the file system takes names only that are UTF-8")
    to_make = set_to_make(tmp_path / "set", folder)
    scores = score_pipeline.ScorePhotos(
        choice(model[1]), output=str(tmp_path / "scores"), format="csv", shards=1
    )
    photos_found = inputs.Photos([str(folder)], [])
    run(Both(photos_found, set_pipeline.MakeSet(to_make), scores))
    assert ranked_set.load(tmp_path / "set").contents == ("photo0.png",)
    shown = f"{folder}/\\udcff.png"
    unread = rows_of(tmp_path / "set-unreadable.csv")
    assert unread[shown]["error"] == "names of photos must be UTF-8"
    rows = rows_of(tmp_path / "scores-00000-of-00001.csv")
    assert rows[shown]["score"] == str(model[0].score(photos[1]))
    assert not (tmp_path / "scores-unreadable.csv").exists()


def test_a_folder_in_place_of_a_photo_is_refused_with_the_systems_words(tmp_path):
    with pytest.raises(PhotoError, match=r"^Is a directory$"):
        inputs.read(str(tmp_path))


def test_distort_program_says_what_is_wrong_before_it_begins(folder, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    one = tmp_path / "one"
    one.mkdir()
    shutil.copy(folder / "photo0.png", one)
    good = ["--preset=live", "--distortions=jpeg", f"--output={tmp_path / 'set'}"]
    calls = {
        "no photos given: give folders or patterns as --input": good,
        f"no file matches {tmp_path}/none/**: give a": [
            *good,
            f"--input={tmp_path / 'none'}",
        ],
        "flags only, not photos: name photos by --input": [*good, "photos"],
        "Unexpected pipeline runner: Nobody": [*good, "--", "--runner=Nobody"],
        "give a folder as --output": ["--preset=live", f"--input={one}"],
        "choose a --preset": [f"--input={one}", f"--output={tmp_path / 'set'}"],
        "give --root, the folder": [*good, f"--input={one}", f"--input={folder}"],
        "is not empty and contains no ranked set, but mine.txt": [
            *good[:2],
            f"--output={tmp_path / 'full'}",
            f"--input={one}",
        ],
        "must not be inside the folder of the photos": [
            *good[:2],
            f"--output={one / 'set'}",
            f"--input={one}",
        ],
        "there are no photos among the files": [
            *good[:2],
            f"--output={tmp_path / 'other'}",
            f"--input={tmp_path / 'empty'}",
        ],
        "": [*good, f"--input={one}", "--", "--direct_num_workers=1"],
        "contains a ranked set: give another": [*good, f"--input={one}"],
        "1 of 5 photos could not be read: see ": [
            *good[:2],
            f"--output={tmp_path / 'more'}",
            f"--input={folder}",
        ],
    }
    outcomes = run_several("distortions.beam", list(calls.values()))
    for expected, (code, output, errors) in zip(calls, outcomes, strict=True):
        assert expected in errors
        assert output == ""
        said = {"": 0, "1 of 5 photos could not be read: see ": 1}
        assert code == said.get(expected, 2), errors
    assert outcomes[-1][2].splitlines()[0].startswith("1 camera RAW file passed over")
    assert len(ranked_set.load(tmp_path / "set").images) == 1 + LIVE.num_levels


def test_score_program_scores_and_says_what_is_wrong(folder, model, tmp_path):
    one = tmp_path / "one"
    one.mkdir()
    shutil.copy(folder / "photo0.png", one)
    by = [f"--model={model[1]}", f"--input={one}"]
    calls = {
        "give the beginning of the names of files": by,
        "there is no model 'none'": [
            f"--input={one}",
            "--model=none",
            f"--output={tmp_path / 'scores'}",
        ],
        "cannot score a photo as a whole": [
            *by,
            "--crops=whole",
            f"--output={tmp_path / 'scores'}",
        ],
        "": [*by, f"--output={tmp_path / 'scores'}", "--", "--direct_num_workers=1"],
        "is there already: choose another --output": [
            *by,
            f"--output={tmp_path / 'scores'}",
        ],
        "1 of 5 photos could not be read: see ": [
            f"--model={model[1]}",
            f"--input={folder}",
            f"--output={tmp_path / 'more'}",
            "--format=parquet",
        ],
    }
    outcomes = run_several("rankiqa_tf.beam_score", list(calls.values()))
    for expected, (code, output, errors) in zip(calls, outcomes, strict=True):
        assert expected in errors
        assert output == ""
        said = {"": 0, "1 of 5 photos could not be read: see ": 1}
        assert code == said.get(expected, 2), errors
    rows = rows_of(tmp_path / "scores-00000-of-00001.csv")
    score = str(model[0].score(one / "photo0.png"))
    assert [row["score"] for row in rows.values()] == [score]


@pytest.mark.parametrize("name", ["distortions.beam", "rankiqa_tf.beam_score"])
def test_where_beam_is_missing_programs_say_what_to_install(name, folder, tmp_path):
    hidden = "import sys; sys.modules['apache_beam'] = None\n"
    call = [f"--input={folder}", f"--output={tmp_path / 'x'}", "--preset=live"]
    call = call[:2] if name.startswith("rankiqa") else call
    ((code, _, errors),) = run_several(name, [call], first=hidden)
    assert code == 2
    assert "pip install 'rankiqa-tf[beam]'" in errors
    assert len(errors.splitlines()) == 1
