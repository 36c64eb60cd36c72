"""The installed version of the package and of the packages it depends on."""

import importlib.metadata
import platform


def version() -> str:
    """Returns the version of rankiqa_tf, as written to model files."""
    try:
        return importlib.metadata.version("rankiqa-tf")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def packages() -> dict[str, str]:
    """Returns the versions that a model's scores depend on, by package name."""
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
