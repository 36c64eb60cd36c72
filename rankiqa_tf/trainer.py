"""The loop that both stages share: steps, log, checkpoints, resume.

A step is one `tf.function`; nothing in it is Python. Batches are functions of the
step's number, and a checkpoint holds model and optimizer, whose count of steps is
the only clock. So a run that was stopped anywhere goes on as if it had not been.
"""

import dataclasses
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

from rankiqa_tf import losses

Batch = dict[str, tf.Tensor]


class Interrupted(Exception):  # noqa: N818 - it is no error.
    """The user stopped the run; a checkpoint was written first."""


class Batches(Protocol):
    """A source of batches that can start at any step."""

    size: int

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """How a stage is trained.

    Attributes:
        steps: how many.
        optimizer: "sgd" (momentum 0.9) or "adam".
        learning_rate: the first one.
        schedule: "step" (times 0.1 every `decay_steps`) or "cosine" (to 0 at the end).
        decay_steps: for "step".
        warmup_steps: for "cosine": those in which it rises from 0; less than steps.
        l2: weight of the penalty on kernels, inside the gradient.
        checkpoint_every: in steps.
        look_every: steps between two calls of `look`.
    """

    steps: int
    optimizer: str
    learning_rate: float
    schedule: str
    decay_steps: int
    warmup_steps: int
    l2: float
    checkpoint_every: int
    look_every: int

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer with its schedule."""
        rate: keras.optimizers.schedules.LearningRateSchedule
        if self.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(
                0.0 if self.warmup_steps else self.learning_rate,
                decay_steps=self.steps - self.warmup_steps,
                warmup_target=self.learning_rate if self.warmup_steps else None,
                warmup_steps=self.warmup_steps,
            )
        else:
            rate = keras.optimizers.schedules.ExponentialDecay(
                self.learning_rate, self.decay_steps, decay_rate=0.1, staircase=True
            )
        if self.optimizer == "adam":
            return keras.optimizers.Adam(rate)
        return keras.optimizers.SGD(rate, momentum=0.9)


def train(
    model: keras.Model,
    batches: Batches,
    loss: Callable[[tf.Tensor, Batch], tf.Tensor],
    plan: Plan,
    *,
    prepare: Callable[[], None],
    look: Callable[[], dict[str, float]],
    checkpoints: Path,
    tensorboard: Path,
) -> float:
    """Trains a model, from the last checkpoint if there is one.

    Args:
        model: from images [M, h, w, 3] to scores [M]; changed in place.
        batches: where the steps' batches come from.
        loss: from scores [M] and the batch to a scalar.
        plan: how.
        prepare: sets what the model starts from; called before the first step of a
            run, not when one is taken up again.
        look: what to measure now and then on photos held out; figures by name.
        checkpoints: folder for checkpoints.
        tensorboard: folder for TensorBoard's records.

    Returns:
        The seconds it took, with those of earlier parts of the run.

    Raises:
        Interrupted: at Ctrl-C or a request to terminate, after writing a checkpoint.
        FloatingPointError: if the loss is no number any more.
    """
    optimizer = plan.make_optimizer()
    optimizer.build(model.trainable_variables)
    seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=model, optimizer=optimizer, seconds=seconds),
        str(checkpoints),
        max_to_keep=2,
    )
    if manager.restore_or_initialize() is None:
        prepare()
        manager.save(0)
    first = int(optimizer.iterations)
    if first == plan.steps:
        return float(seconds)
    step = _make_step(model, optimizer, loss, plan.l2)
    writer = tf.summary.create_file_writer(str(tensorboard))
    bar = tqdm.tqdm(
        desc=checkpoints.name,
        total=plan.steps * batches.size,
        initial=first * batches.size,
        unit=" images",
        mininterval=1.0,
        dynamic_ncols=True,
    )
    started = time.monotonic() - float(seconds)

    def save(number: int) -> None:
        seconds.assign(time.monotonic() - started)
        manager.save(number)

    with bar, writer.as_default(), _requests_to_stop() as requests:
        for number, batch in enumerate(batches.dataset(first, plan.steps), first + 1):
            logged = step(batch)
            bar.update(batches.size)
            if number % 10 == 0 or number == plan.steps:
                figures = {name: float(value) for name, value in logged.items()}
                _check_finite(figures["loss"], number)
                bar.set_postfix(loss=f"{figures['loss']:.4f}", refresh=False)
                figures["images_per_second"] = bar.format_dict["rate"] or 0.0
                _write(figures, number)
            if number % plan.look_every == 0 and number < plan.steps:
                seen = look()
                _write(seen, number)
                shown = ", ".join(f"{name} {seen[name]:.3f}" for name in seen)
                bar.write(f"step {number}: {shown}")
            due = number % plan.checkpoint_every == 0 or number == plan.steps
            if due or requests:
                save(number)
            if requests:
                raise Interrupted(f"stopped after step {number} of {plan.steps}")
    return float(seconds)


def _make_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable[[tf.Tensor, Batch], tf.Tensor],
    l2: float,
) -> Callable[[Batch], dict[str, tf.Tensor]]:
    kernels = [v for v in model.trainable_variables if v.path.endswith("kernel")]
    weights = [v.value for v in model.trainable_variables]

    @tf.function
    def step(batch: Batch) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            scores = model(batch["image"], training=True)
            data_loss = loss(scores, batch)
            penalty = losses.l2_penalty([kernel.value for kernel in kernels], l2)
            total = data_loss + penalty
        gradients = tape.gradient(total, weights)
        rate = optimizer.learning_rate
        optimizer.apply(gradients, model.trainable_variables)
        return {
            "loss": data_loss,
            "l2_penalty": penalty,
            "gradient_norm": tf.linalg.global_norm(gradients),
            "learning_rate": tf.convert_to_tensor(rate),
        }

    return step


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
