"""The output of a network's frozen part, computed once and kept in files."""

import math
import os
import shutil
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from distortions import progress
from rankiqa_tf.data import batches
from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.data import whole_file
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches
from rankiqa_tf.training import bad_steps
from rankiqa_tf.training.stopping import Interrupted
from rankiqa_tf.training.stopping import Stop

_DONE = "done"  # The file with the number of steps kept so far.
_WRITTEN = 20  # How many steps between updates of that file.


class KeptBatches(batches.Parted):
    """Stores the first batches of a source in files and draws from them repeatedly.

    Instead of images, its batches have the frozen part's outputs, a tuple of float16
    [M, ...]: half the bytes, and precise enough for values that are not being learned.
    Other entries are unchanged. Each epoch draws every stored image once, in a new
    order.

    Args:
        source: the batches of images to store.
        part: from images [M, h, w, 3] in 0..1 to a tuple of tensors [M, ...], from
            `frozen_part.divide`; images all have one size, so outputs have one shape.
        steps: how many of the source's batches to store.
        together: how many consecutive images stay together, such as the versions of a
            photo. The source's batch size is a multiple of it.
        seed: decides the order.
        folder: for the files; created if needed. Resumes what an earlier call with the
            same source and part left there.
        name: label of the progress bar.
        stop: called after each batch; True means stop.

    Raises:
        ValueError: if the disk is full, or a photo can no longer be read.
        Interrupted: when told to stop.
    """

    def __init__(
        self,
        source: Batches,
        part: keras.Model,
        *,
        steps: int,
        together: int = 1,
        seed: int,
        folder: Path,
        name: str,
        stop: Stop,
    ):
        super().__init__(source.size, source.size // together)
        self._source = source
        self._together, self._seed, self._name = together, seed, name
        self._count = steps * self.size // together
        folder.mkdir(parents=True, exist_ok=True)
        spec = source.dataset(0, 1).element_spec
        images = keras.KerasTensor(spec["image"].shape, "float32")
        made = keras.tree.flatten(part.compute_output_spec(images))
        self._shapes = [tuple(each.shape[1:]) for each in made]
        self._sizes = [math.prod(shape) for shape in self._shapes]
        # float16 [M, size of all outputs], and the other entries.
        rows: dict[str, tuple[list[int], Any]] = {
            key: ([sum(self._sizes)], np.float16)
            if key == "image"
            else (entry.shape[1:].as_list(), entry.dtype.as_numpy_dtype)
            for key, entry in spec.items()
        }
        done = folder / _DONE
        first = int(done.read_text()) if done.exists() else 0
        if not first:
            _check_space(folder, steps * self.size, rows)
        self._files = {
            key: np.lib.format.open_memmap(
                folder / f"{key}.npy",
                mode="r+" if first else "w+",
                dtype=dtype,
                shape=(steps * self.size, *shape),
            )
            for key, (shape, dtype) in rows.items()
        }
        if not first:
            for key in rows:
                _reserve(folder / f"{key}.npy")
        self._fill(source, part, first, steps, done, stop)

    def _fill(
        self,
        source: Batches,
        part: keras.Model,
        first: int,
        steps: int,
        done: Path,
        stop: Stop,
    ) -> None:
        @tf.function
        def rows(images: tf.Tensor) -> tf.Tensor:
            made = part(tf.image.convert_image_dtype(images, tf.float32))
            made = keras.tree.flatten(made)  # A single tensor does not come in a list.
            flat = [tf.reshape(each, [len(images), -1]) for each in made]
            return tf.saturate_cast(tf.concat(flat, 1), tf.float16)

        def save(number: int) -> None:
            for file in self._files.values():
                file.flush()
            whole_file.write(done, f"{number}\n")

        line = progress.bar(self._name, steps * self.size, done=first * self.size)
        with line as bar:
            made = source.dataset(first, steps)
            for number, batch in bad_steps.guarded(made, source, first, save=save):
                place = slice((number - 1) * self.size, number * self.size)
                for key, value in batch.items():
                    self._files[key][place] = rows(value) if key == "image" else value
                bar.update(self.size)
                stopped = stop()
                if number % _WRITTEN == 0 or number == steps or stopped:
                    save(number)
                if stopped:
                    raise Interrupted(f"stopped after step {number} of {steps}")

    def in_order(self, count: int) -> Iterator[dict[str, Any]]:
        """Yields the first images' entries one by one, as batches of one."""
        ends = np.cumsum(self._sizes)[:-1]
        for number in range(count):
            entries = {
                key: file[number : number + 1] for key, file in self._files.items()
            }
            parts = np.split(entries["image"].astype(np.float32), ends, axis=1)
            entries["image"] = tuple(
                part.reshape(1, *shape)
                for part, shape in zip(parts, self._shapes, strict=True)
            )
            yield entries

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of steps first_step to last_step - 1, prefetched."""
        own = self._own
        numbers = tf.data.Dataset.range(first_step * own, last_step * own)
        groups = numbers.map(lambda number: self._group(self._place(number)))
        groups = groups.batch(own, drop_remainder=True)
        return parallel.map_in_order(groups, self._batch).prefetch(parallel.AHEAD)

    def photos(self, number: int) -> list[Path | str]:
        """Returns the photos of a step, counted from 1."""
        found, size = [], self._source.size
        for place in self._places(number):
            step, image = divmod(int(self._group(place)) * self._together, size)
            photos = self._source.photos(step + 1)
            found.append(photos[image * len(photos) // size])
        return found

    def _group(self, place: tf.Tensor) -> tf.Tensor:
        """Returns the images of the group at a position in the order."""
        return order.shuffled(place, self._count, self._seed, self._name)

    def _batch(self, groups: tf.Tensor) -> Batch:
        first = groups[:, tf.newaxis] * self._together
        places = tf.reshape(first + tf.range(self._together), [self.size])
        # Works for files of any size: the system caches as much of them as it can.
        read = tf.numpy_function(
            lambda at: [file[at] for file in self._files.values()],
            [places],
            [file.dtype for file in self._files.values()],
            stateful=False,
        )
        batch = {
            key: tf.ensure_shape(value, [self.size, *file.shape[1:]])
            for (key, file), value in zip(self._files.items(), read, strict=True)
        }
        parts = tf.split(batch["image"], self._sizes, axis=1)
        batch["image"] = tuple(
            tf.reshape(each, [self.size, *shape])
            for each, shape in zip(parts, self._shapes, strict=True)
        )
        return batch


def _reserve(file: Path) -> None:
    """Allocates disk space for the whole length of a file.

    The file is memory-mapped: if the disk filled up while writing to it, the system
    would kill the process.

    Raises:
        OSError: if there is not enough space.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS, Windows.
        return
    with file.open("r+b") as opened:
        try:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(file)) from None


def _check_space(
    folder: Path, images: int, rows: Mapping[str, tuple[list[int], Any]]
) -> None:
    """Raises a ValueError if so many rows do not fit on the disk."""
    row = sum(
        math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in rows.values()
    )
    free = shutil.disk_usage(folder).free
    if images * row > free:
        raise ValueError(
            f"the frozen layers' outputs for {images} images take "
            f"{images * row / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB free: "
            "give fewer kept_crops, a smaller crop_size, or a workdir on another disk"
        )
