"""Files made to do harm: none runs a program, and each is refused in a line.

Where it is not obvious that a file would do harm, it is first given to what it was made
for, and does it.
"""

import io
import json
import os
import pickle
import re
import stat
import zipfile

import flatbuffers
import h5py
import keras
import numpy as np
import openpyxl
import pytest
import tensorflow as tf
import tiny_models
from PIL import EpsImagePlugin
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.lite.python import schema_py_generated as schema

from distortions import photo_decoding
from distortions.photo_header import PhotoError
from distortions.sets import ranked_set
from export import forms
from export.served_model import ServedModel
from rankiqa_tf import library
from rankiqa_tf import tflite_model
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.models import keras_applications
from rankiqa_tf.models import known_layers
from rankiqa_tf.models import torch_file
from rankiqa_tf.models import weight_file
from rankiqa_tf.scores import formats
from rankiqa_tf.scores.rows import Row
from rankiqa_tf.tflite_model import TFLiteModel

WEIGHTS = "model.weights.h5"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "model.keras"
    tiny_models.of_crops().save(path)
    return path


@pytest.fixture
def changed(good, tmp_path):
    """Writes the good model with some entries changed, and others added."""

    def write(*more, **entries):
        path = tmp_path / "model.keras"
        with (
            zipfile.ZipFile(good) as source,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
        ):
            for name in source.namelist():
                key = name.partition(".")[0]
                target.writestr(name, entries.get(key, source.read(name)))
            for name, contents in more:
                target.writestr(name, contents)
        return path

    return write


@pytest.fixture
def config(good):
    """The configuration of the good model; layer 1 is a Rescaling, layer 2 a Conv2D."""
    with zipfile.ZipFile(good) as archive:
        return json.loads(archive.read("config.json"))


def message(call, *arguments):
    """Of the ValueError that a call ends in: a line."""
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as error:
        call(*arguments)
    return str(error.value)


# Model files: what they name.


def function(module, name):
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


def layer(module, name, registered=None, **config):
    return {
        "module": module,
        "class_name": name,
        "config": {"name": "evil", **config},
        "registered_name": registered,
        "build_config": {"input_shape": [None, 24, 24, 3]},
    }


@pytest.mark.parametrize(
    ("evil", "named"),
    [
        (function("os", "system"), "os.system"),
        (function("builtins", "eval"), "builtins.eval"),
        (function("subprocess", "run"), "subprocess.run"),
        (function("keras.utils", "get_file"), "keras.utils.get_file"),
        (function("keras.models", "load_model"), "keras.models.load_model"),
        (
            function("keras.config", "enable_unsafe_deserialization"),
            "keras.config.enable_unsafe_deserialization",
        ),
        (layer("keras.layers", "Lambda"), "keras.layers.Lambda"),
        (
            layer("keras.layers", "TFSMLayer", filepath="/srv/saved_model"),
            "keras.layers.TFSMLayer",
        ),
        (
            layer("keras.layers", "StringLookup", vocabulary="/etc/passwd"),
            "keras.layers.StringLookup",
        ),
        (
            layer("keras.layers", "TorchModuleWrapper"),
            "keras.layers.TorchModuleWrapper",
        ),
        (layer("keras.callbacks", "CSVLogger"), "keras.callbacks.CSVLogger"),
        (layer("subprocess", "Popen", args="true"), "subprocess.Popen"),
        (layer("keras.src.ops.core", "Map"), "keras.src.ops.core.Map"),
        (layer(None, "Conv2D"), "None.Conv2D"),
        (
            layer("keras.layers", "Conv2D", "mine>Conv2D"),
            r"keras.layers.Conv2D \(registered as mine>Conv2D\)",
        ),
        ({"class_name": "__lambda__", "config": {"value": ""}}, "__lambda__"),
        ({"class_name": ["Conv2D"], "config": {}}, r"\['Conv2D'\]"),
        (layer(["keras.layers"], "Conv2D"), r"\['keras.layers'\].Conv2D"),
        (layer(7, "Conv2D"), "7.Conv2D"),
        (function("builtins", ["relu"]), r"builtins.\['relu'\]"),
        (layer("a\nb\x1b[2J", "Conv2D"), r"a\\nb\\x1b\[2J.Conv2D"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("place", ["layer", "activation", "keyword"])
def test_a_model_that_names_what_may_run_a_program_is_refused_before_keras_sees_it(
    changed, config, monkeypatch, evil, named, place
):
    layers = config["config"]["layers"]
    if place == "layer":
        layers[1] |= evil
    elif place == "activation":
        layers[2]["config"]["activation"] = evil
    else:
        layers[2]["inbound_nodes"][0]["kwargs"] = {"mask": [{"deep": evil}]}
    monkeypatch.setattr(keras.models, "load_model", None)
    told = message(Model.load, changed(config=json.dumps(config)))
    assert re.search(rf"model\.keras was not opened: it names .*{named}", told)


def test_a_class_that_the_process_registered_is_not_called_in_another_ones_name(
    changed, config, tmp_path
):
    mark = tmp_path / "was_run"

    @keras.saving.register_keras_serializable("hostile")
    class Toucher(keras.layers.Rescaling):
        @classmethod
        def from_config(cls, config):
            mark.touch()
            return cls(**config)

    config["config"]["layers"][1]["registered_name"] = "hostile>Toucher"
    path = changed(config=json.dumps(config))
    assert "registered as hostile>Toucher" in message(Model.load, path)
    assert not mark.exists()
    keras.models.load_model(path, compile=False, safe_mode=True)
    assert mark.exists()


@pytest.mark.parametrize(
    "contents", [b"", b"{", b"3", b"[" * 100_000, b'{"a":' * 100_000], ids=len
)
def test_a_model_whose_configuration_is_damaged_is_refused(changed, contents):
    told = message(Model.load, changed(config=contents))
    assert "its config.json is damaged" in told


# Of our networks and of those of keras.applications, the smallest of each family, with
# `score`'s head: what their configurations name beside layers, and layers of their own.
MADE_OF = (
    ("keras", "DTypePolicy", None),
    ("keras", "Sequential", None),
    ("keras.initializers", "GlorotUniform", None),
    ("keras.initializers", "VarianceScaling", None),
    ("keras.layers", "Normalization", None),
    ("keras.layers", "SeparableConv2D", None),
    ("keras.src.applications.convnext", "LayerScale", "LayerScale"),
    (
        "keras.src.applications.inception_resnet_v2",
        "CustomScaleLayer",
        "CustomScaleLayer",
    ),
    ("keras.src.models.functional", "Functional", "Functional"),
    ("keras.src.ops.core", "Cast", "Cast"),
    *(
        ("keras.src.ops.numpy", name, name)
        for name in ("Add", "Flip", "Mean", "Multiply", "Sqrt", "Var")
    ),
)


@pytest.mark.parametrize(("module", "name", "registered"), MADE_OF)
def test_what_our_networks_and_those_of_keras_are_made_of_is_known(
    module, name, registered
):
    known_layers.check(json.dumps(layer(module, name, registered)).encode())


@pytest.mark.parametrize("name", library.list_models())
def test_the_models_that_ship_are_made_of_what_is_known(name):
    with zipfile.ZipFile(library.find(name)) as archive:
        known_layers.check(archive.read("config.json"))


# Model files: the archive.


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("../escaped.txt", "leads out of the archive"),
        ("/tmp/escaped.txt", "leads out of the archive"),
        ("assets/a/../../../escaped.txt", "leads out of the archive"),
        ("assets\\..\\..\\escaped.txt", "leads out of the archive"),
        ("C:escaped.txt", "leads out of the archive"),
        ("a\n/../../escaped.txt", "leads out of the archive"),
        (link("assets"), "is a link"),
        ("assets/vocabulary.txt", "which our model files never do"),
        ("model.weights.npz", "which our model files never do"),
    ],
    ids=repr,
)
def test_a_model_file_holds_nothing_but_what_was_saved(
    changed, tmp_path, monkeypatch, entry, told
):
    monkeypatch.chdir(tmp_path)
    assert told in message(Model.load, changed((entry, "escaped")))
    assert [path.name for path in tmp_path.rglob("*")] == ["model.keras"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_model_file_with_two_entries_of_a_name_is_refused(changed):
    told = message(Model.load, changed(("config.json", "{}")))
    assert "two of its entries are called 'config.json'" in told


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("model", 65 << 20, f"its entry '{WEIGHTS}' would unpack from"),
        ("config", 17 << 20, "its entry 'config.json' has 17,825,792 bytes; at most"),
        ("rankiqa", 2 << 20, "its entry 'rankiqa.json' has 2,097,152 bytes; at most"),
    ],
)
def test_a_model_file_that_would_unpack_to_a_flood_is_refused(
    changed, name, size, told
):
    path = changed(**{name: bytes(size)})
    assert path.stat().st_size < 200_000
    assert told in message(Model.load, path)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"scale_of": '=HYPERLINK("http://a.example")'}, "its scale_of must be a line"),
        ({"scale_of": "\x1b]0;title\x07"}, "its scale_of must be a line"),
        ({"percentiles_of": "@SUM(1)"}, "its percentiles_of must be a line"),
        ({"percentiles_of": "photos\nmore"}, "its percentiles_of must be a line"),
    ],
)
def test_what_a_model_says_of_its_scale_is_no_formula_and_moves_no_cursor(
    changed, good, entries, told
):
    with zipfile.ZipFile(good) as archive:
        metadata = json.loads(archive.read("rankiqa.json"))
    path = changed(rankiqa=json.dumps(metadata | entries))
    assert told in message(Model.load, path)


def test_metadata_nested_too_deeply_are_refused():
    told = message(Metadata.from_json, "[" * 100_000)
    assert told == "its lists are nested too deeply"


# Model files: the weights.


def external_link(group, name, outside):
    group[name] = h5py.ExternalLink(outside, "secret")


def soft_link(group, name, outside):
    group[name] = h5py.SoftLink("/layers")


def external_storage(group, name, outside):
    raw = outside.with_suffix(".raw")
    raw.write_bytes(bytes(4 * 4))
    group.create_dataset(name, (4, 1), "f4", external=[(raw, 0, 16)])


def virtual(group, name, outside):
    layout = h5py.VirtualLayout((4, 1), "f4")
    layout[:] = h5py.VirtualSource(outside, "secret", (4, 1))
    group.create_virtual_dataset(name, layout)


def hollow(group, name, outside):
    group.create_dataset(name, (1 << 32, 4), "f4", chunks=(1 << 10, 4))


@pytest.mark.parametrize(
    "replace", [external_link, soft_link, external_storage, virtual, hollow]
)
def test_weights_that_lie_elsewhere_or_nowhere_are_not_read(
    changed, good, tmp_path, replace
):
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["secret"] = np.full((4, 1), 7, np.float32)
    with zipfile.ZipFile(good) as archive:
        contents = io.BytesIO(archive.read(WEIGHTS))
    with h5py.File(contents, "r+") as file:
        group = file["layers/dense/vars"]
        del group["0"]
        replace(group, "0", outside)
    told = message(Model.load, changed(model=contents.getvalue()))
    assert "Keras cannot open" in told


# Weights of backbones.


@pytest.mark.parametrize("link", [h5py.SoftLink("/"), h5py.ExternalLink("b.h5", "/")])
def test_weights_of_keras_that_lie_elsewhere_are_not_read(tmp_path, monkeypatch, link):
    image = keras.Input([9, 11, 3])
    small = keras.Model(image, keras.layers.Conv2D(1, 3, name="conv")(image))
    monkeypatch.setattr(keras.applications, "MobileNet", lambda **_: small)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_group("conv").attrs["weight_names"] = [b"kernel", b"bias"]
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"conv"]
        file["conv"] = link
    told = message(
        lambda: keras_applications.call(
            "MobileNet", weights=str(path), include_top=False
        )
    )
    assert "is not a file of Keras' MobileNet" in told
    assert "Not allowed: H5 file with" in told


def test_an_npz_file_that_would_unpack_to_a_flood_is_refused(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez_compressed(path, kernel=np.zeros(17 << 20, np.float32))
    assert path.stat().st_size < 200_000
    assert "'kernel.npy' would unpack from" in message(weight_file.read, path)


def test_an_npz_file_that_claims_more_than_it_has_is_refused(tmp_path):
    path, header = tmp_path / "weights.npz", io.BytesIO()
    claim = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kernel.npy", header.getvalue() + bytes(64))
    assert "is not an .npz file of arrays" in message(weight_file.read, path)


def test_a_pickle_in_an_npz_file_is_not_run(tmp_path):
    path, mark, header = tmp_path / "weights.npz", tmp_path / "was_run", io.BytesIO()
    claim = {"descr": "|O", "fortran_order": False, "shape": (1,)}
    np.lib.format.write_array_header_1_0(header, claim)
    evil = header.getvalue() + pickle.dumps(Touching(mark))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kernel.npy", evil)
    assert "is not an .npz file of arrays" in message(weight_file.read, path)
    assert not mark.exists()
    np.load(path, allow_pickle=True)["kernel"]
    assert mark.exists()


class Touching:
    """What makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_in_place_of_a_torch_file_is_not_run(tmp_path, protocol):
    path, mark = tmp_path / "weights.pth", tmp_path / "was_run"
    start = b"".join(pickle.dumps(v, 2) for v in (torch_file._MAGIC, 1001, {}))
    evil = pickle.dumps({"weight": Touching(mark)}, protocol)
    path.write_bytes(start + evil)
    told = message(torch_file.read_tensors, path)
    assert "it names posix.mkdir" in told or "it names nt.mkdir" in told
    assert not mark.exists()
    pickle.loads(evil)
    assert mark.exists()


@pytest.mark.parametrize(
    "operations",
    [
        b"(V%s\nios\nmkdir\n.",  # INST: an instance by names in the text.
        b"\x82\x01.",  # EXT1: by a number that the process knows.
        b"ccollections\nOrderedDict.fromkeys\n(V%s\ntR.",
        b"ccollections\nOrderedDict\n)R}V__class__\nV%s\nsb.",  # BUILD.
    ],
)
def test_no_operation_of_a_pickle_leads_around_the_names_that_are_known(
    tmp_path, operations
):
    path, mark = tmp_path / "weights.pth", tmp_path / "was_run"
    start = b"".join(pickle.dumps(v, 2) for v in (torch_file._MAGIC, 1001, {}))
    path.write_bytes(start + operations.replace(b"%s", str(mark).encode()))
    message(torch_file.read_tensors, path)
    assert not mark.exists()


# SavedModels.


class Program(tf.Module):
    """A model that does something when it is asked for a score."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def __call__(self, text):
        length = tf.strings.length(text)

        def acted():
            self.act(text)
            return length

        return {"score": tf.cond(length > 0, acted, lambda: length)}


def write_file(path):
    return lambda text: tf.io.write_file(str(path), text)


def read_file(path):
    return lambda text: tf.debugging.assert_equal(tf.io.read_file(str(path)), text)


def print_it(path):
    return lambda text: tf.print(text, output_stream=f"file://{path}")


def save_checkpoint(path):
    return lambda text: tf.raw_ops.SaveV2(
        prefix=str(path), tensor_names=["a"], shape_and_slices=[""], tensors=[text]
    )


def run_python(path):
    return lambda text: tf.py_function(lambda _: path.touch(), [text], [])


def list_files(path):
    return lambda text: tf.debugging.assert_equal(
        tf.size(tf.io.matching_files(str(path))), tf.strings.length(text)
    )


@pytest.mark.parametrize(
    ("act", "operation"),
    [
        (write_file, "WriteFile"),
        (read_file, "ReadFile"),
        (print_it, "PrintV2"),
        (save_checkpoint, "SaveV2"),
        (run_python, "EagerPyFunc"),
        (list_files, "MatchingFiles"),
    ],
)
def test_a_saved_model_that_does_more_than_compute_is_not_loaded(
    tmp_path, act, operation
):
    mark, folder = tmp_path / "was_run", tmp_path / "saved"
    program = Program(act(mark))
    tf.saved_model.save(program, str(folder), {"serving_default": program.__call__})
    told = message(lambda: ServedModel(folder, name="evil"))
    assert f"saved is not loaded: it holds the operation {operation}" in told
    assert operation in message(forms.load, folder)
    assert not mark.exists()
    if act is write_file:  # It is a program indeed.
        serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
        serve(text=tf.constant("ran"))
        assert mark.read_text() == "ran"


def test_a_saved_model_that_reads_a_file_while_it_is_loaded_is_not_loaded(tmp_path):
    words, folder = tmp_path / "words.txt", tmp_path / "saved"
    words.write_text("one\ntwo\n")
    reads = tf.lookup.TextFileInitializer(
        str(words),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    program = Program(lambda text: None)
    program.table = tf.lookup.StaticHashTable(reads, -1)
    tf.saved_model.save(program, str(folder), {"serving_default": program.__call__})
    told = message(lambda: ServedModel(folder, name="evil"))
    assert "it holds the operation" in told


@pytest.mark.parametrize("how", ["of TensorFlow 1", "unknown operation", "cut short"])
def test_a_saved_model_of_another_sort_is_not_loaded(tmp_path, how):
    program = Program(lambda text: None)
    tf.saved_model.save(program, str(tmp_path), {"serving_default": program.__call__})
    file = tmp_path / "saved_model.pb"
    contents = file.read_bytes()
    if how == "cut short":
        file.write_bytes(contents[: len(contents) // 2])
    else:
        graph = saved_model_pb2.SavedModel.FromString(contents)
        if how == "of TensorFlow 1":
            graph.meta_graphs[0].ClearField("object_graph_def")
        else:
            graph.meta_graphs[0].graph_def.node.add(name="evil", op="EvilOp")
        file.write_bytes(graph.SerializeToString())
    told = message(lambda: ServedModel(tmp_path, name="evil"))
    expected = "damaged" if how == "cut short" else how.replace("unknown op", "op")
    assert expected in told or "operation EvilOp" in told


# TFLite.


def tflite(operation, good):
    """A TFLite file with an operation of one's own, and our metadata behind it."""
    shapes = {"image": [1, 24, 24, 3], "score": [1]}
    tensors = [schema.TensorT() for _ in shapes]
    for tensor, (name, shape) in zip(tensors, shapes.items(), strict=True):
        tensor.name, tensor.shape, tensor.type = name, shape, schema.TensorType.FLOAT32
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = operation, 1
    call = schema.OperatorT()
    call.inputs, call.outputs, call.opcodeIndex = [0], [1], 0
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = tensors, [call]
    graph.inputs, graph.outputs = [0], [1]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [], []
    for place, (name, them) in enumerate(
        [("image", signature.inputs), ("score", signature.outputs)]
    ):
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, place
        them.append(entry)
    whole = schema.ModelT()
    whole.version, whole.operatorCodes, whole.subgraphs = 3, [code], [graph]
    whole.buffers, whole.signatureDefs = [schema.BufferT()], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    file = io.BytesIO(builder.Output())
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(file, "a") as target:
        target.writestr("rankiqa.json", source.read("rankiqa.json"))
    return file.getvalue()


def test_a_tflite_file_calls_no_operation_that_is_not_tflites_own(good, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(tflite("Evil", good))
    told = message(TFLiteModel.load, path)
    assert "model.tflite cannot be run" in told
    assert "Evil" in told


@pytest.mark.parametrize("runtime", ["LiteRT's, if it is there", "TensorFlow's"])
def test_a_tflite_file_whose_offsets_lead_out_of_it_is_refused(
    good, tmp_path, monkeypatch, runtime
):
    if runtime == "TensorFlow's":  # That of 2.21 ends the process.
        monkeypatch.setattr(tflite_model, "_runtime", lambda: tf.lite.Interpreter)
    path = tmp_path / "model.tflite"
    contents = bytearray(tflite("Evil", good))
    for place in (0, 8, 16, 24, 32):
        wrong = bytearray(contents)
        wrong[place : place + 4] = b"\xff\xff\xff\x7f"
        path.write_bytes(wrong)
        assert "cannot be run" in message(TFLiteModel.load, path)


def test_a_tflite_file_with_a_flood_of_metadata_is_refused(good, tmp_path):
    path = tmp_path / "model.tflite"
    file = io.BytesIO(b"\0\0\0\0TFL3")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rankiqa.json", bytes(2 << 20))
    path.write_bytes(file.getvalue())
    assert "2,097,152 bytes; at most 1,048,576" in message(TFLiteModel.load, path)


# Sets of distorted photos.

SET = {
    "layout": 1,
    "finished": True,
    "format": "files",
    "preset": "live",
    "num_levels": 0,
    "distortions": [],
    "photos": {"a.png": 1},
}


def write_set(folder, file="images/a/pristine.png", **changes):
    (folder / "set.json").write_text(json.dumps(SET | changes))
    (folder / "images" / "a").mkdir(parents=True)
    Image.new("RGB", (5, 7)).save(folder / "images" / "a" / "pristine.png")
    size = (folder / "images" / "a" / "pristine.png").stat().st_size
    image = ranked_set.Image(file, 0, size, "a.png", "", None, 0, {}, None)
    ranked_set.write_images(ranked_set.manifest(folder), [image])
    return folder


def test_a_set_that_lies_in_its_folder_is_read(tmp_path):
    assert ranked_set.load(write_set(tmp_path)).contents == ("a.png",)


@pytest.mark.parametrize(
    "file",
    [
        "../images/a/pristine.png",
        "images/../../b.png",
        "/etc/passwd",
        "..",
        "C:\\a.png",
        "images\\..\\..\\a.png",
    ],
)
def test_a_manifest_that_leads_out_of_its_folder_is_refused(tmp_path, file):
    told = message(ranked_set.load, write_set(tmp_path, file))
    assert told.endswith(f"names a file that is not in its folder: {file}")


@pytest.mark.parametrize(
    "changes",
    [{"finished": None}, {"distortions": [3]}, {"num_levels": "5"}, {"photos": []}],
    ids=str,
)
def test_a_set_whose_description_is_of_another_form_is_refused(tmp_path, changes):
    assert "set.json is damaged" in message(
        ranked_set.load, write_set(tmp_path, **changes)
    )


def test_a_set_whose_description_is_nested_too_deeply_is_refused(tmp_path):
    (tmp_path / "set.json").write_text("[" * 100_000)
    assert "set.json is damaged" in message(ranked_set.load, tmp_path)


# Tables of scores.


def sheet(path, rows, *, head='<?xml version="1.0"?>'):
    """An .xlsx file whose sheet is as given."""
    book = openpyxl.Workbook()
    file = io.BytesIO()
    book.save(file)
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with (
        zipfile.ZipFile(file) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            contents = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                contents = f'{head}<worksheet xmlns="{space}">{rows}</worksheet>'
            target.writestr(name, contents)
    return path


HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>image</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>mos</t></is></c></row>'
)


def test_a_sheet_that_claims_to_be_large_is_read_as_it_is(tmp_path):
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{n}.png</t></is></c>'
        f'<c r="B{n}"><v>{n}</v></c></row>'
        for n in (2, 1_048_576)
    )
    claim = '<dimension ref="A1:XFD1048576"/>'
    path = sheet(
        tmp_path / "scores.xlsx", f"{claim}<sheetData>{HEADER}{rows}</sheetData>"
    )
    found = scores_csv.read(path, missing_ok=True)
    assert [photo.mos for photo in found] == [2, 1_048_576]


def test_a_sheet_of_endless_rows_is_refused(tmp_path):
    rows = "".join(
        f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 400)
    )
    path = sheet(tmp_path / "scores.xlsx", f"<sheetData>{HEADER}{rows}</sheetData>")
    assert path.stat().st_size < 20_000
    told = message(scores_csv.read, path)
    assert "a sheet has more than 5,000,000 cells" in told


def test_a_sheet_that_would_unpack_to_a_flood_is_refused(tmp_path):
    path = sheet(tmp_path / "scores.xlsx", " " * (65 << 20))
    assert "would unpack from" in message(scores_csv.read, path)


def test_entities_in_a_sheet_do_not_multiply(tmp_path):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    row = '<row r="2"><c r="A2" t="inlineStr"><is><t>&l11;</t></is></c></row>'
    path = sheet(
        tmp_path / "scores.xlsx", f"<sheetData>{HEADER}{row}</sheetData>", head=head
    )
    assert "is not an Excel file" in message(scores_csv.read, path)


def test_entities_in_a_sheet_read_no_files(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret words")
    head = f'<!DOCTYPE x [<!ENTITY it SYSTEM "{secret.as_uri()}">]>'
    row = '<row r="2"><c r="A2" t="inlineStr"><is><t>&it;</t></is></c></row>'
    path = sheet(
        tmp_path / "scores.xlsx", f"<sheetData>{HEADER}{row}</sheetData>", head=head
    )
    assert "secret words" not in message(scores_csv.read, path)


# Photos.


def eps():
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"


def test_postscript_is_not_handed_to_another_program(tmp_path, monkeypatch):
    mark, program = tmp_path / "was_run", tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", str(program))
    with pytest.raises(PhotoError, match=r"^PostScript is not read$"):
        photo_decoding.decode(eps())
    assert not mark.exists()
    with pytest.raises(Exception, match=r".*"):
        Image.open(io.BytesIO(eps())).load()
    assert mark.exists()


@pytest.mark.parametrize(
    "kind", ["ICO", "PCX", "TGA", "DDS", "SGI", "IM", "MSP", "SPIDER"]
)
def test_kinds_that_are_not_read_never_reach_their_decoders(kind):
    file = io.BytesIO()
    mode = {"MSP": "1", "SPIDER": "F"}.get(kind, "RGB")
    Image.new(mode, (16, 16)).save(file, kind)
    with pytest.raises(PhotoError, match=r"is not read"):
        photo_decoding.decode(file.getvalue())


@pytest.mark.parametrize(
    "contents",
    [
        b"BM" + bytes(12) + b"\x28\0\0\0\0\0\1\0\0\0\1\0\1\0\x18" + bytes(25),
        b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;",
        b"P6 65536 65536 255\n" + bytes(64),
    ],
    ids=["bmp", "gif", "pnm"],
)
def test_a_photo_that_claims_too_many_pixels_is_refused_before_it_is_decoded(contents):
    with pytest.raises(PhotoError, match=r"65\d{3} x 65\d{3} pixels are too many"):
        photo_decoding.decode(contents)


# What is written for people.


def test_a_photos_name_moves_no_cursor_and_ends_no_line():
    row = Row("a\x1b[2Jb\nc\x9b.jpg", 0.5, None, "", "")
    facts = formats.Facts(tiny_models.of_crops().metadata, "sha256:0")
    line = formats.FORMATS["table"].line(row, facts)
    assert line.count("\n") == 1
    assert r"a\x1b[2Jb\x0ac\x9b.jpg" in line
