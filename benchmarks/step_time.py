"""Does a training step take the same time throughout?

    python -m benchmarks.step_time > benchmarks/step_time.md

Trains 200 steps with the trainer itself, including checkpoints and logs, on ready-made
batches, and compares the quarters of the run. It would show if a step were traced again
or a graph grew.
"""

import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import models
from rankiqa_tf.config import Training
from rankiqa_tf.training import loop
from rankiqa_tf.training import losses
from rankiqa_tf.training import stopping

STEPS = 200
# Network, side of the crops, images per step.
SIZES = (("shallow", 227, 48), ("efficientnet_lite0", 96, 12))


class Batches:
    """Yields the same batch repeatedly; records when each is requested."""

    def __init__(self, side, size):
        self.size, self.times = size, []
        level = np.arange(size) % 6
        self._batch = {
            "image": tf.cast(
                tf.random.stateless_uniform(
                    (size, side, side, 3), (1, 2), 0, 256, tf.int32
                ),
                tf.uint8,
            ),
            "level": tf.constant(level, tf.int32),
            "distortion": tf.zeros([size], tf.int32),
        }

    def dataset(self, first_step, last_step):
        """Returns batches, one by one."""
        for _ in range(first_step, last_step):
            self.times.append(time.monotonic())
            yield self._batch

    def photos(self, number):
        """Returns nothing: there are no photos."""
        return []


def quarters(name, side, size):
    """Returns median seconds per step in each quarter of a run, and the traces."""
    better = np.triu(np.ones((1, 6, 6), bool), 1)
    traces = []

    def loss(scores, batch):
        traces.append(scores.shape)
        mask = losses.pair_mask(better, batch["distortion"], batch["level"])
        return losses.ranking_hinge(scores, mask, margin=1.0)

    batches = Batches(side, size)
    training = Training(optimizer="adam", decay_steps=0, evaluate_every=50)
    with tempfile.TemporaryDirectory() as folder:
        loop.train(
            models.build(name),
            batches,
            loss,
            training,
            steps=STEPS,
            learning_rate=1e-5,
            seed=0,
            prepare=lambda: None,
            evaluate=dict,
            folder=Path(folder),
            stage="rank",
            stop=stopping.never,
        )
    seconds = np.diff(batches.times)[1:]  # The first step is traced.
    return [np.median(part) for part in np.array_split(seconds, 4)], len(traces)


def main():
    print(f"# Time of a step\n\n{__doc__}")
    print("| network | images | median ms, 1st quarter | 2nd | 3rd | 4th | traces |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, side, size in SIZES:
        keras.utils.set_random_seed(0)
        parts, traces = quarters(name, side, size)
        cells = " | ".join(f"{1000 * part:.0f}" for part in parts)
        print(f"| {name} | {size} of {side} | {cells} | {traces} |", flush=True)


if __name__ == "__main__":
    main()
