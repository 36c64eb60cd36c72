"""Writes .keras files of half the size, with large kernels stored in float16.

The result is a model file like those of `Model.save`, which `rankiqa_tf.load` opens,
and keras.models.load_model without this package; both compute in float32, with weights
that were rounded once.

Any version of Keras that this package supports can open it, whichever wrote it: options
that later versions have added to layers are left out if they have the earlier versions'
behaviour, and so are initializers, since the weights are stored.

What matters most for scores and takes little space stays in float32: the first
convolutions, normalisation, and the head, all of them small arrays.
"""

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from distortions import whole_file
from export import float_layers
from rankiqa_tf.model import Model

# Entries written by Keras.
_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"
# Layer options that Keras 3.12, which users may have, rejects, and the values that
# match its behaviour.
_LATER = {
    "quantization_config": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}
# Of EfficientNet-Lite0's 3.5 million weights, smaller arrays than this hold 6 %.
_LARGE = 1 << 14
_ROUNDING = 2.0**-11  # Of float16, relative to a number within its normal range.


def write(model: Model, path: str | Path) -> None:
    """Writes a model as a .keras file; if this fails, no partial file is left.

    Args:
        model: the model.
        path: the file, ending in .keras.

    Raises:
        ValueError: as for `Model.save`.
    """
    path = Path(path)
    network = float_layers.in_float32(model.network)
    with whole_file.made_beside(path) as made:
        full = made.with_name("full.keras")
        Model(network, model.metadata).save(full)
        changes = {_CONFIG: _for_earlier_keras, _WEIGHTS: _halved}
        with (
            zipfile.ZipFile(full) as source,
            zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
        ):
            for name in source.namelist():
                change = changes.get(name, bytes)
                target.writestr(name, change(source.read(name)))


def _for_earlier_keras(content: bytes) -> bytes:
    """Removes what only later versions know from a model's configuration."""

    def kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {
            key: value
            for key, value in pairs
            # Keras 3.15 has added options to initializers too.
            if not key.endswith("_initializer")
            and not (key in _LATER and value == _LATER[key])
        }

    return json.dumps(json.loads(content, object_pairs_hook=kept)).encode()


def _halved(content: bytes) -> bytes:
    """Rounds the large kernels of a weights file to float16."""
    file = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as source, h5py.File(file, "w") as target:
        _copy(source, target)
    return file.getvalue()


def _copy(source: h5py.Group, target: h5py.Group) -> None:
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, target.create_group(name))
            continue
        array = item[()]
        stored = target.create_dataset(name, data=_rounded(array))
        stored.attrs.update(item.attrs)


def _rounded(array: np.ndarray) -> np.ndarray:
    """Returns the array in float16, if it is large and within float16's range."""
    if array.dtype != np.float32 or array.ndim < 2 or array.size < _LARGE:
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    # Above 65504 float16 is infinite; if all values are below 6e-5 it loses digits. A
    # tiny weight among larger ones may safely become 0.
    most = np.abs(array).max()
    return half if np.abs(half - array).max() <= _ROUNDING * most else array


if __name__ == "__main__":
    sys.exit("export.keras_file is a library; the program is python -m export")
