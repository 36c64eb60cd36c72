"""What ranked batches cost compared with the training step that uses them, in CPU time.

    python -m benchmarks.ranked_batches [folder] > benchmarks/ranked_batches.md

Batches are the authors' (4 distortions x 6 levels x 2 photos), with crops of 224
pixels, made anew each time; for presets with more distortions, four are drawn per
batch. CPU time includes all threads and the processes that run Pillow. Photos are those
of the folder, or the embedded ones. For the preset live, crops made from only the part
of the photo they need are compared with crops cut from whole distorted photos. The last
column is the time to build the graph, in seconds, of the first batch's function.
"""

import os
import sys
import time
from pathlib import Path

import tensorflow as tf

import distortions
from rankiqa_tf import models
from rankiqa_tf.data import crops
from rankiqa_tf.data import ranked
from rankiqa_tf.data import references
from rankiqa_tf.data import versions
from rankiqa_tf.training import losses

CROP = 224
SHAPE = ranked.BatchShape(photos=2, distortions=4)
STEPS = 8


class CutFromWholePhotos(versions.MadeAnew):
    """Distorts the whole photo, then cuts the crop."""

    def crop(self, photo, kind, strength, size, place_seed, seed):
        """Returns a crop of a version, uint8 [size, size, 3]."""
        whole = self.whole(photo, kind, strength, seed)
        return crops.random_crop(whole, size, seed=place_seed)


def cpu_seconds():
    """Returns CPU time of this process and its children."""
    total = time.process_time()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # It has ended in the meantime.
        if int(fields[1]) == os.getpid():
            total += sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return total


def of_batches(source, *, batches):
    """Returns CPU seconds per batch, seconds to build the graph, and the last batch."""
    made = ranked.RankedBatches(source, shape=SHAPE, crop_size=CROP, seed=0)
    start = time.perf_counter()
    made.dataset(0, 1)
    graph = time.perf_counter() - start

    def of_run(count):
        start = cpu_seconds()
        *_, batch = made.dataset(0, count)
        return cpu_seconds() - start, batch

    of_run(1)  # Starts the processes.
    few, _ = of_run(2)
    many, batch = of_run(2 + batches)
    return (many - few) / batches, graph, batch  # Excludes building the graph.


def of_steps(batch, better):
    """Returns CPU seconds of a training step of EfficientNet-Lite0 on a batch."""
    model = models.build("efficientnet_lite0", levels="all")
    weights = [variable.value for variable in model.trainable_variables]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            images = tf.image.convert_image_dtype(batch["image"], tf.float32)
            scores = model(images, training=True)
            mask = losses.pair_mask(better, batch["distortion"], batch["level"])
            loss = losses.ranking_hinge(scores, mask, margin=1.0)
        for weight, slope in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(1e-4 * slope)

    step()
    start = cpu_seconds()
    for _ in range(STEPS):
        step()
    return (cpu_seconds() - start) / STEPS


def main(folder=None):
    photos = (
        sorted(Path(folder).rglob("*.jpg")) if folder else references.embedded_photos()
    )
    live = distortions.PRESETS["live"]
    cut, graph, batch = of_batches(versions.MadeAnew(photos, live), batches=8)
    step = of_steps(batch, live.better())
    print(f"# Cost of ranked batches\n\n{__doc__}")
    print(f"On {len(photos)} photos.\n")
    print("| | batches | CPU seconds a batch | share of the step | graph, seconds |")
    print("| --- | --- | --- | --- | --- |")
    print(f"| EfficientNet-Lite0's training step | {STEPS} | {step:.2f} | | |")

    def show(name, batches, cost, graph):
        print(f"| {name} | {batches} | {cost:.2f} | {cost / step:.2f} | {graph:.1f} |")

    show("live", 8, cut, graph)
    uncut, graph, _ = of_batches(CutFromWholePhotos(photos, live), batches=8)
    show("live, cut from whole photos", 8, uncut, graph)
    for name in ("camera", "tid2013", "kadid10k"):
        made = versions.MadeAnew(photos, distortions.PRESETS[name])
        # Enough for each kind to come about eight times.
        batches = 2 * len(made.names)
        cost, graph, _ = of_batches(made, batches=batches)
        show(name, batches, cost, graph)


if __name__ == "__main__":
    main(*sys.argv[1:])
