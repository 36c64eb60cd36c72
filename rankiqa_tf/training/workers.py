"""Machines that train one model together: workers, the first of which is the chief.

Each does the same as all others, but for its part of every batch and for what is left
behind: the chief alone has the run's folder, and what it knows others are told. So they
need no disk in common.
"""

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

VARIABLE = "TF_CONFIG"

# What TensorFlow raises when it cannot reach a machine, or one went away.
_LOSSES = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.FailedPreconditionError,
)
_EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Lost(Exception):  # noqa: N818 - it is no error of this machine.
    """Another worker went away; the same command on each machine goes on."""


@dataclasses.dataclass(frozen=True)
class Worker:
    """One of the machines that train together.

    Attributes:
        number: which, from 0, the chief.
        count: how many there are; 1 where nothing is said of others.
    """

    number: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether it is the one that leaves something behind."""
        return self.number == 0

    def folder(self, workdir: Path) -> Path:
        """Where it writes: the run's folder, or one beside it that is deleted."""
        if self.is_chief:
            return workdir
        return workdir.with_name(f"{workdir.name}-worker-{self.number}")

    def leave(self, workdir: Path) -> None:
        """Deletes what a worker wrote that is not the chief."""
        if not self.is_chief:
            shutil.rmtree(self.folder(workdir), ignore_errors=True)


def this(strategy: tf.distribute.Strategy | None = None) -> Worker:
    """Which worker this process is of a strategy, the current one if none is given."""
    resolver = (strategy or tf.distribute.get_strategy()).cluster_resolver
    if resolver is None or resolver.task_type is None:
        return Worker()
    cluster = resolver.cluster_spec().as_dict()
    return _worker(cluster, resolver.task_type, resolver.task_id)


def of_environment() -> Worker:
    """Which worker this process is to be, by TF_CONFIG.

    Raises:
        ValueError: if that does not name the workers and which of them this one is.
    """
    text = os.environ.get(VARIABLE, "")
    try:
        config = json.loads(text or "{}")
        cluster, task = config["cluster"], config["task"]
        kind, index = task["type"], int(task["index"])
        machines = cluster[kind]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"strategy is multi_worker, so the environment variable {VARIABLE} must "
            f"name the machines and which of them this is, such as {_EXAMPLE}, not "
            f"{text or 'nothing'} ({type(error).__name__}: {error})"
        ) from None
    others = cluster.keys() - {"chief", "worker"}
    if kind not in ("chief", "worker") or others:
        raise ValueError(
            f"{VARIABLE} has tasks {', '.join(sorted({*cluster, kind}))}: all machines "
            "train alike here, as worker, or one of them as chief"
        )
    if not 0 <= index < len(machines):
        raise ValueError(
            f"{VARIABLE} says that this is {kind} {index}, but names only "
            f"{len(machines)} of that type: give an index from 0 to {len(machines) - 1}"
        )
    return _worker(cluster, kind, index)


def _worker(cluster: Mapping[str, Sequence[str]], kind: str, index: int) -> Worker:
    """The worker of this type and index; a chief comes before those called workers."""
    chiefs = len(cluster.get("chief", ()))
    number = index + (chiefs if kind == "worker" else 0)
    return Worker(number, chiefs + len(cluster.get("worker", ())))


@contextmanager
def noticing_losses(strategy: tf.distribute.Strategy | None = None) -> Iterator[None]:
    """Raises `Lost` in place of what TensorFlow says when a worker went away.

    Args:
        strategy: that of the workers; None while it is being made. Of one worker alone
            errors stay what they are.
    """
    try:
        yield
    except _LOSSES as error:
        if strategy is not None and this(strategy).count == 1:
            raise
        first = str(error.message).strip().splitlines()
        reason = next((line for line in first if "aborted" in line), first[0])
        raise Lost(f"a worker was lost ({reason})") from error


def share(variables: Sequence[tf.Variable]) -> None:
    """Gives all workers the chief's values of variables, which are numbers."""
    strategy = tf.distribute.get_strategy()
    if this(strategy).count == 1 or not variables:
        return

    def of_chief() -> list[tf.Tensor]:
        context = tf.distribute.get_replica_context()
        is_chief = tf.cast(context.replica_id_in_sync_group == 0, tf.float64)
        # In a type that holds all of float32 and whole numbers up to 2^53; not those
        # of the others times 0, which may be no numbers.
        own = [tf.cast(variable.value(), tf.float64) for variable in variables]
        sent = [tf.where(is_chief > 0, each, tf.zeros_like(each)) for each in own]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, sent)

    sums = tf.function(lambda: strategy.run(of_chief))()
    for variable, value in zip(variables, sums, strict=True):
        (first, *_) = strategy.experimental_local_results(value)
        variable.assign(tf.cast(first, variable.dtype))


class Agreement:
    """Whether something is so on any worker; asked by all of them at the same time."""

    def __init__(self) -> None:
        self._strategy = tf.distribute.get_strategy()
        self._alone = this(self._strategy).count == 1
        self._ask = tf.function(self._sum)

    def any(self, here: bool) -> bool:
        """Whether it is so on this worker or another."""
        if self._alone:
            return here
        total = self._ask(tf.constant(int(here)))
        return bool(self._strategy.experimental_local_results(total)[0] > 0)

    def _sum(self, here: tf.Tensor) -> tf.Tensor:
        def on_device() -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            own = tf.identity(here)  # On this device, which the argument is not.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

        return self._strategy.run(on_device)
