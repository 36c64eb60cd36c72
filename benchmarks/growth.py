"""How time, memory and disk grow with the number of photos, up to 100,000.

    python -m benchmarks.growth --folder=/tmp/growth --results=benchmarks/growth.json
    python -m benchmarks.growth --table --results=benchmarks/growth.json

Runs whole programs on 1,000, 10,000 and 100,000 photos, and on a few photos to measure
the start-up. The photos are small (48 x 40 pixels, JPEG, all different, 1,000 per
folder), and so is the network: what could grow is the cost of a photo besides its
pixels, and here that is most of the time. The cases, one after another, or those in
--cases:

    score            python -m rankiqa_tf.score, --output in CSV
    score flat       the same, all photos in one folder
    score jsonl      the same, --output in JSON lines
    score report     the same, with a --report
    score sorted     the same, --sort=worst_first
    score listed     the same, paths on standard input instead of a folder
    score resumed    the same, with the rows of nine in ten photos already written
    generate shards  python -m distortions.generate --format=tfrecord
    generate files   the same, --format=files
    rank             rankiqa_tf.train as a function, --stage=rank, one epoch
    rank set         the same, on the set made by "generate shards"
    finetune         rankiqa_tf.train, --stage=finetune, one epoch
    ridge            the same without steps: only the last layer is fitted
    beam generate    python -m distortions.beam
    beam score       python -m rankiqa_tf.beam_score

Measured for each run: wall time; CPU seconds, user and system, of the program and the
processes it waited for (wait4); the highest total PSS of the program and its
descendants (/proc/*/smaps_rollup, sampled five times a second), and the peak of the
largest of them (ru_maxrss), which sampling cannot miss; the maximum disk space of its
output and temporary folder beyond what remained; and what remained. Linux only.

The exponent is the least squares slope of the logarithm of time, minus the start-up,
over the logarithm of the number of photos. If the machine does other work too, CPU
seconds are more reliable. Up to 1,000 photos, where start-up dominates, runs are
repeated and the one with the least CPU time counts.

Runs that are already in --results are not repeated.
"""

import contextlib
import io
import itertools
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from absl import app
from absl import flags
from PIL import Image

_FOLDER = flags.DEFINE_string("folder", None, "For photos and results of programs.")
_RESULTS = flags.DEFINE_string("results", None, "A JSON file.", required=True)
_TABLE = flags.DEFINE_bool(
    "table", False, "Print the tables of growth.md; run nothing."
)
_SIZES = flags.DEFINE_list("sizes", ["1000", "10000", "100000"], "Numbers of photos.")
_CASES = flags.DEFINE_list(
    "cases", None, "Names of cases; all that can be run if none."
)

_FEW = 20  # Number of photos for measuring the start-up.
_SIDES = (48, 40)
_A_FOLDER = 1_000
_MOST_RUNS = 3
_CROP = 32
_BATCH = 16  # Photos in a step.
_KEPT = 0.9  # Fraction of photos whose rows a resumed output has.
_PRESET = "benchmarks.growth_preset:PRESET"
_TRAIN = """
import json, sys
import rankiqa_tf
from rankiqa_tf.config import Config, Training
training = Training(evaluate_every=1_000_000)
rankiqa_tf.train(Config(training=training, **json.loads(sys.argv[1])), sys.argv[2])
"""


# Photos and a model.


def make_photos(folder: Path, count: int) -> None:
    """Writes photos, 1,000 per folder; a comment makes each of them unique."""
    from rankiqa_tf.data.references import embedded_photos

    sources = []
    for path in embedded_photos():
        with Image.open(path) as photo:
            sources.append(photo.convert("RGB").reduce(3))
    chance = random.Random(0)
    width, height = _SIDES
    for number in range(count):
        source = sources[number % len(sources)]
        left = chance.randrange(source.width - width)
        top = chance.randrange(source.height - height)
        crop = source.crop((left, top, left + width, top + height))
        file = io.BytesIO()
        crop.save(file, "JPEG", quality=85, comment=str(number))
        path = folder / f"{number // _A_FOLDER:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.getvalue())


def link_photos(source: Path, folder: Path, count: int, *, flat: bool) -> None:
    """Hard-links the first photos, into folders of 1,000 or all into one."""
    for number in range(count):
        inside = Path(f"{number // _A_FOLDER:03}", f"{number:06}.jpg")
        path = folder / (inside.name if flat else inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(source / inside)


def make_model(path: Path) -> None:
    """Saves a network with two levels that takes 0.1 ms per crop."""
    import keras

    from rankiqa_tf.metadata import Metadata
    from rankiqa_tf.model import Model
    from rankiqa_tf.models import heads

    keras.utils.set_random_seed(0)
    image = keras.Input([None, None, 3])
    x = keras.layers.Rescaling(2.0, offset=-1.0)(image)
    levels = []
    for channels in (8, 16):
        x = keras.layers.Conv2D(channels, 3, strides=2, activation="relu")(x)
        levels.append(x)
    features = [part for level in levels for part in heads.pooled(level)]
    network = heads.attach(keras.Model(image, x), heads.standardised(features))
    metadata = Metadata(
        network="MobileNetV2",  # Accepts any size from 32 pixels, like this one.
        crop_size=_CROP,
        levels="all",
        score_range=None,
        trained_on="nothing",
        # Otherwise its last layer would be fitted first, to a limited number of photos.
        stages=("rank",),
    )
    Model(network, metadata).save(path)


class Material:
    """The programs' inputs, created on first use.

    Args:
        folder: where to keep them.
        most: number of photos of the largest run.
    """

    def __init__(self, folder: Path, most: int):
        self._folder, self._most = folder, most

    def photos(self, count: int, *, flat: bool = False) -> Path:
        """Returns a folder with so many photos."""
        every = self._folder / f"photos-{self._most}"
        if not every.exists():
            partial = every.with_name("photos.partial")
            shutil.rmtree(partial, ignore_errors=True)
            make_photos(partial, self._most)
            partial.rename(every)
        if count == self._most and not flat:
            return every
        found = self._folder / f"photos-{'flat-' * flat}{count}"
        if not found.exists():
            link_photos(every, found, count, flat=flat)
        return found

    def model(self) -> Path:
        """Returns the path of a small model."""
        path = self._folder / "model.keras"
        if not path.exists():
            # In a separate process: a child's peak memory starts with its parent's
            # memory.
            maker = multiprocessing.get_context("spawn").Process(
                target=make_model, args=[path]
            )
            maker.start()
            maker.join()
        return path

    def list(self, count: int) -> Path:
        """Returns a file with the paths of so many photos, one per line."""
        path = self._folder / f"list-{count}.txt"
        photos = sorted(self.photos(count).rglob("*.jpg"))
        path.write_text("".join(f"{photo}\n" for photo in photos))
        return path

    def opinions(self, count: int) -> Path:
        """Returns a CSV file of random human scores for so many photos."""
        path = self._folder / f"opinions-{count}.csv"
        chance = random.Random(0)
        root = self.photos(count)
        rows = (
            f"{photo.relative_to(root)},{chance.random():.4f}\n"
            for photo in sorted(root.rglob("*.jpg"))
        )
        path.write_text("image,mos\n" + "".join(rows))
        return path


# A case turns the number of photos and an empty output folder into arguments. A last
# argument that begins with < is a file for standard input.
Case = Callable[[Material, int, Path], list[str]]


def _score(name: str, *more: str, flat: bool = False) -> Case:
    def arguments(material: Material, count: int, output: Path) -> list[str]:
        given = [each.format(output=output) for each in more]
        return [
            "-m",
            "rankiqa_tf.score",
            str(material.photos(count, flat=flat)),
            f"--model={material.model()}",
            f"--output={output / name}",
            *given,
        ]

    return arguments


def _score_listed(material: Material, count: int, output: Path) -> list[str]:
    found = _score("scores.csv")(material, count, output)
    return [*found[:2], "-", *found[3:], f"<{material.list(count)}"]


def _score_resumed(material: Material, count: int, output: Path) -> list[str]:
    found = _score("scores.csv")(material, count, output)
    subprocess.run([sys.executable, *found], check=True)
    rows = (output / "scores.csv").read_bytes().splitlines(keepends=True)
    kept = 1 + int(count * _KEPT)  # Including the heading.
    (output / "scores.csv").write_bytes(b"".join(rows[:kept]))
    return found


def _generate(form: str) -> Case:
    def arguments(material: Material, count: int, output: Path) -> list[str]:
        return [
            "-m",
            "distortions.generate",
            f"--preset={_PRESET}",
            f"--input={material.photos(count)}",
            f"--output={output}",
            f"--format={form}",
            "--shard_size=8",
        ]

    return arguments


def _train(material: Material, output: Path, **options: Any) -> list[str]:
    # Not the program, which also exports the model: that takes 20 s, whatever the data.
    config = {
        "init": str(material.model()),
        "crop_size": _CROP,
        **options,
    }
    return ["-c", _TRAIN, json.dumps(config), str(output)]


def _steps(count: int) -> int:
    return max(round(count * 0.8) // _BATCH, 1)  # A fifth is held out.


def _rank(material: Material, count: int, output: Path) -> list[str]:
    # Strengths are drawn anew each time, so that no versions are cached in memory: with
    # fixed levels, up to 1 GiB are (`stages.ranking.KEPT_BYTES`).
    photos = material.photos(count)
    return _rank_on(material, count, output, photos, strengths="any")


def _rank_on(
    material: Material, count: int, output: Path, photos: Path, **more: Any
) -> list[str]:
    return _train(
        material,
        output,
        stage="rank",
        photos=str(photos),
        preset=_PRESET,
        rank_steps=_steps(count),
        photos_per_batch=_BATCH,
        # As many at the end as are held out of the smallest number of photos.
        evaluation_photos=_FEW // 5,
        **more,
    )


def _rank_set(material: Material, count: int, output: Path) -> list[str]:
    made = output.with_name(output.name + "-set")
    command = [sys.executable, *_generate("tfrecord")(material, count, made)]
    subprocess.run(command, check=True, capture_output=True)
    return _rank_on(material, count, output, made)


def _finetune(material: Material, count: int, output: Path, **more: Any) -> list[str]:
    return _train(
        material,
        output,
        stage="finetune",
        dataset=str(material.opinions(count)),
        data_dir=str(material.photos(count)),
        mos_range="0,1",
        finetune_batch=_BATCH,
        **more,
    )


def _finetune_steps(material: Material, count: int, output: Path) -> list[str]:
    steps = _steps(count)
    return _finetune(material, count, output, mos_scale="raw", finetune_steps=steps)


def _ridge(material: Material, count: int, output: Path) -> list[str]:
    return _finetune(material, count, output, mos_scale="half_ranks", finetune_steps=0)


def _beam_generate(material: Material, count: int, output: Path) -> list[str]:
    return [
        "-m",
        "distortions.beam",
        f"--preset={_PRESET}",
        f"--input={material.photos(count)}",
        f"--output={output}/set",
        "--shard_size=8",
    ]


def _beam_score(material: Material, count: int, output: Path) -> list[str]:
    return [
        "-m",
        "rankiqa_tf.beam_score",
        f"--model={material.model()}",
        f"--input={material.photos(count)}",
        f"--output={output}/scores",
    ]


CASES: dict[str, Case] = {
    "score": _score("scores.csv"),
    "score flat": _score("scores.csv", flat=True),
    "score jsonl": _score("scores.jsonl"),
    "score report": _score("scores.csv", "--report={output}/page.html"),
    "score sorted": _score("scores.csv", "--sort=worst_first"),
    "score listed": _score_listed,
    "score resumed": _score_resumed,
    "generate shards": _generate("tfrecord"),
    "generate files": _generate("files"),
    "rank": _rank,
    "rank set": _rank_set,
    "finetune": _finetune_steps,
    "ridge": _ridge,
    "beam generate": _beam_generate,
    "beam score": _beam_score,
}


# Measuring.


def _family(root: int) -> Iterator[int]:
    """Yields a process and its descendants."""
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting += map(int, task.read_text().split())


def _pss(process: int) -> int:
    """Returns a process's own memory plus its share of shared memory, in bytes."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _used(folder: Path) -> int:
    """Returns the disk space of a folder's files in bytes, ignoring deleted ones."""
    total = 0
    for name, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(name, file)).st_blocks * 512  # noqa: PTH118
    return total


class Watch:
    """Samples memory and disk use of a running program in a thread."""

    def __init__(self, process: int, folders: list[Path]):
        self.memory = self.disk = 0
        self._process, self._folders = process, folders
        self._done = threading.Event()
        self._threads = [
            threading.Thread(target=run) for run in (self._memory, self._disk)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stops sampling."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _memory(self) -> None:
        while not self._done.wait(0.2):
            self.memory = max(self.memory, sum(map(_pss, _family(self._process))))

    def _disk(self) -> None:
        pause = 0.5
        while not self._done.wait(pause):
            started = time.monotonic()
            self.disk = max(self.disk, sum(map(_used, self._folders)))
            # Walking through many files is work too: limit it to a twentieth of the
            # time.
            pause = max(0.5, 20 * (time.monotonic() - started))


def measure(case: Case, material: Material, count: int, folder: Path) -> dict[str, Any]:
    """Runs a program once.

    Returns:
        Measurements: times in seconds, sizes in bytes.
    """
    with tempfile.TemporaryDirectory(dir=folder) as own:
        output, temporary = Path(own, "output"), Path(own, "tmp")
        output.mkdir()
        temporary.mkdir()
        arguments = case(material, count, output)
        given = None
        if arguments[-1].startswith("<"):
            given = arguments.pop()[1:]
        before = _used(output)
        with (
            Path(own, "log").open("w") as log,
            Path(given or os.devnull).open() as stdin,
        ):
            started = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"TMPDIR": str(temporary)},
            )
            watch = Watch(process.pid, [output, temporary])
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            watch.stop()
        if process.returncode:
            raise RuntimeError(Path(own, "log").read_text()[-3000:])
        left = _used(output)
        files = sum(len(names) for *_, names in os.walk(output))
        return {
            "photos": count,
            "wall": round(wall, 2),
            "cpu": round(usage.ru_utime + usage.ru_stime, 2),
            "memory": watch.memory,
            "largest": usage.ru_maxrss * 1024,
            "temporary": max(watch.disk - max(left, before), 0),
            "output": left,
            "files": files,
            "load": os.getloadavg()[0],
        }


def exponent(runs: list[dict[str, Any]], time_of: str) -> float:
    """Returns the slope of log time over log photos, minus start-up (the first run)."""
    start, *others = runs
    counts = [run["photos"] for run in others]
    times = [run[time_of] - start[time_of] for run in others]
    return float(np.polyfit(np.log(counts), np.log(times), 1)[0])


def _repeats(count: int) -> int:
    """Returns how often to run a program: repeatedly if start-up dominates."""
    return _MOST_RUNS if count <= 1_000 else 1


# Tables.


def tables(results: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Yields the lines of growth.md."""
    yield from (
        "# How time, memory and disk grow with the number of photos",
        "",
        "    python -m benchmarks.growth --folder=/tmp/growth "
        "--results=benchmarks/growth.json",
        "    python -m benchmarks.growth --table --results=benchmarks/growth.json "
        "> benchmarks/growth.md",
        "",
        "What is measured, and how, is described in the script. Loads are those of the",
        "machine at the end of each run, start-up first: if they exceed the number of",
        "cores, wall time means little, and CPU seconds may be too high.",
        "",
    )
    sizes = [run["photos"] for run in next(iter(results.values()))[1:]]
    yield (
        "| program | "
        + " | ".join(f"{n:,}: CPU (wall) s" for n in sizes)
        + " | start-up, CPU s | ms a photo, CPU | exponent, CPU | exponent, wall "
        + "| loads |"
    )
    yield "| --- |" + " ---: |" * (len(sizes) + 5)
    for name, (start, *runs) in results.items():
        times = " | ".join(f"{run['cpu']:.1f} ({run['wall']:.1f})" for run in runs)
        each = (runs[-1]["cpu"] - start["cpu"]) / runs[-1]["photos"] * 1000
        loads = ", ".join(f"{run['load']:.0f}" for run in (start, *runs))
        yield (
            f"| {name} | {times} | {start['cpu']:.1f} | {each:.2f} "
            f"| {exponent([start, *runs], 'cpu'):.3f} "
            f"| {exponent([start, *runs], 'wall'):.3f} "
            f"| {loads} |"
        )
    yield ""
    yield (
        "| program | "
        + " | ".join(f"{n:,}: memory, MB" for n in sizes)
        + " | largest / smallest | bytes a photo | temporary disk at the most, MB "
        + "| output, MB | bytes of output a photo |"
    )
    yield "| --- |" + " ---: |" * (len(sizes) + 5)
    for name, (_, *runs) in results.items():
        # Peak of programs with one process; for others, the sampled sum.
        memory = [max(run["memory"], run["largest"]) for run in runs]
        first, last = runs[0], runs[-1]
        more_photos = last["photos"] - first["photos"]
        yield (
            f"| {name} | {' | '.join(f'{each / 1e6:.0f}' for each in memory)} "
            f"| {memory[-1] / memory[0]:.2f} "
            f"| {(memory[-1] - memory[0]) / more_photos:.0f} "
            f"| {max(run['temporary'] for run in runs) / 1e6:.1f} "
            f"| {last['output'] / 1e6:.1f} "
            f"| {(last['output'] - first['output']) / more_photos:.0f} |"
        )


def main(argv):
    del argv
    path = Path(_RESULTS.value)
    results = json.loads(path.read_text()) if path.exists() else {}
    if _TABLE.value:
        print(*tables(results), sep="\n")
        return
    folder = Path(_FOLDER.value).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [_FEW, *map(int, _SIZES.value)]
    material = Material(folder, max(sizes))
    cases = _CASES.value or list(CASES)
    # Everything once, and afterwards the repetitions.
    for number, name, count in itertools.product(range(_MOST_RUNS), cases, sizes):
        found = {run["photos"]: run for run in results.get(name, [])}
        done = found[count]["runs"] if count in found else 0
        if done > number or number >= _repeats(count):
            continue
        run = measure(CASES[name], material, count, folder)
        print(name, run, flush=True)
        # Other work on the machine can only add to the time.
        least = min(found.get(count, run), run, key=lambda each: each["cpu"])
        found[count] = least | {"runs": done + 1}
        results[name] = [found[each] for each in sorted(found)]
        ordered = {each: results[each] for each in CASES if each in results}
        path.write_text(json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    app.run(main)
