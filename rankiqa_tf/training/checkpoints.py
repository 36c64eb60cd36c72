"""Checkpoints of a run: keeps the newest two and restores the newest readable one."""

import shutil
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

from distortions import whole_file

_KEPT = 2
# What reading a truncated or overwritten file raises: TensorFlow's errors, and what
# they turn into on their way through Python.
_DAMAGED = (tf.errors.OpError, IndexError, RuntimeError)
_NOT_DAMAGED = (tf.errors.PermissionDeniedError, tf.errors.ResourceExhaustedError)


class Checkpoints:
    """A folder of checkpoints, named by step.

    Args:
        folder: the folder; created with the first checkpoint.
        state: what checkpoints contain: variables, models, optimizers and lists of
            them, by name.
    """

    def __init__(self, folder: Path, state: dict[str, Any]):
        self._folder = folder
        self._state = state
        self._checkpoint = tf.train.Checkpoint(**state)
        # Created now because several workers have to create their variables together,
        # and only one of them saves.
        _ = self._checkpoint.save_counter
        self._manager: tf.train.CheckpointManager | None = None

    def save(self, step: int) -> None:
        """Writes a checkpoint and deletes all but the newest two."""
        if self._manager is None:
            self._manager = tf.train.CheckpointManager(
                self._checkpoint, str(self._folder), max_to_keep=None
            )
        _sync(self._manager.save(step))
        # TensorFlow would go by its own list, which may be missing or wrong.
        for path in self._there()[:-_KEPT]:
            self._delete(path)

    def restore(self) -> bool:
        """Sets the state from the newest readable checkpoint.

        A checkpoint that cannot be read, for example after a power cut, is reported on
        stderr and deleted.

        Returns:
            Whether there was a checkpoint.

        Raises:
            ValueError: if there are checkpoints but none can be read, or they were
                written with other options.
        """
        for left in self._folder.glob("ckpt-*_temp"):
            shutil.rmtree(left)  # Left half written by a process that was killed.
        there = self._there()
        good = list(there)
        while good and not self._read(good[-1]):
            good.pop()
        if not there:
            return False
        if not good:
            raise ValueError(
                f"no checkpoint in {self._folder} can be read (tried "
                f"{', '.join(path.name for path in there)}): delete this folder to "
                "train this stage from the start"
            )
        for path in there[len(good) :]:
            print(
                f"{path} is damaged and was deleted; going on from {good[-1].name}",
                file=sys.stderr,
            )
            self._delete(path)
        return True

    def _there(self) -> list[Path]:
        """Lists the checkpoints, oldest first, from the files; lists may be missing."""
        return sorted(
            (file.with_suffix("") for file in self._folder.glob("ckpt-*.index")),
            key=lambda path: int(path.name.removeprefix("ckpt-")),
        )

    def _delete(self, path: Path) -> None:
        # The index first: without it, the rest no longer counts as a checkpoint.
        path.with_name(f"{path.name}.index").unlink()
        for file in self._folder.glob(f"{path.name}.*"):
            file.unlink()

    def _read(self, path: Path) -> bool:
        # A new object each time: a used one keeps looking for the rest in a damaged
        # file.
        checkpoint = tf.train.Checkpoint(**self._state)
        try:
            status = checkpoint.read(str(path)).assert_existing_objects_matched()
            status.expect_partial()  # It also contains a counter of TensorFlow's own.
        except _NOT_DAMAGED:
            raise
        except _DAMAGED:
            return False
        except (AssertionError, ValueError) as error:
            raise ValueError(
                f"{path} was written with another network or other options: give "
                f"those, or another folder ({error})"
            ) from error
        return True


def _sync(checkpoint: str) -> None:
    """Flushes a checkpoint to disk, since the next one deletes an older one."""
    path = Path(checkpoint)
    for file in path.parent.glob(f"{path.name}.*"):
        whole_file.sync(file)
    whole_file.sync(path.parent)
