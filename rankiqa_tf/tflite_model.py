"""TFLite models that score photos on phones and small computers, without TensorFlow.

    model = TFLiteModel.load("model.tflite")
    print(model.score("photo.jpg"))

Needs NumPy, Pillow and LiteRT (the extra `mobile`); if LiteRT is missing but TensorFlow
is installed, TensorFlow's own interpreter is used. Photos are decoded and cut by the
code `Model` uses; in a process without TensorFlow, Pillow decodes JPEG and PNG too, to
the same pixels. Pillow reads some damaged PNG files that TensorFlow rejects, and gives
no warning about faulty JPEG files.
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
_BATCH = 1  # One crop at a time, so that a photo's score is out as soon as possible.


@dataclasses.dataclass(frozen=True, eq=False)
class TFLiteModel:
    """A TFLite model that scores photos like `Model`.

    Attributes:
        metadata: what the network is, how it was trained and how it scores.
        input_size: height and width of the input: one crop, or a whole photo if the
            file was exported for photos of a fixed size.
        takes_bytes: whether the input is uint8 in 0..255 rather than float32 in 0..1.
        fingerprint: SHA-256 of the file, in hexadecimal.
    """

    metadata: Metadata
    input_size: tuple[int, int]
    takes_bytes: bool
    fingerprint: str
    _run: Callable[..., dict[str, Scores]]
    # An interpreter has a single input buffer, so threads take turns.
    _turn: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, threads: int | None = None
    ) -> "TFLiteModel":
        """Loads a file written by `export.tflite`.

        Args:
            path: the file.
            threads: number of threads to score a crop with; if None, one per core.

        Raises:
            ValueError: if the file is missing or damaged, or `export.tflite` did not
                write it.
            ModuleNotFoundError: if neither LiteRT nor TensorFlow is installed.
        """
        path = Path(path)
        metadata = _metadata(path)
        try:
            interpreter_of = _runtime()
            if interpreter_of.__module__.startswith("tensorflow."):
                _check_offsets(path)
            # The interpreter reports how it runs. Users need not see that, and while
            # photos are being decoded it would be taken for a decoder's warning.
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
        """Checks that the model can score photos with the given kind of crops.

        Raises:
            ValueError: if crops is not "grid": a TFLite file takes crops of one size,
                and random crops need TensorFlow.
        """
        if crops != "grid":
            raise ValueError(
                "a TFLite file scores photos only by the grid of crops, not by "
                f"{crops!r}: use the model.keras for that"
            )

    def score(self, photo: Photo, *, crops: str = "grid", seed: int = 0) -> float:
        """Scores one photo, as `Model.score` does; crops must be "grid"."""
        del seed  # Nothing is random here.
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
        """Scores photos in order, as `Model.score_many` does.

        Args:
            photos: paths, bytes, PIL images, or uint8 [height, width, 3].
            crops: must be "grid".
            seed: ignored; nothing is random in the grid.
            warn: called with a photo and a warning about it, before its score is
                yielded, if the photo could be read but looks faulty.

        Yields:
            For each photo in order, its score or the PhotoError explaining why it has
            none.
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
            ValueError: if the file scores whole photos of one size rather than crops.
        """
        if not self._takes_crops:
            height, width = self.input_size
            raise ValueError(
                f"a TFLite file for photos of {height} x {width} pixels, height "
                "first, cannot score parts of a photo: use one for crops, or the "
                "model.keras"
            )

    def score_map(
        self,
        photo: Photo,
        *,
        stride: int | None = None,
        most_crops: int | None = None,
    ) -> ScoreMap:
        """Scores every part of a photo, as `Model.score_map` does.

        Crops have the file's `input_size`; a photo no larger than one crop gives a map
        with a single score.

        Args:
            photo: path, bytes, PIL image, or uint8 [height, width, 3].
            stride: as for `Model.score_map`.
            most_crops: as for `Model.score_map`.

        Raises:
            PhotoError: if the file is missing, or cannot be read as a photo.
            ValueError: as for `check_map` or `Model.score_map`.
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
            crops: uint8 [n, height, width, 3], with height and width of `input_size`.

        Returns:
            The scores, float32 [n].
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
            f"{ENTRY}, which says how photos are scored; python -m export "
            "--formats=tflite writes one"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be used: its {ENTRY} is invalid ({error})"
        ) from error


def _check_offsets(path: Path) -> None:
    """Raises a ValueError if an offset in the file points outside it.

    LiteRT checks this; the interpreter of TensorFlow 2.21 does not, and crashes the
    process.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    try:
        schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    except Exception as error:  # Reading out of bounds can raise anything.
        raise ValueError(f"its offsets point outside of it: {error}") from error


@functools.cache
def _runtime() -> Any:
    """Returns the interpreter class: LiteRT's, or else TensorFlow's."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            import tensorflow as tf
        except ImportError:
            raise ModuleNotFoundError(
                "nothing is installed that can run a TFLite file: pip install "
                "'rankiqa-tf[mobile]'"
            ) from None
        return tf.lite.Interpreter
    return Interpreter


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
