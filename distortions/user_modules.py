"""Loading what users define outside the packages and name as module:NAME."""

import importlib
import re
from typing import TypeVar

T = TypeVar("T")

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_name(text: str) -> bool:
    """Returns whether a text has the form module:NAME, which no path has."""
    return _NAME.fullmatch(text) is not None


def find(name: str, kind: type[T], *, what: str, kind_name: str) -> T:
    """Imports a module and returns the object called NAME in it.

    Args:
        name: module:NAME; the module may be in the current folder, in PYTHONPATH or in
            an installed package.
        kind: the class that the object must have.
        what: what the object is, such as "preset", for messages.
        kind_name: the public name of the class, such as "distortions.Preset".

    Raises:
        ValueError: if the module cannot be imported or has no such name, or the object
            has another class. If the module fails, the message names file and line.
    """
    module, _, attribute = name.partition(":")
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        advice = (
            "modules are looked for in the current folder, in PYTHONPATH and among the "
            "installed packages"
            if module == missing or module.startswith(f"{missing}.")
            else f"{module} imports it: install it, or leave it out"
        )
        raise ValueError(
            f"{what} {name!r} cannot be loaded: there is no module {missing!r}; "
            f"{advice}"
        ) from error
    except (Exception, SystemExit) as error:  # The module may raise anything.
        raise ValueError(
            f"{what} {name!r} cannot be loaded: importing {module} failed"
            f"{_place(error)}: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(imported, attribute):
        there = [n for n, each in vars(imported).items() if isinstance(each, kind)]
        raise ValueError(
            f"{what} {name!r} cannot be loaded: {imported.__file__ or module} has no "
            f"{attribute}; of {kind_name} it has: {', '.join(there) or 'none'}"
        )
    found = getattr(imported, attribute)
    if not isinstance(found, kind):
        raise ValueError(
            f"{what} {name!r} must be a {kind_name}, not a {type(found).__name__}"
        )
    return found


def _place(error: BaseException) -> str:
    """Returns the file and line that raised an error."""
    trace = error.__traceback__
    if isinstance(error, SyntaxError):
        return f" at {error.filename}:{error.lineno}"
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
