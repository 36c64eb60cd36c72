"""The version of the package, as it is installed."""

import importlib.metadata


def version() -> str:
    """The version of rankiqa_tf, as model files name it."""
    try:
        return importlib.metadata.version("rankiqa-tf")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
