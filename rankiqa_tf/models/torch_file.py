"""Reads tensors from a PyTorch weight file without PyTorch, and nothing else.

A pickle can run any code when it is read. This reader knows the five names that a file
of float tensors needs and rejects all others before they are looked up.

The format is the older one of torch.save (before 1.6): five pickles (a magic number,
the protocol, the machine's sizes, the dictionary with references to storages, the keys
of the storages in order), then for each storage its length and its raw numbers.
"""

import collections
import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_tensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Reads a state dictionary that `torch.save` wrote in its older format.

    Args:
        path: the file.

    Returns:
        The tensors by name, float32 or int64, shaped as in PyTorch.

    Raises:
        ValueError: if the file is something else, or names anything but tensors.
    """
    stream = io.BytesIO(Path(path).read_bytes())
    try:
        if _Reader(stream, {}).load() != _MAGIC:
            raise ValueError("it does not start with torch.save's magic number")
        for _ in ("protocol", "sizes"):
            _Reader(stream, {}).load()
        storages: dict[str, np.ndarray] = {}
        tensors = dict(_Reader(stream, storages).load())
        keys = _Reader(stream, {}).load()
        if set(keys) != set(storages):
            raise ValueError(f"it holds the storages {keys}, not {[*storages]}")
        for key in keys:
            storage = storages[key]
            (length,) = struct.unpack("<q", stream.read(8))
            data = stream.read(storage.nbytes)
            if length != storage.size or len(data) != storage.nbytes:
                raise ValueError(f"storage {key} does not have the expected length")
            storage[:] = np.frombuffer(data, storage.dtype)
    except Exception as error:  # A broken pickle can raise anything.
        raise ValueError(f"{path} is not a file of PyTorch tensors: {error}") from error
    return tensors


class _Reader(pickle.Unpickler):
    """An unpickler that can only create ordered dictionaries and tensors."""

    def __init__(self, stream: io.BytesIO, storages: dict[str, np.ndarray]):
        super().__init__(stream)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is not a tensor")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, dtype, key, _, length, *_ = pid
        # Filled in later: the numbers follow the pickle.
        return self._storages.setdefault(key, np.empty(length, dtype))


def _rebuild_tensor(
    storage: np.ndarray,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> np.ndarray:
    """Returns a view of the storage, which shows the numbers once filled in."""
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if min((*shape, *strides, 1)) < 0 or offset < 0 or last >= storage.size:
        raise pickle.UnpicklingError(f"a tensor {shape} extends beyond its storage")
    return np.lib.stride_tricks.as_strided(
        storage[offset:], shape, [step * storage.itemsize for step in strides]
    )
