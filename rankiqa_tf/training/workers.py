"""Machines that train one model together: workers, the first of which is the chief.

All do the same work, except that each makes its own part of every batch and only the
chief writes the run's folder. The chief sends the others what they need from it, so
they need no shared disk.
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

# What TensorFlow raises if a machine cannot be reached or went away.
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


class Lost(Exception):  # noqa: N818 - not an error of this machine.
    """Another worker went away; running the same command on each machine resumes."""


@dataclasses.dataclass(frozen=True)
class Worker:
    """One of the machines that train together.

    Attributes:
        number: its index; 0 is the chief.
        count: how many there are; 1 without other machines.
    """

    number: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes the run's folder."""
        return self.number == 0

    def folder(self, workdir: Path) -> Path:
        """Returns where it writes: the run's folder, or a temporary one beside it."""
        if self.is_chief:
            return workdir
        return workdir.with_name(f"{workdir.name}-worker-{self.number}")

    def leave(self, workdir: Path) -> None:
        """Deletes the temporary folder of a worker other than the chief."""
        if not self.is_chief:
            shutil.rmtree(self.folder(workdir), ignore_errors=True)


def this(strategy: tf.distribute.Strategy | None = None) -> Worker:
    """Returns which worker of a strategy this process is; default: the current one."""
    resolver = (strategy or tf.distribute.get_strategy()).cluster_resolver
    if resolver is None or resolver.task_type is None:
        return Worker()
    cluster = resolver.cluster_spec().as_dict()
    return _worker(cluster, resolver.task_type, resolver.task_id)


def of_environment() -> Worker:
    """Returns which worker this process is, according to TF_CONFIG.

    Raises:
        ValueError: if TF_CONFIG does not name the workers and which of them this is.
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
            "must be workers, or one of them the chief"
        )
    if not 0 <= index < len(machines):
        raise ValueError(
            f"{VARIABLE} says that this is {kind} {index}, but names only "
            f"{len(machines)} of that type: give an index from 0 to {len(machines) - 1}"
        )
    return _worker(cluster, kind, index)


def _worker(cluster: Mapping[str, Sequence[str]], kind: str, index: int) -> Worker:
    """Returns the worker of this type and index; a chief comes before the workers."""
    chiefs = len(cluster.get("chief", ()))
    number = index + (chiefs if kind == "worker" else 0)
    return Worker(number, chiefs + len(cluster.get("worker", ())))


@contextmanager
def noticing_losses(strategy: tf.distribute.Strategy | None = None) -> Iterator[None]:
    """Raises `Lost` instead of TensorFlow's error if a worker went away.

    Args:
        strategy: the workers' strategy; None while it is being created. With a single
            worker, errors are unchanged.
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
    """Gives all workers the chief's values of numeric variables."""
    strategy = tf.distribute.get_strategy()
    if this(strategy).count == 1 or not variables:
        return

    def of_chief() -> list[tf.Tensor]:
        context = tf.distribute.get_replica_context()
        is_chief = tf.cast(context.replica_id_in_sync_group == 0, tf.float64)
        # In a type that holds all float32 values and whole numbers up to 2^53. The
        # other workers' values are not just multiplied by 0, as they may not be finite.
        own = [tf.cast(variable.value(), tf.float64) for variable in variables]
        sent = [tf.where(is_chief > 0, each, tf.zeros_like(each)) for each in own]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, sent)

    sums = tf.function(lambda: strategy.run(of_chief))()
    for variable, value in zip(variables, sums, strict=True):
        (first, *_) = strategy.experimental_local_results(value)
        variable.assign(tf.cast(first, variable.dtype))


class Agreement:
    """Whether something is true on any worker; all workers have to ask together."""

    def __init__(self) -> None:
        self._strategy = tf.distribute.get_strategy()
        self._alone = this(self._strategy).count == 1
        self._ask = tf.function(self._sum)

    def any(self, here: bool) -> bool:
        """Returns whether it is true on this worker or another."""
        if self._alone:
            return here
        total = self._ask(tf.constant(int(here)))
        return bool(self._strategy.experimental_local_results(total)[0] > 0)

    def _sum(self, here: tf.Tensor) -> tf.Tensor:
        def on_device() -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            own = tf.identity(here)  # On this device; the argument may be elsewhere.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

        return self._strategy.run(on_device)
