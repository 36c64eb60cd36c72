"""What TensorFlow's pipeline autotuner costs (stalls on closing) and gains (speed).

    python -m benchmarks.autotune [rounds]

Reads numbers for a second and a half from a pipeline with little work, one each 0.1 s,
and then closes the iterator: alternately with the tuner, TensorFlow's default, and
without it, as in `parallel.map_in_order`. The possible length of a stall grows with the
time before it, up to a minute. Then makes ranked batches of the embedded photos, 48
crops of 224 pixels under LIVE's four distortions, as fast as possible, also
alternating.
"""

import sys
import time

import numpy as np
import tensorflow as tf

from rankiqa_tf.data import parallel
from rankiqa_tf.data import ranked
from rankiqa_tf.data import references
from rankiqa_tf.data import versions

SECONDS = 1.5
STALL = 0.1


def tuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the same pipeline with the tuner on."""
    options = tf.data.Options()
    options.autotune.enabled = True
    return dataset.with_options(options)


def numbers() -> tf.data.Dataset:
    """Returns a pipeline with little work."""

    def make(number: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.random.stateless_normal([1000], [number, 0]))

    made = parallel.map_in_order(tf.data.Dataset.range(1 << 20), make)
    return made.batch(4).prefetch(parallel.AHEAD)


def end(dataset: tf.data.Dataset) -> float:
    """Returns how many seconds closing an iterator takes."""
    iterator = iter(dataset)
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        next(iterator)
        time.sleep(0.1)
    started = time.perf_counter()
    del iterator
    return time.perf_counter() - started


def seconds_of(dataset: tf.data.Dataset, batches: int) -> float:
    """Returns seconds per batch, after the first few."""
    iterator = iter(dataset)
    for _ in range(5):
        next(iterator)
    started = time.perf_counter()
    for _ in range(batches):
        next(iterator)
    return (time.perf_counter() - started) / batches


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    plain = numbers()
    datasets = {"with": tuned(plain), "without": plain}
    ends: dict[str, list[float]] = {name: [] for name in datasets}
    for _ in range(rounds):
        for name, dataset in datasets.items():
            ends[name].append(end(dataset))
    print("| tuner | ends that took more than 0.1 s | longest, s |")
    print("| --- | --- | --- |")
    for name, seconds in ends.items():
        stalls = np.sum(np.array(seconds) > STALL)
        print(f"| {name} | {stalls} of {rounds} | {max(seconds):.2f} |", flush=True)
    source = versions.of_photos(references.embedded_photos(), "live", budget=0)
    made = ranked.RankedBatches(
        source, shape=ranked.BatchShape(), crop_size=224, seed=0
    )
    plain = made.dataset(0, 1 << 20)
    ratios = [seconds_of(plain, 10) / seconds_of(tuned(plain), 10) for _ in range(5)]
    print(f"\nTime of a ranked batch, without by with: {np.round(ratios, 2)}")


if __name__ == "__main__":
    main()
