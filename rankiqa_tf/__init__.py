"""RankIQA: no-reference image quality from rankings, in TensorFlow.

    import rankiqa_tf

    model = rankiqa_tf.load()  # Or a name of list_models(), or a path.
    print(model.score("photo.jpg"))

Importing the package imports no TensorFlow; what is here does when it is first used.
"""

import importlib
import os
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from rankiqa_tf.library import __version__
    from rankiqa_tf.library import list_models
    from rankiqa_tf.library import load
    from rankiqa_tf.model import Model
    from rankiqa_tf.tflite_model import TFLiteModel
    from rankiqa_tf.training.run import train

# Keras reads it as it is imported, and our networks are TensorFlow's.
os.environ["KERAS_BACKEND"] = "tensorflow"
# Likewise TensorFlow: else it prints ten lines about GPUs before the first score.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__all__ = ["Model", "TFLiteModel", "__version__", "list_models", "load", "train"]

_HOMES = {
    "Model": "rankiqa_tf.model",
    "TFLiteModel": "rankiqa_tf.tflite_model",
    "__version__": "rankiqa_tf.library",
    "list_models": "rankiqa_tf.library",
    "load": "rankiqa_tf.library",
    "train": "rankiqa_tf.training.run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
