"""What Apache Beam costs: its pipelines compared with the local programs.

    python -m benchmarks.beam_overhead --photos=photos --count=60 --output=folder

Makes a set (preset live) and scores of the same photos with the local program and with
the pipeline on three runners: in this process, in two processes, and through a job
service in loopback mode, as with Flink and Spark. Prints the table of beam_overhead.md:
wall time, CPU time and the largest process's memory, also as ratios to the local
program, and whether the results are the same. The output is deleted at the end.
"""

import contextlib
import csv
import dataclasses
import filecmp
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import app
from absl import flags

_PHOTOS = flags.DEFINE_string("photos", None, "A folder of photos.", required=True)
_COUNT = flags.DEFINE_integer("count", 60, "How many of them.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", None, "A new folder.", required=True)

_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
_LOOPBACK = ["--runner=PortableRunner", "--environment_type=LOOPBACK"]
_SERVICE = "apache_beam.runners.portability.local_job_service_main"


@dataclasses.dataclass
class Cost:
    """Cost of a command: seconds, CPU seconds, megabytes of the largest process."""

    wall: float
    cpu: float
    memory: float


def run(*arguments: object) -> Cost:
    """Runs a Python module, and returns its cost."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {arguments}")
    wall = time.perf_counter() - began
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3)


@contextlib.contextmanager
def job_service() -> Iterator[str]:
    """Starts a job service, and yields its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", _SERVICE, f"--port={port}"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as service:
        time.sleep(10)
        try:
            yield f"localhost:{port}"
        finally:
            service.terminate()


def scores_of(*paths: Path) -> dict[str, float]:
    """Returns scores by path, from files of rows."""
    found = {}
    for path in paths:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                found[row["path"]] = float(row["score"])
    return found


def same_files(one: Path, other: Path) -> str:
    """Describes whether two folders of files are equal, byte for byte."""
    names = sorted(path.name for path in one.iterdir())
    others = sorted(path.name for path in other.iterdir())
    _, different, failed = filecmp.cmpfiles(one, other, names, shallow=False)
    same = names == others and not different and not failed
    return "same bytes" if same else f"{len(different)} files differ"


def same_scores(one: Path, *others: Path) -> str:
    """Describes the maximum difference of scores, as a fraction of their spread."""
    first, second = scores_of(one), scores_of(*others)
    if first.keys() != second.keys():
        return "other photos"
    values = np.array([(first[path], second[path]) for path in first])
    difference = np.abs(values[:, 0] - values[:, 1]).max()
    return f"{difference / np.ptp(values[:, 0]):.1e} of the spread"


def main(argv: list[str]) -> None:
    """Prints the table."""
    del argv
    output = Path(_OUTPUT.value)
    photos = output / "photos"
    photos.mkdir(parents=True)
    for path in sorted(Path(_PHOTOS.value).glob("*.jpg"))[: _COUNT.value]:
        shutil.copy(path, photos)

    print("| work | runner | s | CPU s | MB | wall | CPU | result |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")

    def tell(work: str, runner: str, cost: Cost, local: Cost, result: str) -> None:
        print(
            f"| {work} | {runner} | {cost.wall:.0f} | {cost.cpu:.0f} "
            f"| {cost.memory:.0f} | {cost.wall / local.wall:.2f} "
            f"| {cost.cpu / local.cpu:.2f} | {result} |",
            flush=True,
        )

    with job_service() as address:
        ways = {
            "in this process": [],
            "two processes": _PROCESSES,
            "job service, loopback": [*_LOOPBACK, f"--job_endpoint={address}"],
        }
        given = ["--preset=live", f"--input={photos}"]
        local_set = output / "set"
        local = run(
            "distortions.generate", *given, f"--output={local_set}", "--format=tfrecord"
        )
        tell("set", "none: generate", local, local, "")
        for name, options in ways.items():
            other = output / "other"
            cost = run("distortions.beam", *given, f"--output={other}", "--", *options)
            tell("set", name, cost, local, same_files(local_set, other))
            shutil.rmtree(other)
        rows = output / "scores.csv"
        local = run("rankiqa_tf.score", photos, f"--output={rows}")
        tell("scores", "none: score", local, local, "")
        for name, options in ways.items():
            prefix = output / "rows" / "beam"
            cost = run(
                "rankiqa_tf.beam_score",
                f"--input={photos}",
                f"--output={prefix}",
                "--",
                *options,
            )
            found = sorted(prefix.parent.glob("beam-*.csv"))
            tell("scores", name, cost, local, same_scores(rows, *found))
            shutil.rmtree(prefix.parent)
    shutil.rmtree(output)


if __name__ == "__main__":
    app.run(main)
