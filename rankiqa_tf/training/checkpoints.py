"""Checkpoints of a run: the newest two, and one that can be read among them."""

import shutil
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

from distortions import whole_file

_KEPT = 2
# What reading a file that was cut short or overwritten ends in: TensorFlow's errors,
# and those that it becomes on the way through Python.
_DAMAGED = (tf.errors.OpError, IndexError, RuntimeError)
_NOT_DAMAGED = (tf.errors.PermissionDeniedError, tf.errors.ResourceExhaustedError)


class Checkpoints:
    """A folder of checkpoints, named by their steps.

    Args:
        folder: where they are; made with the first.
        state: what they hold: variables, models, optimizers and lists of them by name.
    """

    def __init__(self, folder: Path, state: dict[str, Any]):
        self._folder = folder
        self._state = state
        self._checkpoint = tf.train.Checkpoint(**state)
        # Made now: several workers must make their variables together, and only one of
        # them saves.
        _ = self._checkpoint.save_counter
        self._manager: tf.train.CheckpointManager | None = None

    def save(self, step: int) -> None:
        """Writes a checkpoint and deletes those that are too old."""
        if self._manager is None:
            self._manager = tf.train.CheckpointManager(
                self._checkpoint, str(self._folder), max_to_keep=None
            )
        _sync(self._manager.save(step))
        # TensorFlow would go by a list, which may be lost or that of a stranger.
        for path in self._there()[:-_KEPT]:
            self._delete(path)

    def restore(self) -> bool:
        """Sets the state from the newest checkpoint that can be read.

        One that cannot, as a power cut may leave it, is named on stderr and deleted.

        Returns:
            Whether there was any.

        Raises:
            ValueError: if there are checkpoints and none can be read, or they were
                written with other options.
        """
        for left in self._folder.glob("ckpt-*_temp"):
            shutil.rmtree(left)  # Half written by a process that was killed.
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
                "train this stage from its start"
            )
        for path in there[len(good) :]:
            print(
                f"{path} is damaged and was deleted; going on from {good[-1].name}",
                file=sys.stderr,
            )
            self._delete(path)
        return True

    def _there(self) -> list[Path]:
        """What is there, the oldest first, by files: lists of them may be lost."""
        return sorted(
            (file.with_suffix("") for file in self._folder.glob("ckpt-*.index")),
            key=lambda path: int(path.name.removeprefix("ckpt-")),
        )

    def _delete(self, path: Path) -> None:
        # It first: a checkpoint without it is none.
        path.with_name(f"{path.name}.index").unlink()
        for file in self._folder.glob(f"{path.name}.*"):
            file.unlink()

    def _read(self, path: Path) -> bool:
        # A new one each time: it would look for the rest in a damaged file for ever.
        checkpoint = tf.train.Checkpoint(**self._state)
        try:
            status = checkpoint.read(str(path)).assert_existing_objects_matched()
            status.expect_partial()  # It holds a counter of TensorFlow's besides.
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
    """Forces a checkpoint to the disk: the next one deletes the one before it."""
    path = Path(checkpoint)
    for file in path.parent.glob(f"{path.name}.*"):
        whole_file.sync(file)
    whole_file.sync(path.parent)
