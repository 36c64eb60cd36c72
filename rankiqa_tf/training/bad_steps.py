"""Errors that stop training: a loss or weight that is not finite, an unreadable photo.

Earlier work is kept: no checkpoint ever contains a value that is not finite, and the
steps done before a photo became unreadable are saved.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf.data import decode
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches

_NAMED = 20  # Photos listed in a message; a step may have hundreds.


class UnreadableError(ValueError):
    """A batch cannot be made because a photo can no longer be read."""


class Losses:
    """Checks the losses of steps without waiting for the device at each step.

    Args:
        model: the model being trained.
        batches: the batches it is trained on.
    """

    def __init__(self, model: keras.Model, batches: Batches):
        self._model, self._batches = model, batches
        self._losses: list[tf.Tensor] = []
        self._finite = tf.function(self._are_finite)

    def add(self, loss: tf.Tensor) -> None:
        """Records the loss of the next step."""
        self._losses.append(loss)

    def check(self, step: int) -> None:
        """Checks the losses since the last check, and the weights.

        Call it before the weights are used for anything: a loss can be finite while its
        gradients make the weights infinite or nan.

        Args:
            step: the last step done.

        Raises:
            FloatingPointError: if one is not finite; the message names the photos of
                its step.
        """
        losses = np.array([float(loss) for loss in self._losses])
        first = step - len(losses) + 1
        self._losses.clear()
        bad = np.flatnonzero(~np.isfinite(losses))
        if len(bad):
            self._stop(f"the loss is {losses[bad[0]]}", first + int(bad[0]))
        finite = self._finite().numpy()  # One wait for the device for all weights.
        for weight, is_finite in zip(self._model.weights, finite, strict=True):
            if not is_finite:
                self._stop(f"a weight of {weight.path} is not finite", step)

    def _are_finite(self) -> tf.Tensor:
        """Returns for each weight whether all of it is finite: bool [weights]."""
        values = [tf.cast(w.value, tf.float32) for w in self._model.weights]
        return tf.stack([tf.reduce_all(tf.math.is_finite(each)) for each in values])

    def _stop(self, what: str, step: int) -> None:
        raise FloatingPointError(
            f"{what} at step {step}: the learning rate is too high for this network "
            "and loss; start again with a tenth of it in a new workdir. Checkpoints "
            f"of earlier steps are kept. Its photos: {_named(self._batches, step)}"
        )


def guarded(
    made: Iterable[Batch], batches: Batches, first: int, *, save: Callable[[int], None]
) -> Iterator[tuple[int, Batch]]:
    """Yields batches with their step numbers; on failure says which photo caused it.

    Args:
        made: the batches of `batches` from some step on.
        batches: where they come from.
        first: the number of steps already done.
        save: called with the number of steps done, before an error is raised.

    Raises:
        UnreadableError: if a batch cannot be made.
    """
    each, number = iter(made), first
    while True:
        try:
            batch = next(each)
        except StopIteration:
            return
        except tf.errors.OpError as error:
            if number > first:
                save(number)
            raise UnreadableError(
                f"{_reason(error, batches, number + 1)}; put it back, and the same "
                f"command resumes after step {number}"
            ) from error
        number += 1
        yield number, batch


def _reason(error: tf.errors.OpError, batches: Batches, step: int) -> str:
    files = [name for name in batches.photos(step) if isinstance(name, Path)]
    problems = decode.unreadable(list(dict.fromkeys(files)))
    if problems:
        return "; ".join(problems.values())
    said = next(iter(error.message.splitlines()), type(error).__name__)
    return f"{said}, at a photo of step {step}: {_named(batches, step)}"


def _named(batches: Batches, step: int) -> str:
    names = list(dict.fromkeys(map(str, batches.photos(step))))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
