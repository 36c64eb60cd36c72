"""The version of the package, as it is installed, and of those it builds on."""

import importlib.metadata
import platform


def version() -> str:
    """The version of rankiqa_tf, as model files name it."""
    try:
        return importlib.metadata.version("rankiqa-tf")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def packages() -> dict[str, str]:
    """The versions that a model's scores depend on, by name."""
    import keras  # With TensorFlow it takes seconds to import.
    import numpy as np
    import tensorflow as tf

    return {
        "Python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "rankiqa-tf": version(),
    }
