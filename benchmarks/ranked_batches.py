"""What ranked batches cost beside the training step that takes them, in CPU time.

    python -m benchmarks.ranked_batches [folder] > benchmarks/ranked_batches.md

Batches are the authors' (4 distortions x 6 levels x 2 photos) of preset live, with
crops of 224 pixels, made anew each time. CPU time is that of all threads and of the
processes that run Pillow. Photos are those of the folder, or the embedded ones. Crops
made of no more of the photo than they need stand beside crops cut from whole distorted
photos.
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
BATCHES = 8


class CutFromWholePhotos(versions.MadeAnew):
    """Distorts the whole photo, and then cuts the crop."""

    def crop(self, photo, kind, strength, size, place_seed, seed):
        """A crop of a version, uint8 [size, size, 3]."""
        whole = self.whole(photo, kind, strength, seed)
        return crops.random_crop(whole, size, seed=place_seed)


def cpu_seconds():
    """CPU time of this process and of those that it started."""
    total = time.process_time()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # It ended meanwhile.
        if int(fields[1]) == os.getpid():
            total += sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return total


def of_batches(source):
    """CPU seconds of a batch, and the last batch."""
    made = ranked.RankedBatches(
        source, shape=ranked.BatchShape(), crop_size=CROP, seed=0
    )

    def of_run(count):
        start = cpu_seconds()
        *_, batch = made.dataset(0, count)
        return cpu_seconds() - start, batch

    of_run(1)  # Starts the processes.
    few, _ = of_run(2)
    many, batch = of_run(2 + BATCHES)
    return (many - few) / BATCHES, batch  # Without making the graph.


def of_steps(batch, better):
    """CPU seconds of a training step of EfficientNet-Lite0 on a batch."""
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
    for _ in range(BATCHES):
        step()
    return (cpu_seconds() - start) / BATCHES


def main(folder=None):
    photos = (
        sorted(Path(folder).rglob("*.jpg")) if folder else references.embedded_photos()
    )
    made_anew = versions.MadeAnew(photos, distortions.PRESETS["live"])
    cost, batch = of_batches(made_anew)
    uncut, _ = of_batches(CutFromWholePhotos(photos, distortions.PRESETS["live"]))
    step = of_steps(batch, made_anew.better)
    print(f"# Cost of ranked batches\n\n{__doc__}")
    print(f"On {len(photos)} photos, {BATCHES} batches each:\n")
    print("| | CPU seconds a batch | share of the step |")
    print("| --- | --- | --- |")
    print(f"| EfficientNet-Lite0's training step | {step:.2f} | |")
    print(f"| ranked batch | {cost:.2f} | {cost / step:.2f} |")
    print(f"| cut from whole photos | {uncut:.2f} | {uncut / step:.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
