"""The training loop shared by all stages: steps, logging, checkpoints, resuming.

A step is one `tf.function` without any Python inside. Batches are a function of the
step number, and a checkpoint holds the learner's whole state, whose step counter is the
only clock. So a run stopped anywhere continues as if it had not been stopped.

With several workers, each runs this loop. They start and end with the chief's weights,
and only the chief keeps checkpoints.
"""

import time
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from distortions import progress
from rankiqa_tf.config import Training
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.training import bad_steps
from rankiqa_tf.training import workers
from rankiqa_tf.training.best_weights import BestWeights
from rankiqa_tf.training.checkpoints import Checkpoints
from rankiqa_tf.training.records import Records
from rankiqa_tf.training.step import Learner
from rankiqa_tf.training.stopping import Interrupted
from rankiqa_tf.training.stopping import Stop

CHECKPOINT_SECONDS = 120.0  # The most work lost if the machine goes down.


def train(
    model: keras.Model,
    batches: Batches,
    loss: Callable[[tf.Tensor, Batch], tf.Tensor],
    training: Training,
    *,
    steps: int,
    learning_rate: float,
    seed: int,
    prepare: Callable[[], None],
    evaluate: Callable[[], dict[str, float]],
    monitor: str = "",
    folder: Path,
    stage: str,
    stop: Stop,
) -> float:
    """Trains a model, resuming from the last checkpoint if there is one.

    Args:
        model: float32, from images [M, h, w, 3] in 0..1 to scores [M]; changed in
            place. If weights are averaged, it has the averages during evaluation and at
            the end.
        batches: the source of the steps' batches; images are uint8 in 0..255, or floats
            in 0..1. With several workers, each makes its own part of them.
        loss: from scores [M] and the batch to a scalar.
        training: how to train.
        steps: number of steps.
        learning_rate: the initial learning rate.
        seed: decides the randomness of random layers.
        prepare: initialises the model; called before the first step of a run, but not
            when a run is resumed.
        evaluate: computes figures on held-out photos, by name; called at intervals. It
            may also write to TensorBoard.
        monitor: name of the figure to choose weights by, higher being better: the model
            ends with the weights of the best evaluation, one of which follows the last
            step. If empty, it ends with the weights of the last step.
        folder: folder of the run, for checkpoints and records.
        stage: name of this stage in the run.
        stop: called after each step; True means stop.

    Returns:
        Training time in seconds, including `prepare` and earlier parts of the run.

    Raises:
        ValueError: if options and model do not fit, or no checkpoint can be read.
        Interrupted: when told to stop, after writing a checkpoint.
        FloatingPointError: if the loss or a weight is no longer finite.
        bad_steps.UnreadableError: if a photo can no longer be read, after writing a
            checkpoint.
    """
    learner = Learner(
        model, loss, training, steps=steps, learning_rate=learning_rate, seed=seed
    )
    seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)
    best = BestWeights(model) if monitor else None
    state = learner.state | {"seconds": seconds} | (best.state if best else {})
    kept = Checkpoints(folder / "checkpoints" / stage, state)
    worker, agreement = workers.this(), workers.Agreement()
    is_new = not agreement.any(worker.is_chief and kept.restore())
    if is_new:
        began = time.monotonic()
        prepare()
        learner.begin()
        seconds.assign(time.monotonic() - began)
    workers.share([*learner.variables, seconds])
    if is_new and worker.is_chief:
        kept.save(0)
    size = batches.size
    if worker.count > 1:
        batches = batches.part(worker.number, worker.count)
    first = int(learner.steps.numpy())
    if first < steps:
        records = Records(folder, stage, done=first)
        started = time.monotonic() - float(seconds.numpy())
        saved = time.monotonic()
        losses = bad_steps.Losses(model, batches)

        def save(number: int) -> None:
            nonlocal saved
            losses.check(number)
            saved = time.monotonic()
            seconds.assign(saved - started)
            if worker.is_chief:
                records.write()
                kept.save(number)

        line = progress.bar(stage, steps * size, done=first * size)
        with line as bar, records.opened():
            made = batches.dataset(first, steps)
            for number, batch in bad_steps.guarded(made, batches, first, save=save):
                logged = learner.step(batch)
                losses.add(logged["loss"])
                bar.update(size)
                last = number == steps
                is_due = number % training.evaluate_every == 0
                if number % 10 == 0 or last or is_due:
                    losses.check(number)  # Before the weights are evaluated or saved.
                if number % 10 == 0 or last:
                    figures = {name: float(value) for name, value in logged.items()}
                    bar.set_postfix(loss=f"{figures['loss']:.4f}", refresh=False)
                    rate = bar.format_dict["rate"] or 0.0
                    records.trained(number, figures, rate=rate)
                if (is_due and not last) or (last and best):
                    with learner.averaged(), records.evaluating(number):
                        found = evaluate()
                        if best:
                            best.update(found[monitor])
                    records.evaluated(number, found)
                    shown = ", ".join(f"{name} {found[name]:.3f}" for name in found)
                    bar.write(f"step {number}: {shown}")
                stopped = agreement.any(stop())
                late = time.monotonic() - saved > CHECKPOINT_SECONDS
                if is_due or last or stopped or late:
                    save(number)
                if stopped:
                    raise Interrupted(f"stopped after step {number} of {steps}")
    learner.finish()
    if best:
        best.restore()
        workers.share([weight.value for weight in model.weights])
    return float(seconds.numpy())
