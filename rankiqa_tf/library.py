"""Models by name: those the package ships, and your own files."""

import atexit
import contextlib
import functools
import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rankiqa_tf.version import version

if TYPE_CHECKING:
    from rankiqa_tf.model import Model

__version__ = version()

DEFAULT = "lite0-photos"  # The model used where none is named.

_ENDING = ".keras"


def list_models() -> list[str]:
    """Returns the names of the models the package ships, for `load`."""
    folder = resources.files("rankiqa_tf.assets") / "weights"
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir())
    return sorted(n.removesuffix(_ENDING) for n in names if n.endswith(_ENDING))


def find(name_or_path: str | os.PathLike[str] = DEFAULT) -> Path:
    """Returns the path of a model's file; `load` checks that it is a model.

    Args:
        name_or_path: as for `load`.

    Returns:
        The path of a .keras file, or the given path if it cannot be a name. If the
        package is run from a zip file, its models are unpacked to temporary files that
        exist until Python exits.

    Raises:
        ValueError: if it is a name the package ships no model of; the message lists
            those it does.
    """
    name, path = os.fspath(name_or_path), Path(name_or_path)
    if name in list_models():
        return _carried(name)
    if (path / "model.keras").is_file():
        return path / "model.keras"
    if not path.suffix and not path.exists():
        raise ValueError(
            f"there is no model {name!r}: give the path of a model.keras, the folder "
            f"of a run, or a model that ships with the package ({in_words()})"
        )
    return path


def in_words() -> str:
    """Returns the names from `list_models` separated by commas, for messages."""
    return ", ".join(list_models()) or "none in this version"


def load(name_or_path: str | os.PathLike[str] = DEFAULT) -> "Model":
    """Loads a model.

    Args:
        name_or_path: a name from `list_models`, the path of a model.keras, or the
            folder of a training run that contains one.

    Raises:
        ValueError: if there is no such model, or as for `Model.load`.
    """
    path = find(name_or_path)
    from rankiqa_tf.model import Model  # TensorFlow takes seconds to import.

    return Model.load(path)


def _carried(name: str) -> Path:
    entry = resources.files("rankiqa_tf.assets") / "weights" / f"{name}{_ENDING}"
    return _unpacked().enter_context(resources.as_file(entry))


@functools.cache
def _unpacked() -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack
