"""How many crops a second one CPU core feeds, and how many cores a GPU needs.

    taskset -c 0 python -m benchmarks.input_pipeline > benchmarks/input_pipeline.md

Measures the input pipeline without training: ranked batches as the trainer makes them
(crops of 224 pixels of the embedded photos; two photos and four kinds per batch), in a
process restricted to one core. Cost is CPU time, user and system, of that process and
the processes that run Pillow, so a busy machine hardly changes it: crops a second are
those of an otherwise idle core. Undistorted crops count like any other: in live there
is one for every five distorted ones.

--gpu_rate is the number of crops a second that a GPU trains, as measured on a GPU (the
trainer shows images a second; give it a generated set, so that it waits for nothing).
The number of cores needed is that rate / crops a second of a core. No GPU was available
here: the default rates are those NVIDIA published for training EfficientNet-B0, which
costs about as much as EfficientNet-Lite0, on one V100 (752 images a second in float32),
one A100 (1,209 in TF32) and one A100 in mixed precision (3,454):
NVIDIA/DeepLearningExamples, TensorFlow2/Classification/ConvNets/efficientnet_v1,
"Training performance results for EfficientNet v1-B0".
"""

import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import app
from absl import flags

import distortions
from distortions import cores
from distortions.sets import generation
from rankiqa_tf import config as config_lib
from rankiqa_tf.data import generated
from rankiqa_tf.data import ranked
from rankiqa_tf.data import references
from rankiqa_tf.data import service
from rankiqa_tf.data import versions

_GPU_RATE = flags.DEFINE_list(
    "gpu_rate",
    ["752", "1209", "3454"],
    "Crops a second that a GPU trains, one or several.",
)
_PARTS = flags.DEFINE_list(
    "parts", ["presets", "kinds", "set", "service"], "Which tables to print."
)

_BY_KIND = flags.DEFINE_list(
    "by_kind", ["live", "tid2013", "kadid10k", "camera"], "Presets to split by kind."
)

CROP = 224
DEAR = 2.0  # Kinds that cost this many times as much as their preset are listed.
IN_GRAPH = "jpeg,white_noise,gaussian_blur"  # The kinds of live without JPEG 2000.
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(*others):
    """Returns CPU time of this process, other processes, and all their children."""
    parents = {os.getpid(), *others}
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # It has ended in the meantime.
        if int(path.parent.name) in parents or int(fields[1]) in parents:
            total += sum(map(int, fields[11:13])) / _TICKS
    return total


def batches_of(source, *, kinds=4, photos=2, address=""):
    return ranked.RankedBatches(
        source,
        shape=ranked.BatchShape(
            photos=photos, distortions=min(kinds, len(source.names))
        ),
        crop_size=CROP,
        seed=0,
        maker=service.maker(address),
    )


def cost(batches, count):
    """Returns CPU seconds per crop, without the cost of starting a data set."""

    def of_run(steps):
        start = cpu_seconds()
        for _ in batches.dataset(0, steps):
            pass
        return cpu_seconds() - start

    of_run(1)  # Builds graphs, and starts processes.
    few, many = of_run(2), of_run(2 + count)
    return (many - few) / (count * batches.size)


def table(*header):
    print(f"| {' | '.join(header)} |")
    print(f"| {' | '.join('---' for _ in header)} |", flush=True)


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def rate(seconds):
    return f"{1 / seconds:.0f}"


def of_presets(photos):
    """Prints the cost of each preset, and the number of cores that GPUs need."""
    rates = [float(each) for each in _GPU_RATE.value]
    print("\n## Presets\n")
    table(
        *("preset", "kinds", "CPU ms a crop", "crops a second of a core"),
        *(f"cores for {each:g} crops/s" for each in rates),
    )
    costs = {}
    for name in distortions.PRESETS:
        made = versions.MadeAnew(photos, distortions.PRESETS[name])
        # Each kind comes about four times.
        each = costs[name] = cost(batches_of(made), max(8, len(made.names)))
        needed = (f"{gpu * each:.1f}" for gpu in rates)
        row(name, len(made.names), f"{1000 * each:.1f}", rate(each), *needed)
    return costs


def of_kinds(photos, costs):
    """Prints the most expensive kinds."""
    print(
        f"\n## Dear kinds\n\nThose that cost {DEAR:g} times as much as their preset or "
        "more, in batches of that kind alone.\n"
    )
    table("preset", "kind", "CPU ms a crop", "crops a second of a core", "in Python")
    for name in _BY_KIND.value:
        preset = distortions.PRESETS[name]
        in_python = service.kinds_in_python(preset)
        found = {}
        for each in preset.rows:
            alone = dataclasses.replace(preset, rows=(each,))
            found[each.name] = cost(batches_of(versions.MadeAnew(photos, alone)), 4)
        mean = costs.get(name) or sum(found.values()) / len(found)
        for kind in sorted(found, key=found.get, reverse=True):
            if found[kind] >= DEAR * mean:
                called = "yes" if kind in in_python else ""
                row(name, kind, f"{1000 * found[kind]:.1f}", rate(found[kind]), called)
        total = sum(found.values())
        first = max(found, key=found.get)
        print(
            f"| {name} | all; {first} is {found[first] / total:.0%} of it | "
            f"{1000 * total / len(found):.1f} | {rate(total / len(found))} | |",
            flush=True,
        )


def of_sets(photos, scratch):
    """Prints the cost of crops from a generated set and of crops made anew."""
    print(
        "\n## A generated set in place of distortions\n\n"
        f"{len(photos)} photos by `python -m distortions.generate --preset=live`, then "
        "`--photos=<set>`.\n"
    )
    anew = cost(batches_of(versions.MadeAnew(photos, distortions.PRESETS["live"])), 8)
    table(
        *("live", "CPU ms a crop", "crops a second of a core", "times as many"),
        *("CPU ms to make an image", "MB an image"),
    )
    row("made anew", f"{1000 * anew:.1f}", rate(anew), "1.0", "", "")
    folder = scratch / "photos"
    folder.mkdir()
    for photo in photos:
        (folder / photo.name).symlink_to(photo)
    for form, crop in (("files", 0), ("tfrecord", 0), ("files", 256)):
        start, output = cpu_seconds(), scratch / f"{form}{crop}"
        work = generation.Generation(
            folder,
            output,
            distortions.PRESETS["live"],
            seed=0,
            format=form,
            crop=crop,
            workers=1,
        )
        work.run()
        source = generated.Generated(output)
        images = source.num_photos * (1 + len(source.names) * source.num_levels)
        making = (cpu_seconds() - start) / images
        size = sum(f.stat().st_size for f in output.rglob("*") if f.is_file())
        each = cost(batches_of(source), 24)
        row(
            f"set, {form}" + (f", --crop={crop}" if crop else ""),
            *(f"{1000 * each:.1f}", rate(each), f"{anew / each:.1f}"),
            *(f"{1000 * making:.1f}", f"{size / images / 1e6:.2f}"),
        )


def of_service(photos):
    """Prints what workers on separate cores make, and what the trainer still does."""
    there = sorted(os.sched_getaffinity(1)) if hasattr(os, "sched_getaffinity") else [0]
    print(
        f"\n## A tf.data service\n\nlive with --distortions={IN_GRAPH}. Each worker "
        f"has one core, of {len(there)} that this machine has; the trainer, which only "
        "takes, shares the first. Load average at the start: "
        f"{os.getloadavg()[0]:.1f}.\n"
    )
    preset = config_lib.Config(preset="live", distortions=IN_GRAPH).chosen_preset()
    made = versions.MadeAnew(photos, preset, in_graph=True)
    table(
        *("made by", "crops a second, wall clock", "CPU ms a crop of the workers"),
        *("CPU ms a crop of the trainer", "trainer's core feeds, crops a second"),
    )

    def measured(name, batches, workers, count=24):
        for _ in batches.dataset(0, 2):
            pass
        first = [cpu_seconds(), *(cpu_of(each) for each in workers)]
        start = time.perf_counter()
        for _ in batches.dataset(0, count):
            pass
        wall = time.perf_counter() - start
        last = [cpu_seconds(), *(cpu_of(each) for each in workers)]
        spent = [b - a for a, b in zip(first, last, strict=True)]
        theirs = sum(spent[1:])
        trainer = spent[0] - theirs  # The workers are children of this process.
        crops = count * batches.size
        row(
            *(name, f"{crops / wall:.0f}"),
            f"{1000 * theirs / crops:.1f}" if workers else "",
            *(f"{1000 * trainer / crops:.2f}", rate(trainer / crops)),
        )

    measured("the trainer itself", batches_of(made), [])
    for count in (1, 2):
        with Service(count, there) as running:
            batches = batches_of(made, address=running.address)
            measured(f"{count} worker{'s'[: count - 1]}", batches, running.workers)


def cpu_of(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS


class Service:
    """A dispatcher and workers, each pinned to a core."""

    def __init__(self, count, there):
        self._dispatcher = self._start(there[0], "--role=dispatcher")
        address = self._dispatcher.stdout.readline().split("grpc://")[1].strip()
        port = address.rpartition(":")[2]
        self.address = f"grpc://localhost:{port}"
        self.workers = [
            self._start(
                there[-1 - number % len(there)],
                *("--role=worker", f"--dispatcher=localhost:{port}"),
            )
            for number in range(count)
        ]
        for worker in self.workers:
            worker.stdout.readline()

    @staticmethod
    def _start(core, *arguments):
        return subprocess.Popen(
            [
                *("taskset", "-c", str(core), sys.executable),
                *("-m", "rankiqa_tf.data_service", *arguments),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (*self.workers, self._dispatcher):
            process.terminate()
            process.communicate()


def main(argv):
    del argv
    if cores.available() != 1:
        sys.exit("error: give it one core: taskset -c 0 python -m benchmarks.input_...")
    photos = references.embedded_photos()
    print(f"# What one CPU core feeds\n\n{__doc__}", flush=True)
    costs = of_presets(photos) if "presets" in _PARTS.value else {}
    if "kinds" in _PARTS.value:
        of_kinds(photos, costs)
    with tempfile.TemporaryDirectory() as scratch:
        if "set" in _PARTS.value:
            of_sets(photos[:8], Path(scratch))
    if "service" in _PARTS.value:
        of_service(photos)


if __name__ == "__main__":
    app.run(main)
