"""What a program needs of the machine before it imports anything else.

Keras reads its backend as it is imported, and whatever lies in the current folder hides
packages of the same name. So programs call `settle` first, and `settle_keras` before
they import what uses Keras; what is imported as a library calls `check_keras` and
changes nothing of the user's.
"""

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

_FAILED = 2  # exit_codes.NOTHING_BEGUN; that package may be the one that is hidden.

_HOME = Path(__file__).resolve().parents[1]


def settle(*packages: str) -> None:
    """Makes a program's process fit to import our packages; to be called first.

    If that cannot be done, the program ends with a line that says why.

    Args:
        packages: those of ours, beside this one, that the program imports.
    """
    with _ending_the_program():
        for package in packages:
            _check_not_hidden(package)


def settle_keras() -> None:
    """Pins Keras as `pin_keras` does; if that fails, the program ends with a line."""
    with _ending_the_program():
        pin_keras()


@contextlib.contextmanager
def _ending_the_program() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_FAILED)


def pin_keras() -> None:
    """Pins Keras to its defaults: channels last and float32.

    Raises:
        ImportError: if Keras cannot be imported; the message says why.
    """
    try:
        import keras
    except Exception as error:  # Whatever its configuration file leads to.
        place = Path(os.environ.get("KERAS_HOME", "~/.keras"), "keras.json")
        raise ImportError(
            f"Keras cannot be imported, perhaps by what {place} says: "
            f"{type(error).__name__}: {error}"
        ) from error
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")


def check_keras() -> None:
    """Checks that Keras is as our networks need it.

    Raises:
        ImportError: if it is not; the message says what to do.
    """
    import keras

    if keras.config.backend() != "tensorflow":
        raise ImportError(
            f"Keras runs on {keras.config.backend()} in this process, and rankiqa_tf "
            "needs TensorFlow: import rankiqa_tf before keras"
        )
    for setting, needed in (
        ("image_data_format", "channels_last"),
        ("floatx", "float32"),
    ):
        value = getattr(keras.config, setting)()
        if value != needed:
            raise ImportError(
                f"Keras is set to {value}, perhaps by its keras.json, and rankiqa_tf "
                f'needs {needed}: call keras.config.set_{setting}("{needed}") first'
            )


def check_not_forked() -> None:
    """Checks that TensorFlow can be used in this process.

    Its threads are not in a process that was forked from one that used it, and whoever
    asks for them there waits for ever.

    Raises:
        RuntimeError: if it cannot; the message says what to do.
    """
    if _forked:
        raise RuntimeError(
            "this process was forked from one in which TensorFlow had been used, and "
            "would wait for ever for its threads: start workers by multiprocessing's "
            "'spawn' or 'forkserver', or fork them before the first model is loaded, "
            "and load a model in each"
        )


def _note_fork() -> None:
    global _forked
    library = sys.modules.get("tensorflow.python.eager.context")
    context = library.context_safe() if library else None
    if getattr(context, "_context_handle", None) is not None:
        _forked = True


_forked = False  # From a process in which TensorFlow had been used.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def _check_not_hidden(package: str) -> None:
    """Checks that no file hides a package of ours.

    Raises:
        ImportError: if one does; the message says which.
    """
    spec = importlib.util.find_spec(package)
    place = _place(spec) if spec else None
    if place is None or place.resolve().is_relative_to(_HOME / package):
        return
    raise ImportError(
        f"{place} hides the package {package!r} that rankiqa-tf needs, which is in "
        f"{_HOME}: start the program from another folder, or take it out of PYTHONPATH"
    )


def _place(spec: ModuleSpec) -> Path | None:
    if spec.has_location and spec.origin:
        return Path(spec.origin)
    return next(map(Path, spec.submodule_search_locations or ()), None)
