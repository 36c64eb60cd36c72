"""The loop that all stages share: steps, log, checkpoints, resume.

A step is one `tf.function`; nothing in it is Python. Batches are functions of the
step's number, and a checkpoint holds all of the learner's state, whose count of steps
is the only clock. So a run that was stopped anywhere goes on as if it had not been.

Of several workers each does all of this. They begin and end with the chief's weights,
and only the chief keeps checkpoints.
"""

import time
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf
import tqdm

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

CHECKPOINT_SECONDS = 120.0  # No more is lost when a machine goes down.


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
    """Trains a model, from the last checkpoint if there is one.

    Args:
        model: float32, from images [M, h, w, 3] in 0..1 to scores [M]; changed in
            place. Where weights are averaged, it has the averages when it is evaluated
            and at the end.
        batches: where the steps' batches come from; their images are uint8 in 0..255,
            or floats in 0..1. Of several workers each makes its part of them.
        loss: from scores [M] and the batch to a scalar.
        training: how.
        steps: how many.
        learning_rate: the first one.
        seed: decides what random layers draw.
        prepare: sets what the model starts from; called before the first step of a
            run, not when one is taken up again.
        evaluate: what to measure now and then on photos held out; figures by name. It
            may write to TensorBoard besides.
        monitor: the name of that figure, the higher the better, by which weights are
            chosen: the model ends with those of the best evaluation, of which there is
            one after the last step too. If empty, it ends with the last.
        folder: of the run, where checkpoints and records go.
        stage: what the run calls this training.
        stop: asked after each step whether to stop.

    Returns:
        The seconds it took, with those of earlier parts of the run.

    Raises:
        ValueError: if options and model do not fit, or no checkpoint can be read.
        Interrupted: when it was told to stop, after writing a checkpoint.
        FloatingPointError: if the loss, or a weight, is no number any more.
        bad_steps.UnreadableError: if a photo cannot be read any more, after writing a
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
        prepare()
        learner.begin()
    workers.share([*learner.variables, seconds])
    if is_new and worker.is_chief:
        kept.save(0)
    size = batches.size
    if worker.count > 1:
        batches = batches.part(worker.number, worker.count)
    first = int(learner.steps.numpy())
    if first < steps:
        records = Records(folder, stage, done=first)
        bar = tqdm.tqdm(
            desc=stage,
            total=steps * size,
            initial=first * size,
            unit=" images",
            mininterval=1.0,
            dynamic_ncols=True,
        )
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

        with bar, records.opened():
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
