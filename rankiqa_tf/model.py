"""Trained models: loading, saving, and scoring photos.

    model = Model.load("model.keras")
    print(model.score("photo.jpg"))
    for path, score in zip(paths, model.score_many(paths)):
        ...

A model file is an ordinary Keras file, which keras.models.load_model can open, with one
extra entry in its zip archive: rankiqa.json. Evaluation, scoring and export need
nothing else.
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
from rankiqa_tf.choices import CROPS
from rankiqa_tf.data import crop_grid
from rankiqa_tf.data import crops as crops_lib
from rankiqa_tf.metadata import MOST_BYTES
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.models import known_layers
from rankiqa_tf.models import misgiven
from rankiqa_tf.scoring import Cut
from rankiqa_tf.scoring import Photo
from rankiqa_tf.scoring import Pixels
from rankiqa_tf.scoring import Result
from rankiqa_tf.scoring import ScoreMap
from rankiqa_tf.scoring import Scores

_RANDOM_CROPS = 30  # As in the paper.
# Default number of pixels per pass of the network: about half a gigabyte of memory with
# EfficientNet-Lite0.
_PASS_PIXELS = 32 * 224 * 224


# What a model file may contain: what Keras and `Model.save` write.
_CONFIG_BYTES = 16 << 20  # The config of lite0-photos takes 150,000 bytes.
_ENTRIES = frozenset(
    {"metadata.json", misgiven.CONFIG, "model.weights.h5", misgiven.ENTRY}
)


def crops_a_pass(side: int) -> int:
    """Returns how many crops of a given side, in pixels, to score in one pass."""
    return max(1, _PASS_PIXELS // side**2)


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """A model that scores photos.

    A photo's score does not depend on what else is scored with it.

    Attributes:
        network: the Keras model, from float32 [n, side, side, 3] in 0..1 to scores [n].
        metadata: what the network is, how it was trained and how it scores.
        fingerprint: SHA-256 of the file it was loaded from, in hexadecimal; empty if it
            was not loaded from a file.
    """

    network: keras.Model
    metadata: Metadata
    fingerprint: str = ""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Model":
        """Loads a model file.

        The Keras format can contain code. A file that names anything but known layers
        and purely computational operations is rejected before Keras opens it, and Keras
        then opens it in safe mode. A malicious file can still use a lot of time and
        memory.

        Raises:
            ValueError: if the file is missing or damaged, was not written by `save`,
                computes scores differently from this version, or contains something
                that could run code.
            RuntimeError: in a process forked after TensorFlow was first used.
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
            raise ValueError(f"{path} was not opened: {error}") from error
        try:
            metadata = Metadata.from_json(text)
        except ValueError as error:
            raise ValueError(
                f"{path} cannot be used: its {misgiven.ENTRY} is invalid ({error})"
            ) from error
        try:
            network = keras.models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras can raise anything here.
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ValueError(
                f"Keras cannot open {path}: it is damaged, was written by another "
                f"version of Keras, or contains something safe mode refuses: {reason}"
            ) from error
        return cls(network, metadata, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def own_crop_size(self) -> int:
        """The side of the crops the network was designed for, in pixels."""
        own = self.metadata.own_crop_size
        return own or models.network(self.metadata.network).crop_size

    @property
    def smallest(self) -> int:
        """The smallest side of images the network accepts, in pixels."""
        return self.metadata.smallest or models.network(self.metadata.network).smallest

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a model file; if writing fails, no partial file is left behind.

        Args:
            path: the file, ending in .keras. Keras can open it without this package.

        Raises:
            ValueError: if path does not end in .keras, or the network's output shape is
                not [n].
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
        """Returns a model with the same network that scores crops of another size.

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
            crops: which crops to average over. "grid" is the model's standard recipe,
                and the only one exported models use. "random" takes 30 crops from
                random places, as in the paper. "whole" scores the whole photo in one
                pass: this needs a fully convolutional network, and memory that grows
                with the photo.
            seed: decides where random crops are taken; 0 or more.

        Returns:
            The score; higher is better. metadata.scale gives its scale, if known.

        Raises:
            PhotoError: if the file is missing, or cannot be read as a photo.
            ValueError: if photo or crops is none of the above, or the network cannot
                score whole photos.
            RuntimeError: in a process forked after TensorFlow was first used.
        """
        cut = self._cutter(crops, seed)
        batch = crops_a_pass(self.metadata.crop_size)
        return scoring.score(photo, cut=cut, score_crops=self._score_crops, batch=batch)

    def check_crops(self, crops: str) -> None:
        """Checks that the model can score photos with the given kind of crops.

        Raises:
            ValueError: if crops is not one of `CROPS`, or the network cannot score
                whole photos.
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
        """Scores many photos, faster than calling `score` for each.

        Several photos are decoded ahead in parallel, and crops of several photos go
        through the network together; scores differ from those of `score` only by
        rounding.

        Args:
            photos: as for `score`; consumed lazily, a few ahead of the scores.
            batch: maximum number of crops per pass of the network; if None, as many as
                take about half a gigabyte with EfficientNet-Lite0.
            crops: as for `score`.
            seed: as for `score`.
            warn: called with a photo and a warning about it, before its score is
                yielded, if the photo could be read but looks faulty.

        Yields:
            For each photo in order, its score or the PhotoError explaining why it has
            none.

        Raises:
            ValueError: as for `score`.
        """
        cut = self._cutter(crops, seed)
        batch = batch or crops_a_pass(self.metadata.crop_size)
        if crops == "whole":
            batch = 1  # Photos differ in size.

        yield from scoring.score_many(
            photos, cut=cut, score_crops=self._score_crops, batch=batch, warn=warn
        )

    def check_map(self) -> None:
        """Checks that `score_map` can be called; every Keras model supports it."""

    def score_map(
        self,
        photo: Photo,
        *,
        crop_size: int | None = None,
        stride: int | None = None,
        most_crops: int | None = None,
    ) -> ScoreMap:
        """Scores every part of a photo, to show where it is good or bad.

        Args:
            photo: as for `score`. A photo smaller than a crop is padded by mirroring.
            crop_size: side of the crops in pixels; if None, the network's own. Only
                fully convolutional networks accept others.
            stride: pixels from one crop to the next; if None, a quarter of a crop.
            most_crops: maximum number of crops, 4 or more; the stride grows to stay
                within it. If None, there is no limit.

        Raises:
            PhotoError: as for `score`.
            ValueError: if the network does not accept crop_size, stride is less than 1,
                or most_crops is less than 4.
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
        """Returns the function that cuts a photo to crops, uint8 [n, side, side, 3]."""
        surroundings.check_not_forked()
        self.check_crops(crops)
        size = self.metadata.crop_size

        def cut(photo: Pixels) -> Pixels:
            if crops == "grid":
                return crop_grid.cut(photo, size)
            if crops == "whole":
                smallest = self.smallest
                return crop_grid.pad_to(photo, smallest)[np.newaxis]
            # Called in threads; too small a job for a GPU.
            with tf.device("CPU:0"):
                return crops_lib.random_crops(
                    tf.constant(photo), size, count=_RANDOM_CROPS, seed=seed
                ).numpy()

        return cut

    def _score_crops(self, crops: Pixels) -> Scores:
        """Scores crops, uint8 [n, h, w, 3]; returns float32 [n]."""
        return self._graph(tf.constant(crops)).numpy()

    @functools.cached_property
    def _graph(self) -> Callable[[tf.Tensor], tf.Tensor]:
        # One graph for every number and size of crops. It is made concrete because,
        # with several models, TensorFlow would otherwise warn that one function is
        # being retraced again and again.
        spec = tf.TensorSpec([None, *self.network.input_shape[1:]], tf.uint8)
        return tf.function(self._scores).get_concrete_function(spec)

    def _scores(self, crops: tf.Tensor) -> tf.Tensor:
        # Crops are cut as bytes and converted to floats only here, to save memory.
        images = tf.cast(crops, tf.float32) / 255.0
        return tf.cast(self.network(images, training=False), tf.float32)


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Raises a ValueError if an archive has entries `Model.save` does not write."""
    archives.check(archive)
    if strange := set(archive.namelist()) - _ENTRIES:
        raise ValueError(
            f"it contains {min(strange)!r}, which our model files never do"
        )
    if misgiven.CONFIG in archive.namelist():  # Without it, Keras says what is wrong.
        known_layers.check(archives.read(archive, misgiven.CONFIG, most=_CONFIG_BYTES))
