"""Scoring with a model in any of its forms: Keras, SavedModel or TFLite.

    form = forms.load("model.tflite")
    form.score(photo)

All forms have the same interface, so that `gate` can compare them.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Protocol

import numpy as np
import tensorflow as tf
from PIL import Image

from distortions import photo_decoding
from export import file_headers
from export import graph_operations
from export import tflite_metadata
from rankiqa_tf import library
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.tflite_model import ENTRY
from rankiqa_tf.tflite_model import TFLiteModel

SIGNATURES = ("serving_default", "pixels")  # Of a SavedModel.


class Form(Protocol):
    """A model in some form, which scores photos.

    Attributes:
        name: for display.
        form: "keras", "saved_model", or one of tflite.FORMS.
        metadata: the model's.
        size: height and width of the photos it takes, if fixed; otherwise None.
    """

    name: str
    form: str
    metadata: Metadata
    size: tuple[int, int] | None

    def score(self, photo: bytes | np.ndarray) -> float:
        """Scores a photo.

        Args:
            photo: the bytes of a file, or uint8 [height, width, 3], RGB.

        Raises:
            PhotoError: if the file cannot be read.
            ValueError: if the photo does not have `size`.
        """
        ...

    def score_crops(self, crops: np.ndarray) -> np.ndarray:
        """Scores crops, uint8 [n, side, side, 3], one by one: returns float32 [n]."""
        ...


class Keras:
    """A Keras model; see `Form`.

    Args:
        model: the model.
        name: for display.
        size: height and width of photos to score whole, rather than by crops.
    """

    form = "keras"

    def __init__(
        self,
        model: Model,
        name: str = "Keras",
        *,
        size: tuple[int, int] | None = None,
    ):
        self._model = model
        self.name, self.metadata, self.size = name, model.metadata, size

    def like(self, other: Form) -> "Keras":
        """Returns the same model, accepting the inputs that another form accepts."""
        model = self._model
        if other.size is not None:
            model.check_crops("whole")
        else:
            model = model.with_crop_size(other.metadata.crop_size)
        return Keras(model, self.name, size=other.size)

    def score(self, photo: bytes | np.ndarray) -> float:
        """Scores a photo."""
        if self.size is None:
            return self._model.score(photo)
        return self._model.score(_of_size(photo, self.size), crops="whole")

    def score_crops(self, crops: np.ndarray) -> np.ndarray:
        """Scores crops."""
        # For a photo the size of a crop, the grid is that single crop.
        return np.array(list(self._model.score_many(crops)), np.float32)


class SavedModel:
    """A folder written by saved_model.write; see `Form`.

    Args:
        folder: the folder.
        signature: one of SIGNATURES. For serving_default, pixels are encoded as PNG,
            and so are files in formats it does not decode.
        loaded: the result of tf.saved_model.load for the folder, if already loaded.
    """

    form = "saved_model"
    size: tuple[int, int] | None = None

    def __init__(
        self,
        folder: str | Path,
        *,
        signature: str = "serving_default",
        loaded: Any = None,
    ):
        takes = "bytes" if signature == "serving_default" else signature
        self.name = f"{Path(folder).name}/{takes}"
        metadata = Path(folder, "assets.extra", ENTRY)
        self.metadata = Metadata.from_json(metadata.read_text(encoding="utf-8"))
        if loaded is None:
            graph_operations.read(Path(folder))
            loaded = tf.saved_model.load(str(folder))
        self._loaded = loaded  # Keeps the variables alive.
        self._signature = loaded.signatures[signature]
        self._takes_files = signature == "serving_default"

    def score(self, photo: bytes | np.ndarray) -> float:
        """Scores a photo."""
        if self._takes_files:
            return self._score_file(photo)
        return float(self._score(_pixels(photo))[0])

    def score_crops(self, crops: np.ndarray) -> np.ndarray:
        """Scores crops."""
        if self._takes_files:
            return np.array([self._score_file(crop) for crop in crops], np.float32)
        return self._score(crops)

    def _score_file(self, photo: bytes | np.ndarray) -> float:
        if not isinstance(photo, bytes):
            photo = _png(photo)
        found = self._signature(image_bytes=tf.constant([photo]))
        if found["error"].numpy()[0].decode() in file_headers.LEFT_TO_OTHERS:
            file = _png(_pixels(photo))
            found = self._signature(image_bytes=tf.constant([file]))
        return float(found["score"][0])

    def _score(self, pixels: np.ndarray) -> np.ndarray:
        return self._signature(image=tf.constant(pixels))["score"].numpy()


class TFLite:
    """A file written by tflite.write; see `Form`.

    Args:
        path: the file.
        threads: number of threads to run it with.
    """

    def __init__(self, path: str | Path, *, threads: int = 1):
        self._model = TFLiteModel.load(path, threads=threads)
        self.name, self.metadata = Path(path).name, self._model.metadata
        self.form = tflite_metadata.form_of(path)
        side, size = self.metadata.crop_size, self._model.input_size
        self.size = None if size == (side, side) else size

    def score(self, photo: bytes | np.ndarray) -> float:
        """Scores a photo."""
        return self._model.score(photo)

    def score_crops(self, crops: np.ndarray) -> np.ndarray:
        """Scores crops."""
        return self._model.score_crops(crops)


def load(name: str | Path) -> list[Form]:
    """Loads a model in whatever form it is.

    Args:
        name: a TFLite file; a SavedModel's folder; or what `library.load` accepts: a
            model.keras, the folder of a run, or a name.

    Returns:
        The form; for a SavedModel two, one for each of SIGNATURES.

    Raises:
        ValueError: if there is no such model, or it could do more than compute.
    """
    path = Path(name)
    if path.suffix == ".tflite":
        return [TFLite(path)]
    if (path / "saved_model.pb").is_file():
        graph_operations.read(path)
        loaded = tf.saved_model.load(str(path))  # Once: it takes seconds.
        return [SavedModel(path, signature=s, loaded=loaded) for s in SIGNATURES]
    return [Keras(library.load(name), path.name)]


def load_alike(names: Sequence[str | Path]) -> list[Form]:
    """Loads forms of one model for comparison, all scoring by the same recipe.

    Crop size and photo size are fixed in all forms but Keras models, which adopt them.

    Args:
        names: as for `load`.

    Raises:
        ValueError: as for `load`, or if the other forms do not share a recipe.
    """
    found = [form for name in names for form in load(name)]
    fixed = [form for form in found if not isinstance(form, Keras)] or found[:1]
    recipes = {_recipe(form): form.name for form in fixed}
    if len(recipes) > 1:
        described = ", ".join(f"{n} {recipe}" for recipe, n in recipes.items())
        raise ValueError(f"forms must score by the same recipe, not: {described}")
    like = fixed[0]
    return [
        form.like(like) if isinstance(form, Keras) and form is not like else form
        for form in found
    ]


def size_in_bytes(path: Path) -> int:
    """Returns the size on disk of a form, whether a file or a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _recipe(form: Form) -> str:
    if form.size is not None:
        return "takes whole photos of {}x{} pixels".format(*form.size)
    return f"takes crops of {form.metadata.crop_size} pixels"


def _pixels(photo: bytes | np.ndarray) -> np.ndarray:
    return photo_decoding.decode(photo) if isinstance(photo, bytes) else photo


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _of_size(photo: bytes | np.ndarray, size: tuple[int, int]) -> np.ndarray:
    pixels = _pixels(photo)
    if pixels.shape[:2] != size:
        height, width = pixels.shape[:2]
        raise ValueError(
            f"photos of {size[0]}x{size[1]} pixels are scored as a whole, not one of "
            f"{height}x{width}"
        )
    return pixels


if __name__ == "__main__":
    sys.exit("export.forms is a library; the program is python -m export")
