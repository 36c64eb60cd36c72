"""Models by name: those that the package carries, and files of one's own."""

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rankiqa_tf.version import version

if TYPE_CHECKING:
    from rankiqa_tf.model import Model

__version__ = version()


def list_models() -> list[str]:
    """The names of the models that the package carries, for `load`."""
    folder = resources.files("rankiqa_tf.assets") / "weights"
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir())
    return sorted(n.removesuffix(".keras") for n in names if n.endswith(".keras"))


def load(name_or_path: str | os.PathLike[str]) -> "Model":
    """Loads a model.

    Args:
        name_or_path: a name of `list_models`, the path of a model.keras, or the folder
            of a run, whose model.keras it is then.

    Raises:
        ValueError: if there is none, or as `Model.load` does.
    """
    from rankiqa_tf.model import Model  # TensorFlow takes seconds to import.

    path = Path(name_or_path)
    if str(name_or_path) in list_models():
        entry = resources.files("rankiqa_tf.assets") / "weights" / f"{path}.keras"
        with resources.as_file(entry) as file:
            return Model.load(file)
    if (path / "model.keras").is_file():
        path /= "model.keras"
    elif not path.suffix and not path.exists():
        carried = ", ".join(list_models()) or "none in this version"
        raise ValueError(
            f"there is no model {str(name_or_path)!r}: give the path of a model.keras, "
            f"the folder of a run, or a model that the package carries ({carried})"
        )
    return Model.load(path)
