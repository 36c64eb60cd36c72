"""The loop that both stages share: steps, log, checkpoints, resume.

A step is one `tf.function`; nothing in it is Python. Batches are functions of the
step's number, and a checkpoint holds all of the learner's state, whose count of steps
is the only clock. So a run that was stopped anywhere goes on as if it had not been.
"""

import signal
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from typing import Protocol

import keras
import tensorflow as tf
import tqdm

from rankiqa_tf.best_weights import BestWeights
from rankiqa_tf.checkpoints import Checkpoints
from rankiqa_tf.learner import Batch
from rankiqa_tf.learner import Learner
from rankiqa_tf.plan import Plan

__all__ = ["Batch", "Batches", "Interrupted", "Plan", "train"]


class Interrupted(Exception):  # noqa: N818 - it is no error.
    """The user stopped the run; a checkpoint was written first."""


class Batches(Protocol):
    """A source of batches that can start at any step."""

    size: int

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1."""


def train(
    model: keras.Model,
    batches: Batches,
    loss: Callable[[tf.Tensor, Batch], tf.Tensor],
    plan: Plan,
    *,
    prepare: Callable[[], None],
    look: Callable[[], dict[str, float]],
    judge: str = "",
    checkpoints: Path,
    tensorboard: Path,
) -> float:
    """Trains a model, from the last checkpoint if there is one.

    Args:
        model: float32, from images [M, h, w, 3] to scores [M]; changed in place. Where
            the plan averages weights, it has the averages at looks and at the end.
        batches: where the steps' batches come from.
        loss: from scores [M] and the batch to a scalar.
        plan: how.
        prepare: sets what the model starts from; called before the first step of a
            run, not when one is taken up again.
        look: what to measure now and then on photos held out; figures by name.
        judge: the name of that figure, the higher the better, by which weights are
            chosen: the model ends with those of its best look (a look is then taken
            after the last step too), and training may end early, as the plan says.
            If empty, it ends with the last.
        checkpoints: folder for checkpoints.
        tensorboard: folder for TensorBoard's records.

    Returns:
        The seconds it took, with those of earlier parts of the run.

    Raises:
        ValueError: if plan and model do not fit, or no checkpoint can be read.
        Interrupted: at Ctrl-C or a request to terminate, after writing a checkpoint.
        FloatingPointError: if the loss is no number any more.
    """
    learner = Learner(model, loss, plan)
    seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)
    best = BestWeights(model, patience=plan.patience) if judge else None
    state = learner.state | {"seconds": seconds} | (best.state if best else {})
    kept = Checkpoints(checkpoints, state)
    if not kept.restore():
        prepare()
        learner.begin()
        kept.save(0)
    first = int(learner.steps.numpy())

    def finish() -> float:
        learner.finish()
        if best:
            best.take()
        return float(seconds.numpy())

    if first == plan.steps or (best and best.waited_enough):
        return finish()
    writer = tf.summary.create_file_writer(str(tensorboard))
    bar = tqdm.tqdm(
        desc=checkpoints.name,
        total=plan.steps * batches.size,
        initial=first * batches.size,
        unit=" images",
        mininterval=1.0,
        dynamic_ncols=True,
    )
    started = time.monotonic() - float(seconds.numpy())

    def save(number: int) -> None:
        seconds.assign(time.monotonic() - started)
        kept.save(number)

    with bar, writer.as_default(), _requests_to_stop() as requests:
        for number, batch in enumerate(batches.dataset(first, plan.steps), first + 1):
            logged = learner.step(batch)
            bar.update(batches.size)
            if number % 10 == 0 or number == plan.steps:
                figures = {name: float(value) for name, value in logged.items()}
                _check_finite(figures["loss"], number)
                bar.set_postfix(loss=f"{figures['loss']:.4f}", refresh=False)
                figures["images_per_second"] = bar.format_dict["rate"] or 0.0
                _write(figures, number)
            last = number == plan.steps
            if (number % plan.look_every == 0 and not last) or (last and best):
                with learner.averaged():
                    seen = look()
                    if best:
                        best.look(seen[judge])
                _write(seen, number)
                shown = ", ".join(f"{name} {seen[name]:.3f}" for name in seen)
                bar.write(f"step {number}: {shown}")
            last = last or bool(best and best.waited_enough)
            if number % plan.checkpoint_every == 0 or last or requests:
                save(number)
            if requests:
                raise Interrupted(f"stopped after step {number} of {plan.steps}")
            if last:
                break
    return finish()


def _check_finite(loss: float, step: int) -> None:
    if not tf.math.is_finite(loss):
        raise FloatingPointError(
            f"the loss is {loss} at step {step}: the learning rate is too high for "
            "this network and loss; start again with a tenth of it in a new workdir"
        )


def _write(figures: dict[str, float], step: int) -> None:
    for name, value in figures.items():
        tf.summary.scalar(name, value, step=step)


@contextmanager
def _requests_to_stop() -> Iterator[list[int]]:
    """Collects Ctrl-C and terminations, so that no step is cut in two.

    The second one acts as ever, for those who cannot wait for a step to end.
    """
    requests: list[int] = []
    before: dict[int, Any] = {}

    def request(number: int, frame: FrameType | None) -> None:
        del frame
        requests.append(number)
        signal.signal(number, before[number])

    for wanted in (signal.SIGINT, signal.SIGTERM):
        before[wanted] = signal.signal(wanted, request)
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
