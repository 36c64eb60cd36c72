"""Programs killed at random moments: do they end with an undisturbed run's results?

    python -m benchmarks.kills --photos=PHOTOS --scores=SCORES.csv --images=IMAGES \
        --kills=100 --folder=/tmp/kills > benchmarks/kills.md

PHOTOS are good photos to rank, distort and score; SCORES.csv and IMAGES are photos with
human scores (image,mos), of which --count are used.

Each job is a command as a user would give it, on real photos. It is first run
undisturbed. Then it is started repeatedly; at a random moment, uniform over the
duration of the first run, it and all its processes are killed with SIGKILL, and the
same command is given again, until a run ends by itself. What it leaves must equal what
the first run left, byte for byte: weights, figures, tables, predictions, images,
manifests, exported files (`results.json` without its times and the report without its
date; for a SavedModel, whose functions TensorFlow names anew each time, its variables
byte for byte, its operations, and its difference from the model's scores, to the last
digit). Then it starts over in a new folder, until there have been enough kills.

Programs run in processes forked from one that has imported TensorFlow but not used it,
so that kills hit their work rather than their import, which takes longer.

After every kill, each file that exists under its final name is compared too: if it
differs from its final content, it was half written.

Prints the table of kills.md; --log records each kill as a line of JSON, and --add_up
prints the table for several such files.
"""

import atexit
import collections
import hashlib
import importlib
import io
import json
import os
import random
import re
import shutil
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import NamedTuple

import h5py
import keras  # Imports TensorFlow, which must not be used here: it could not be forked.
from absl import app
from absl import flags
from matplotlib import figure  # noqa: F401 - preloaded for the programs.
from PIL import Image
from scipy import optimize  # noqa: F401
from scipy import stats  # noqa: F401
from tensorflow.core.protobuf import saved_model_pb2

from distortions import program

_PHOTOS = flags.DEFINE_string("photos", "", "Folder of good photos.")
_SCORES = flags.DEFINE_string("scores", "", "CSV: image,mos.")
_IMAGES = flags.DEFINE_string("images", "", "Where its images are.")
_COUNT = flags.DEFINE_integer("count", 80, "How many of them.", lower_bound=10)
_KILLS = flags.DEFINE_integer("kills", 100, "Of all jobs together.", lower_bound=1)
_JOBS = flags.DEFINE_list("jobs", [], "Only these; all if not given.")
_FOLDER = flags.DEFINE_string("folder", "", "To work in.")
_SEED = flags.DEFINE_integer("seed", 0, "Decides the moments.")
_ADD_UP = flags.DEFINE_list(
    "add_up", [], "Logs of former runs to print the table of; nothing is run."
)
_LOG = flags.DEFINE_string("log", None, "A file to add a line of JSON for each kill.")
_RANKED = 6  # Number of photos to rank, distort and export with, parts of PHOTOS.
_OURS = (__name__, "__main__", sys.argv[0])

_STEPS = ("--optimizer=adam", "--rank_learning_rate=1e-3", "--evaluate_every=4")
_TRAIN = ("rankiqa_tf.train", "--init={model}", "--crop_size=64", *_STEPS)
_RANK = ("--preset=live", "--photos={photos}", "--rank_steps=32")
_TUNE = (
    "--dataset={scores}",
    "--finetune_steps=32",
    "--finetune_learning_rate=1e-4",
    "--finetune_batch=8",
)


_HISTORIES = ("rank.jsonl", "finetune.jsonl")


class Job(NamedTuple):
    """A command.

    Attributes:
        name: what it does.
        arguments: of Python's -m; {photos}, {scores}, {images} and {out} are replaced.
        growing: names of files that are rewritten repeatedly, each time whole, so that
            they are only compared at the end.
        appended: names of files to which whole lines are appended.
    """

    name: str
    arguments: Sequence[str]
    growing: Sequence[str] = ()
    appended: Sequence[str] = ()


JOBS = (
    Job(
        "ranking",
        (*_TRAIN, *_RANK, "--stage=rank"),
        ("results.json", *_HISTORIES),
    ),
    Job(
        "fine-tuning",
        (*_TRAIN, *_TUNE, "--stage=finetune"),
        ("results.json", *_HISTORIES),
    ),
    Job(
        "fine-tuning on kept crops",
        (
            *_TRAIN,
            *_TUNE,
            "--stage=finetune",
            "--kept_crops=30",
            "--frozen_layers=1",
        ),
        ("results.json", *_HISTORIES),
    ),
    Job(
        "generation of files",
        ("distortions.generate", "--preset=live", "--input={photos}"),
        ("set.json",),
    ),
    Job(
        "generation of shards",
        (
            "distortions.generate",
            "--preset=live",
            "--format=tfrecord",
            "--shard_size=1",
            "--input={photos}",
        ),
        ("set.json",),
    ),
    Job(
        "benchmark",
        (
            "rankiqa_tf.benchmark",
            "--network=shallow",
            *_STEPS,
            "--preset=live",
            "--photos={photos}",
            "--distortions_per_batch=1",
            "--rank_steps=8",
            *_TUNE,
            "--finetune_steps=8",
            "--splits=2",
            "--methods=baseline,rankiqa_ft",
        ),
        ("results.json", "table.md", "table.csv", "report.html", *_HISTORIES),
    ),
    Job(
        "scoring to CSV",
        (
            "rankiqa_tf.score",
            "--model={model}",
            "--quiet",
            "{images}",
            "--output={out}/scores.csv",
        ),
        appended=("scores.csv",),
    ),
    Job(
        "scoring to a sorted table",
        (
            "rankiqa_tf.score",
            "--quiet",
            "{images}",
            "--sort=worst_first",
            "--output={out}/scores.txt",
            "--report={out}/page.html",
        ),
    ),
    Job(
        "export",
        (
            "export",
            "--model={model}",
            "--photos={photos}",
            "--formats=keras,saved_model,tflite",
        ),
    ),
)

# Not compared: files that only a resumed run reads.
_WORKING = re.compile(
    r"(^|/)(checkpoints|tensorboard|kept|\.[0-9a-f]{8}\.partial)(/|$)"
    r"|(^|/)(\.[^/]*lock|\.unfinished|ranked-\d+(-of-\d+)?\.(partial|csv)"
    r"|ranked-\d+\.tfrecord)$"
)
# Times, dates, and the name of the run's folder in the title of its page.
_VARY = re.compile(rb'"[^"]*seconds": [0-9.e+-]+|\d{4}-\d\d-\d\d|>Training run [^<]*<')


def weights_of(path: Path) -> bytes:
    """Returns the weights of a .keras file, and its metadata."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            content = archive.read(name)
            if name.endswith(".h5"):
                with h5py.File(io.BytesIO(content)) as file:
                    found: list[tuple[str, bytes]] = []
                    file.visititems(
                        lambda key, item, found=found: (
                            found.append((key, item[()].tobytes()))
                            if isinstance(item, h5py.Dataset)
                            else None
                        )
                    )
                for key, value in sorted(found):
                    digest.update(key.encode() + value)
            elif name not in ("metadata.json", "config.json"):  # Both vary.
                digest.update(content)
    return digest.digest()


def graph_of(path: Path) -> bytes:
    """Returns a SavedModel's operations, whose names and order TensorFlow varies."""
    found = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    functions = found.meta_graphs[0].graph_def.library.function
    operations = collections.Counter(n.op for f in functions for n in f.node_def)
    return repr((len(functions), sorted(operations.items()))).encode()


def content_of(path: Path) -> bytes:
    """Returns a file's content, independent of when and where it was written."""
    if path.suffix == ".keras":
        return weights_of(path)
    if path.name == "fingerprint.pb":
        return b""  # Different each time.
    if path.name == "saved_model.pb":
        return graph_of(path)
    return _VARY.sub(b"", path.read_bytes())


def contents(folder: Path, other: Path) -> dict[str, bytes]:
    """Returns the content of the files in a folder, by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not _WORKING.search(name):
            # Commands name their folders.
            content = content_of(path).replace(bytes(folder), bytes(other))
            found[name] = content
    return found


def differing(
    job: Job, found: Mapping[str, bytes], expected: Mapping[str, bytes], *, ended: bool
) -> list[str]:
    """Returns the names of files with wrong content."""
    wrong = [] if not ended else sorted(expected.keys() - found.keys())
    for name, content in found.items():
        last = name.rpartition("/")[2]
        if name not in expected:
            wrong.append(f"{name} (not there without kills)")
        elif not ended and last in job.growing:
            continue
        elif not ended and last in job.appended:
            # The last line may be half written, and is repaired later.
            whole = content[: content.rfind(b"\n") + 1]
            if not expected[name].startswith(whole):
                wrong.append(name)
        elif content != expected[name]:
            wrong.append(name)
    return wrong


def write_tiny_model(path: Path) -> None:
    """Writes a network of two convolutions; its scores do not matter."""
    from rankiqa_tf.metadata import Metadata
    from rankiqa_tf.model import Model
    from rankiqa_tf.models import heads

    keras.utils.set_random_seed(0)
    image = keras.Input([None, None, 3])
    maps = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(image)
    maps = keras.layers.Conv2D(16, 3, strides=2, activation="relu")(maps)
    maps = keras.layers.BatchNormalization()(maps)
    network = heads.attach(
        keras.Model(image, maps), heads.standardised(heads.pooled(maps))
    )
    metadata = Metadata(
        network="MobileNetV2",
        crop_size=64,
        levels="last",
        score_range=None,
        trained_on="nothing",
        stages=(),
    )
    Model(network, metadata).save(path)


def start(job: Job, places: Mapping[str, Path], log: Path) -> int:
    """Starts a program; returns its process, which leads its own group."""
    out = places["out"]
    name, *given = (argument.format(**places) for argument in job.arguments)
    if "{out}" in " ".join(job.arguments):
        out.mkdir(exist_ok=True)
    else:
        flag = "output" if name in ("distortions.generate", "export") else "workdir"
        given.append(f"--{flag}={out}")

    def work() -> None:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(file, 1)
        os.dup2(file, 2)
        for flag_name in list(flags.FLAGS):
            if flags.FLAGS.find_module_defining_flag(flag_name) in _OURS:
                delattr(flags.FLAGS, flag_name)
        flags.FLAGS.unparse_flags()
        sys.argv = [name, *given]
        module = f"{name}.__main__" if name == "export" else name
        program.run(importlib.import_module(module).main)

    return in_child(work)


def in_child(work: Callable[[], object]) -> int:
    """Calls a function in a forked process that leads its own group.

    TensorFlow has been imported in this process, which takes longer than the jobs do,
    but never used.
    """
    if process := os.fork():
        return process
    try:
        os.setsid()
        work()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def wait(process: int, seconds: float | None) -> int | None:
    """Waits for a process; returns its exit code, or None if it has not ended."""
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        ended, status = os.waitpid(process, 0 if end is None else os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def check_ended(code: int | None, log: Path) -> None:
    if code:
        raise RuntimeError(f"exit code {code}: {log.read_text()[-2000:]}")


def kill_again_and_again(
    job: Job,
    kills: int,
    places: Mapping[str, Path],
    folder: Path,
    generator: random.Random,
    note: Callable[..., None],
) -> None:
    """Kills a job so many times, and records how what it leaves compares."""
    log = folder / "log.txt"
    first = folder / "never_killed"
    started = time.monotonic()
    code = wait(start(job, {**places, "out": first}, log), None)
    seconds = time.monotonic() - started
    check_ended(code, log)
    expected = contents(first, first)
    done = runs = 0
    while done < kills:
        out = folder / f"killed_{runs}"
        runs += 1
        while True:
            process = start(job, {**places, "out": out}, log)
            # After the last kill, it may finish.
            moment = generator.uniform(0, seconds) if done < kills else None
            code = wait(process, moment)
            if code is not None:
                break
            os.killpg(process, signal.SIGKILL)
            wait(process, None)
            share = (moment or 0) / seconds
            there = contents(out, first) if out.exists() else {}
            found = differing(job, there, expected, ended=False)
            done += 1
            note(job=job.name, share=share, files=len(there), wrong=found)
        check_ended(code, log)
        found = differing(job, contents(out, first), expected, ended=True)
        left = [str(p) for p in out.rglob("*") if p.name.endswith((".partial", "lock"))]
        note(job=job.name, ended=runs, kills=done, wrong=found, left=left)
        shutil.rmtree(out)
    shutil.rmtree(first)


def table(notes: Sequence[Mapping[str, Any]]) -> str:
    """Summarises the jobs, from the records of each kill and end."""
    lines = [
        "| job | kills | in each fifth of a run's time | with results there by then "
        "| files half written | runs to the end | files that differ there |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    sums = [0] * 5
    for job in JOBS:
        own = [each for each in notes if each["job"] == job.name]
        kills = [each for each in own if "share" in each]
        ends = [each for each in own if "ended" in each]
        if not own:
            continue
        fifths = collections.Counter(min(4, int(5 * each["share"])) for each in kills)
        row = [
            len(kills),
            sum(each["files"] > 0 for each in kills),
            sum(len(each["wrong"]) for each in kills),
            len(ends),
            sum(len(each["wrong"]) + len(each["left"]) for each in ends),
        ]
        sums = [one + other for one, other in zip(sums, row, strict=True)]
        spread = " ".join(str(fifths[number]) for number in range(5))
        cells = (job.name, row[0], spread, *row[1:])
        lines.append(f"| {' | '.join(map(str, cells))} |")
    cells = ("all", sums[0], "", *sums[1:])
    lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main(argv):
    del argv
    if _ADD_UP.value:
        texts = (Path(log).read_text() for log in _ADD_UP.value)
        print(table([json.loads(line) for text in texts for line in text.splitlines()]))
        return
    folder = Path(_FOLDER.value).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    images = folder / "images"
    images.mkdir(exist_ok=True)
    lines = Path(_SCORES.value).read_text().splitlines()
    chosen = [lines[0], *lines[1 : _COUNT.value + 1]]
    for line in chosen[1:]:
        name = line.partition(",")[0]
        if not (images / name).exists():
            shutil.copyfile(Path(_IMAGES.value, name), images / name)
    scores = images / "scores.csv"
    scores.write_text("\n".join(chosen) + "\n")
    photos = folder / "photos"
    photos.mkdir(exist_ok=True)
    for path in sorted(Path(_PHOTOS.value).glob("*.jpg"))[:_RANKED]:
        with Image.open(path) as photo:
            photo.crop((0, 0, 223, 257)).save(photos / f"{path.stem}.png")
    model = folder / "tiny.keras"
    if not model.exists():
        wait(in_child(lambda: write_tiny_model(model)), None)
    places = {
        "photos": photos,
        "model": model,
        "scores": scores,
        "images": images,
    }
    jobs = [job for job in JOBS if not _JOBS.value or job.name in _JOBS.value]
    notes: list[Mapping[str, Any]] = []

    def note(**facts) -> None:
        notes.append(facts)
        if _LOG.value:
            with Path(_LOG.value).open("a") as file:
                print(json.dumps(facts), file=file)

    for number, job in enumerate(jobs):
        # Equally many for each; the first jobs get the rest.
        kills = _KILLS.value // len(jobs) + (number < _KILLS.value % len(jobs))
        own = folder / f"job_{number}"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        generator = random.Random(f"{_SEED.value} {job.name}")
        kill_again_and_again(job, kills, places, own, generator, note)
    print(table(notes))


if __name__ == "__main__":
    app.run(main)
