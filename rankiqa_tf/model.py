"""A trained model: the Keras model and what is known of it, to load, save and score by.

    model = Model.load("model.keras")
    print(model.score("photo.jpg"))
    for path, score in zip(paths, model.score_many(paths)):
        ...

The file is Keras's own, which keras.models.load_model opens, with one entry more in
its zip archive: rankiqa.json. Nothing else is needed to evaluate, score or export.
"""

import dataclasses
import functools
import hashlib
import os
import zipfile
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from distortions import whole_file
from rankiqa_tf import archives
from rankiqa_tf import models
from rankiqa_tf import scoring
from rankiqa_tf import surroundings
from rankiqa_tf.data import crop_grid
from rankiqa_tf.data import crops as crops_lib
from rankiqa_tf.metadata import MOST_BYTES
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.models import known_layers
from rankiqa_tf.models import misgiven
from rankiqa_tf.scoring import CROPS
from rankiqa_tf.scoring import Cut
from rankiqa_tf.scoring import Photo
from rankiqa_tf.scoring import Result
from rankiqa_tf.scoring import ScoreMap

_RANDOM_CROPS = 30  # As many as the paper takes.
# Of crops, in one pass of the network, if not told: as many as take about half a
# gigabyte with EfficientNet-Lite0.
_PASS_PIXELS = 32 * 224 * 224


# Of a model file: what Keras and `Model.save` write.
_CONFIG_BYTES = 16 << 20  # That of lite0-photos has 150,000.
_ENTRIES = frozenset(
    {"metadata.json", misgiven.CONFIG, "model.weights.h5", misgiven.ENTRY}
)


def crops_a_pass(side: int) -> int:
    """How many crops of a side, in pixels, pass the network at once."""
    return max(1, _PASS_PIXELS // side**2)


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """A model that scores photos: always the same, whatever else is scored.

    Attributes:
        network: the Keras model, from float32 [n, side, side, 3] in 0..1 to scores [n].
        metadata: what is known of it.
        fingerprint: SHA-256 of the file that it was loaded from, in hexadecimal; empty
            if it was made otherwise.
    """

    network: keras.Model
    metadata: Metadata
    fingerprint: str = ""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Model":
        """Reads a model file.

        Keras' format can hold a program. A file that names anything but layers and
        operations that only compute is refused before Keras opens it, which is done in
        Keras' safe mode. What a file may still do is to take much time and memory.

        Raises:
            ValueError: if the file is missing or damaged, was not written by `save`,
                its scores are made otherwise than this version makes them, or it holds
                what could run a program.
            RuntimeError: in a process that was forked when TensorFlow was in use.
        """
        surroundings.check_not_forked()
        path = Path(path)
        if problem := misgiven.problem(path):
            raise ValueError(problem)
        try:
            with zipfile.ZipFile(path) as archive:
                _check_archive(archive)
                text = archives.read(archive, misgiven.ENTRY, most=MOST_BYTES).decode()
        except ValueError as error:
            raise ValueError(f"{path} is not opened: {error}") from error
        try:
            metadata = Metadata.from_json(text)
        except ValueError as error:
            raise ValueError(
                f"{path} cannot be used: its {misgiven.ENTRY} is of another sort "
                f"({error})"
            ) from error
        try:
            network = keras.models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises what it happens to meet.
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ValueError(
                f"Keras cannot open {path}, which is damaged, or of another version of "
                f"Keras, or holds what safe mode refuses: {reason}"
            ) from error
        return cls(network, metadata, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def own_crop_size(self) -> int:
        """The side of the crops that the network was made for, in pixels."""
        own = self.metadata.own_crop_size
        return own or models.network(self.metadata.network).crop_size

    @property
    def smallest(self) -> int:
        """The smallest side of images that the network takes, in pixels."""
        return self.metadata.smallest or models.network(self.metadata.network).smallest

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a model file, whole or not at all.

        Args:
            path: the file; ends in .keras. Keras alone can open it.

        Raises:
            ValueError: if path does not end in .keras, or the network's output is not
                [n].
        """
        path = Path(path)
        if path.suffix != ".keras":
            raise ValueError(f"a model file's name must end in .keras, not {path.name}")
        if len(self.network.output_shape) != 1:
            shape = self.network.output_shape
            raise ValueError(f"a model must give scores [n], not {shape}")
        with whole_file.made_beside(path) as made:
            self.network.save(made)
            with zipfile.ZipFile(made, "a") as archive:
                archive.writestr(misgiven.ENTRY, self.metadata.to_json())

    def with_crop_size(self, crop_size: int) -> "Model":
        """The same network, scoring photos by crops of another size.

        Raises:
            ValueError: if the network does not take crops of that size.
        """
        self._check_crop_size(crop_size)
        metadata = dataclasses.replace(self.metadata, crop_size=crop_size)
        return Model(self.network, metadata)

    def score(self, photo: Photo, *, crops: str = "grid", seed: int = 0) -> float:
        """Scores one photo.

        Args:
            photo: the path of a file, a file's bytes, a PIL image, or uint8 [height,
                width, 3], RGB; of any size.
            crops: what the score is the mean of: "grid" is the model's recipe, the one
                that exports have. "random" are the paper's 30 crops from random
                places. "whole" is the photo in one pass, as it is: only fully
                convolutional networks can, and memory grows with the photo.
            seed: decides the places of random crops, 0 or more.

        Returns:
            The score; higher is better. metadata.scale tells its scale, if that is
            known.

        Raises:
            PhotoError: if the file is missing, or cannot be read as a photo.
            ValueError: if photo is none of these, crops is none of these, or the
                network cannot take whole photos.
            RuntimeError: in a process that was forked when TensorFlow was in use.
        """
        cut = self._cutter(crops, seed)
        batch = crops_a_pass(self.metadata.crop_size)
        return scoring.score(photo, cut=cut, score_crops=self._score_crops, batch=batch)

    def check_crops(self, crops: str) -> None:
        """Checks that photos can be scored so.

        Raises:
            ValueError: if crops is none of `CROPS`, or the network cannot take photos
                as a whole.
        """
        if crops not in CROPS:
            raise ValueError(f"crops must be one of {', '.join(CROPS)}, not {crops!r}")
        side = self.network.input_shape[1]
        if crops == "whole" and side is not None:
            raise ValueError(
                f"network {self.metadata.network} takes crops of {side} pixels only: "
                "it cannot score a photo as a whole"
            )

    def score_many(
        self,
        photos: Iterable[Photo],
        *,
        batch: int | None = None,
        crops: str = "grid",
        seed: int = 0,
        warn: Callable[[Photo, str], None] | None = None,
    ) -> Iterator[Result]:
        """Scores photos one after another, faster than `score` does one by one.

        Photos are decoded ahead, several at a time, and crops of several photos pass
        the network together; a score differs from that of `score` by rounding only.

        Args:
            photos: as of `score`; taken one by one, a few ahead of the scores.
            batch: crops that pass the network together, at most; if None, as many as
                take about half a gigabyte with EfficientNet-Lite0.
            crops: as of `score`.
            seed: as of `score`.
            warn: is called with a photo and what is doubtful about it, though it could
                be read, before its score is given.

        Yields:
            For each photo in turn its score, or the PhotoError that it gave.

        Raises:
            ValueError: as of `score`.
        """
        cut = self._cutter(crops, seed)
        batch = batch or crops_a_pass(self.metadata.crop_size)
        if crops == "whole":
            batch = 1  # Photos differ in size.

        yield from scoring.score_many(
            photos, cut=cut, score_crops=self._score_crops, batch=batch, warn=warn
        )

    def check_map(self) -> None:
        """Checks that `score_map` can be called: it can, of every network."""

    def score_map(
        self,
        photo: Photo,
        *,
        crop_size: int | None = None,
        stride: int | None = None,
        most_crops: int | None = None,
    ) -> ScoreMap:
        """Scores each place of a photo, for a picture of where it is good or bad.

        Args:
            photo: as of `score`. One that is smaller than a crop is mirrored up to it.
            crop_size: side of the crops in pixels; if None, the network's own. Only
                fully convolutional networks take others.
            stride: pixels from one crop to the next; if None, a quarter of a crop.
            most_crops: if there were more crops, the stride grows until there are not;
                4 or more. If None, there are as many as it takes.

        Raises:
            PhotoError: as of `score`.
            ValueError: if crop_size is not the network's, or less than it takes, stride
                is less than 1, or most_crops less than 4.
        """
        surroundings.check_not_forked()
        side = crop_size or self.network.input_shape[1] or self.own_crop_size
        self._check_crop_size(side)
        return scoring.score_map(
            photo,
            crop_size=side,
            stride=stride,
            most_crops=most_crops,
            score_crops=self._score_crops,
            batch=crops_a_pass(side),
        )

    def _check_crop_size(self, size: int) -> None:
        fixed = self.network.input_shape[1]
        smallest = self.smallest
        if fixed not in (None, size) or size < smallest:
            takes = f"of {fixed}" if fixed else f"of {smallest} or more"
            raise ValueError(
                f"network {self.metadata.network} takes crops {takes} pixels, not of "
                f"{size}"
            )

    def _cutter(self, crops: str, seed: int) -> Cut:
        """From a photo to what it is scored by, uint8 [n, side, side, 3]."""
        surroundings.check_not_forked()
        self.check_crops(crops)
        size = self.metadata.crop_size

        def cut(photo: np.ndarray) -> np.ndarray:
            if crops == "grid":
                return crop_grid.cut(photo, size)
            if crops == "whole":
                smallest = self.smallest
                return crop_grid.pad_to(photo, smallest)[np.newaxis]
            # Asked for in threads; a graphics processor has better things to do.
            with tf.device("CPU:0"):
                return crops_lib.random_crops(
                    tf.constant(photo), size, count=_RANDOM_CROPS, seed=seed
                ).numpy()

        return cut

    def _score_crops(self, crops: np.ndarray) -> np.ndarray:
        """From uint8 [n, h, w, 3] to float32 [n]."""
        return self._graph(tf.constant(crops)).numpy()

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], tf.Tensor]:
        # One graph for all numbers and sizes of crops. TensorFlow takes functions of
        # several models for one that is traced again and again, and warns of it,
        # unless they are made concrete.
        spec = tf.TensorSpec([None, *self.network.input_shape[1:]], tf.uint8)
        return tf.function(self._scores).get_concrete_function(spec)

    def _scores(self, crops: tf.Tensor) -> tf.Tensor:
        # Floats only after cropping.
        images = tf.cast(crops, tf.float32) / 255.0
        return tf.cast(self.network(images, training=False), tf.float32)


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Raises a ValueError if a model file holds what `Model.save` does not write."""
    archives.check(archive)
    if strange := set(archive.namelist()) - _ENTRIES:
        raise ValueError(f"it holds {min(strange)!r}, which no model file of ours does")
    if misgiven.CONFIG in archive.namelist():  # Without it, Keras says what is wrong.
        known_layers.check(archives.read(archive, misgiven.CONFIG, most=_CONFIG_BYTES))
