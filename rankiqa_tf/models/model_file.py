"""Model files: a .keras file that also says how to use the model.

The file is Keras's own, which keras.models.load_model opens, with one entry more in
its zip archive: rankiqa.json. Nothing else is needed to evaluate, score or export.
"""

import dataclasses
import importlib.metadata
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

from rankiqa_tf.data import crops

DIRECTION = "higher is better"
RECIPE = (
    "8-bit RGB. If a side is shorter than crop_size, the photo is mirrored at its "
    "edges (edge pixel included, as often as needed, evenly at both ends) up to "
    "crop_size; it is never resized. Along each side stand ceil(side / crop_size) "
    f"crops, at most {crops.MAX_CROPS_A_SIDE}, evenly spaced from 0 to "
    "side - crop_size, rounded, halves up. Each crop, divided by 255, gets a score; "
    "the photo's is their mean."
)

_ENTRY = "rankiqa.json"


def version() -> str:
    """The version of rankiqa_tf, as model files name it."""
    try:
        return importlib.metadata.version("rankiqa-tf")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a model is and how it is used.

    Attributes:
        network: its name, as models.build takes it.
        crop_size: height and width of its input, in pixels.
        levels: the levels it looks at, as models.build takes it.
        score_range: least and greatest opinion score it was fine-tuned on; None after
            ranking alone, when scores have an order but no scale.
        trained_on: the data, in words.
        stages: what was done, in order, such as ("rank", "finetune").
        direction: which scores are good.
        pooling: what it takes of its levels, as models.build takes it.
        recipe: how a photo becomes crops, and their scores one.
        curve: (target, MOS) at the corners of the `Curve` that it ends in: from what
            it learned to opinion scores on their own scale. None where there are none,
            or in models of former versions.
        version: of rankiqa_tf when it was saved.
    """

    network: str
    crop_size: int
    levels: str
    score_range: tuple[float, float] | None
    trained_on: str
    stages: tuple[str, ...]
    direction: str = DIRECTION
    pooling: str = "mean_and_deviation"
    recipe: str = RECIPE
    curve: tuple[tuple[float, float], ...] | None = None
    version: str = dataclasses.field(default_factory=version)

    def to_json(self) -> str:
        """Returns the metadata as a JSON object."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Metadata":
        """Reads what to_json wrote; entries of later versions are passed over."""
        values: dict[str, Any] = json.loads(text)
        names = {field.name for field in dataclasses.fields(cls)}
        values = {name: value for name, value in values.items() if name in names}
        values["stages"] = tuple(values["stages"])
        if values["score_range"] is not None:
            values["score_range"] = tuple(values["score_range"])
        if values.get("curve") is not None:
            values["curve"] = tuple((x, y) for x, y in values["curve"])
        return cls(**values)


def save(model: keras.Model, path: str | Path, metadata: Metadata) -> None:
    """Writes a model file, whole or not at all.

    Args:
        model: from float32 [n, crop_size, crop_size, 3] in 0..1 to scores [n]; without
            custom objects, so that Keras alone can open it.
        path: the file; ends in .keras.
        metadata: what is said of the model.

    Raises:
        ValueError: if path does not end in .keras, or the model's output is not [n].
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"a model file's name must end in .keras, not {path.name}")
    if len(model.output_shape) != 1:
        raise ValueError(f"a model must give scores [n], not {model.output_shape}")
    # In the same folder, as only within a file system is a file replaced at once.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        temporary = Path(folder, path.name)
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(_ENTRY, metadata.to_json())
        temporary.replace(path)


def load(path: str | Path) -> tuple[keras.Model, Metadata]:
    """Reads a model file.

    Raises:
        ValueError: if the file is missing, or was not written by save.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no such model file: {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = Metadata.from_json(archive.read(_ENTRY).decode())
    except zipfile.BadZipFile:
        raise ValueError(f"{path} is not a .keras file, or is broken") from None
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(
            f"{path} was not written by rankiqa_tf: its {_ENTRY} is missing or unknown "
            f"({error})"
        ) from error
    return keras.models.load_model(path, compile=False), metadata
