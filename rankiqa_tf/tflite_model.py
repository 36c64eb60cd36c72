"""A TFLite file that scores photos: on phones and small computers, without TensorFlow.

    model = TFLiteModel.load("model.tflite")
    print(model.score("photo.jpg"))

It needs NumPy, Pillow and LiteRT (the extra `mobile`); where LiteRT is missing and
TensorFlow is there, TensorFlow's own interpreter is taken. Photos are decoded and cut
by the code that `Model` uses; in a process without TensorFlow, Pillow decodes JPEG and
PNG too, to the same pixels. It reads some damaged PNG files that TensorFlow refuses,
and does not tell when it doubts a JPEG.
"""

import dataclasses
import functools
import hashlib
import os
import threading
import zipfile
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from distortions import cores
from distortions import decoder_warnings
from distortions.photo_header import PhotoError
from rankiqa_tf import archives
from rankiqa_tf import scoring
from rankiqa_tf.data import crop_grid
from rankiqa_tf.metadata import MOST_BYTES
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scoring import Photo
from rankiqa_tf.scoring import Pixels
from rankiqa_tf.scoring import Result
from rankiqa_tf.scoring import ScoreMap
from rankiqa_tf.scoring import Scores

ENTRY = "rankiqa.json"  # What export.tflite writes into the file.

_SIGNATURE = "serving_default"
_BATCH = 1  # Crops pass one by one: then a photo's score is out as soon as it can be.


@dataclasses.dataclass(frozen=True, eq=False)
class TFLiteModel:
    """A model that scores photos, as `Model` does, from a TFLite file.

    Attributes:
        metadata: what is known of it.
        input_size: height and width of its input: of a crop, or of the whole photos
            that a file of a fixed size is for.
        takes_bytes: whether its input is uint8 in 0..255, and not float32 in 0..1.
        fingerprint: SHA-256 of the file, in hexadecimal.
    """

    metadata: Metadata
    input_size: tuple[int, int]
    takes_bytes: bool
    fingerprint: str
    _run: Callable[..., dict[str, Scores]]
    # An interpreter has one place for its input: threads take turns.
    _turn: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, threads: int | None = None
    ) -> "TFLiteModel":
        """Reads a file that `export.tflite` wrote.

        Args:
            path: the file.
            threads: that a crop is scored on; those of the machine if None.

        Raises:
            ValueError: if the file is missing or damaged, or was not written so.
            ModuleNotFoundError: if there is nothing to run it with.
        """
        path = Path(path)
        metadata = _metadata(path)
        try:
            interpreter_of = _runtime()
            if interpreter_of.__module__.startswith("tensorflow."):
                _check_offsets(path)
            # It tells how it runs when it is ready, which is no matter for users; and
            # later, while photos are decoded, it would pass for a decoder's warning.
            with decoder_warnings.muted("INFO: "):
                interpreter = interpreter_of(
                    str(path), num_threads=threads or cores.available()
                )
                interpreter.allocate_tensors()
                runner = interpreter.get_signature_runner(_SIGNATURE)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{path} cannot be run: {_first_line(error)}") from error
        details = runner.get_input_details()["image"]
        height, width = map(int, details["shape"][1:3])
        takes_bytes = details["dtype"] == np.uint8
        fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(metadata, (height, width), takes_bytes, fingerprint, runner)

    def check_crops(self, crops: str) -> None:
        """Checks that photos can be scored so.

        Raises:
            ValueError: if crops is not "grid": a TFLite file takes crops of one size,
                and random places are drawn by TensorFlow.
        """
        if crops != "grid":
            raise ValueError(
                f"a TFLite file scores photos by the grid of crops, not by {crops!r}: "
                "give the model.keras for that"
            )

    def score(self, photo: Photo, *, crops: str = "grid", seed: int = 0) -> float:
        """Scores one photo, as `Model.score` does; crops must be "grid"."""
        del seed  # Nothing here is drawn.
        self.check_crops(crops)
        return scoring.score(
            photo, cut=self._cut, score_crops=self.score_crops, batch=_BATCH
        )

    def score_many(
        self,
        photos: Iterable[Photo],
        *,
        crops: str = "grid",
        seed: int = 0,
        warn: Callable[[Photo, str], None] | None = None,
    ) -> Iterator[Result]:
        """Scores photos one after another, as `Model.score_many` does.

        Args:
            photos: paths, bytes, PIL images, or uint8 [height, width, 3].
            crops: must be "grid".
            seed: of nothing; there is none to be had but the grid.
            warn: is called with a photo and what is doubtful about it, though it could
                be read, before its score is given.

        Yields:
            For each photo in turn its score, or the PhotoError that it gave.
        """
        del seed
        self.check_crops(crops)
        yield from scoring.score_many(
            photos,
            cut=self._cut,
            score_crops=self.score_crops,
            batch=_BATCH,
            warn=warn,
        )

    def check_map(self) -> None:
        """Checks that `score_map` can be called.

        Raises:
            ValueError: if the file scores whole photos of one size, and no crops.
        """
        if not self._takes_crops:
            height, width = self.input_size
            raise ValueError(
                f"a TFLite file for photos of {height} x {width} pixels, height first, "
                "scores no places of a photo: give one for crops, or the model.keras"
            )

    def score_map(
        self,
        photo: Photo,
        *,
        stride: int | None = None,
        most_crops: int | None = None,
    ) -> ScoreMap:
        """Scores each place of a photo, as `Model.score_map` does.

        The crops are those that the file takes, `input_size`: in a photo that is not
        larger there is one, and the map has one score.

        Args:
            photo: path, bytes, PIL image, or uint8 [height, width, 3].
            stride: as of `Model.score_map`.
            most_crops: likewise.

        Raises:
            PhotoError: if the file is missing, or cannot be read as a photo.
            ValueError: as of `check_map`, or as `Model.score_map` does.
        """
        self.check_map()
        return scoring.score_map(
            photo,
            crop_size=self.metadata.crop_size,
            stride=stride,
            most_crops=most_crops,
            score_crops=self.score_crops,
            batch=_BATCH,
        )

    def score_crops(self, crops: Pixels) -> Scores:
        """Scores crops.

        Args:
            crops: uint8 [n, height, width, 3], of `input_size`.

        Returns:
            float32 [n].
        """
        images = crops if self.takes_bytes else crops.astype(np.float32) / 255
        with self._turn:
            scores = [self._run(image=image[np.newaxis])["score"] for image in images]
        return np.concatenate(scores).astype(np.float32)

    @property
    def _takes_crops(self) -> bool:
        return self.input_size == (self.metadata.crop_size,) * 2

    def _cut(self, photo: Pixels) -> Pixels:
        if self._takes_crops:
            return crop_grid.cut(photo, self.metadata.crop_size)
        if photo.shape[:2] != self.input_size:
            height, width = self.input_size
            raise PhotoError(
                f"the model takes photos of {height} x {width} pixels, height first, "
                f"not of {photo.shape[0]} x {photo.shape[1]}"
            )
        return photo[np.newaxis]


def _metadata(path: Path) -> Metadata:
    if not path.is_file():
        raise ValueError(f"no such model file: {path}")
    with path.open("rb") as file:
        is_tflite = file.read(8)[4:] == b"TFL3"
    if not is_tflite:
        raise ValueError(f"{path} is not a TFLite file, or is broken")
    try:
        with zipfile.ZipFile(path) as archive:
            if ENTRY not in archive.namelist():
                raise zipfile.BadZipFile
            text = archives.read(archive, ENTRY, most=MOST_BYTES).decode()
            return Metadata.from_json(text)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{path} is cut short, or was not written by rankiqa_tf: it has no "
            f"{ENTRY}, which tells how photos are scored; python -m export "
            "--formats=tflite writes one"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be used: its {ENTRY} is of another sort ({error})"
        ) from error


def _check_offsets(path: Path) -> None:
    """Raises a ValueError if what a file consists of does not lie within it.

    LiteRT checks that; the interpreter of TensorFlow 2.21 does not, and ends the
    process.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    try:
        schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    except Exception as error:  # Whatever comes of reading beside the file.
        raise ValueError(f"its parts do not lie within it: {error}") from error


@functools.cache
def _runtime() -> Any:
    """The class of interpreters: LiteRT's, or TensorFlow's."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            import tensorflow as tf
        except ImportError:
            raise ModuleNotFoundError(
                "nothing is installed that runs a TFLite file: "
                "pip install 'rankiqa-tf[mobile]'"
            ) from None
        return tf.lite.Interpreter
    return Interpreter


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
