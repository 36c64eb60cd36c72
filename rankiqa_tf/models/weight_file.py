"""Pre-trained weights in .npz files: named arrays, checked before use.

Kernels have TensorFlow's layout: [h, w, in, out], and [h, w, channels, 1] for a
depthwise convolution. Half precision is accepted.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from rankiqa_tf import archives


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads the arrays of an .npz file; never unpickles, which could run any code.

    Returns:
        The arrays by name, float32.

    Raises:
        ValueError: if the file cannot be read, or holds anything but finite floats.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            archives.check(archive)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # A broken file can raise anything.
        raise ValueError(f"{path} is not an .npz file of arrays: {error}") from error
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(
                f"{path}: {name} must hold finite floats, not {array.dtype}"
                f"{'' if array.dtype.kind != 'f' else ' with infinities or NaN'}"
            )
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def fill(
    variables: Mapping[str, keras.Variable],
    arrays: Mapping[str, np.ndarray],
    *,
    source: str | Path,
) -> None:
    """Sets variables to the arrays with the same names, all of them or none.

    Args:
        variables: the variables of a network, by their names in the file.
        arrays: the content of the file, by name.
        source: the file, for messages.

    Raises:
        ValueError: naming every array that is missing, unknown or has the wrong shape.
    """
    faults = [f"no {name}" for name in variables if name not in arrays]
    for name, array in arrays.items():
        if name not in variables:
            faults.append(f"unknown {name}")
        elif tuple(variables[name].shape) != array.shape:
            expected = tuple(variables[name].shape)
            faults.append(f"{name} is {array.shape}, not {expected}")
    if faults:
        raise ValueError(f"{source} does not fit the network: {'; '.join(faults)}")
    for name, variable in variables.items():
        variable.assign(arrays[name])


def fill_convolutions(model: keras.Model, path: str | Path) -> None:
    """Sets the convolutions of a plain chain of layers; nothing else changes.

    Args:
        model: its convolutions, counted from 0, are conv00_kernel, conv00_bias,
            conv01_kernel, ... in the file.
        path: the .npz file.

    Raises:
        ValueError: if the file cannot be read or does not fit.
    """
    convolutions = [
        layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    variables = {
        f"conv{number:02}_{part}": getattr(layer, part)
        for number, layer in enumerate(convolutions)
        for part in ("kernel", "bias")
    }
    fill(variables, read(path), source=path)
