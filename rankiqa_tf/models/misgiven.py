"""Recognising what users pass instead of a model file, and advising what to pass."""

import zipfile
from pathlib import Path

ENTRY = "rankiqa.json"  # What our model files contain in addition to Keras' entries.
CONFIG = "config.json"  # Keras' own: the layers of the network.

_GIVE = "give the model.keras that rankiqa_tf.train wrote"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TFLITE = b"TFL3"  # At offset 4.


def problem(path: Path) -> str | None:
    """Returns what is wrong with a path as that of a model file, in one line.

    Returns:
        What it is instead, and what to do; None if, judging by its list of entries, it
        is a file written by Model.save.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        return f"no such model file: {path}"
    with path.open("rb") as file:
        start = file.read(8)
    if start[4:] == _TFLITE:
        return f"{path} is not a .keras file, but an export to TFLite: {_GIVE}"
    if start == _HDF5:
        return (
            f"{path} is not a .keras file, but HDF5, a Keras model or weights of an "
            f"older version: {_GIVE}"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.namelist()
    except zipfile.BadZipFile:
        return f"{path} is not a .keras file, or is broken"
    if not {CONFIG, ENTRY} & set(entries):
        return f"{path} is not a .keras file, but another archive: {_GIVE}"
    if ENTRY not in entries:
        return (
            f"{path} is a Keras model that was not written by rankiqa_tf: it has no "
            f"{ENTRY}, which says how photos are scored; {_GIVE}"
        )
    return None


def _folder(path: Path) -> str:
    if (path / "saved_model.pb").is_file():
        return f"{path} is a SavedModel, which is an export only: {_GIVE}"
    if (path / "checkpoints").is_dir() or (path / "options.json").is_file():
        ranked = path / "ranked.keras"
        text = (
            f"{path} is the folder of a run that has no model.keras yet: the run's "
            "command resumes it"
        )
        return f"{text}; {ranked} was only ranked" if ranked.is_file() else text
    return f"{path} is a folder without a model.keras: {_GIVE}"
