"""The metadata in a TFLite file, for programs of ours and of others.

It has two parts. rankiqa.json, in a zip archive at the end of the file like TFLite's
associated files, holds the model's metadata and everything an implementation needs to
know about the file. TFLite's own metadata, a flatbuffer inside the model's, is what
MediaPipe and Netron read: that the input is an RGB image, how to scale its pixels, and
that the output is a number. The official writer comes only with mediapipe, so the few
tables needed of its schema (metadata_schema.fbs, identifier M001) are written here.
"""

import dataclasses
import io
import json
import sys
import zipfile
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from rankiqa_tf.data import crop_grid
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import scale as scale_lib
from rankiqa_tf.tflite_model import ENTRY

_NAME = b"TFLITE_METADATA"
_IDENTIFIER = b"M001"
# Nothing here needs more than the schema's first version.
_MIN_PARSER_VERSION = "1.0.0"
_IMAGE, _FEATURE = 2, 1  # In the union ContentProperties.
_NORMALIZATION = 1  # In the union ProcessUnitOptions.
_RGB = 1
_MOST_FIELDS = 10  # In any table of the schema.
_NONE: Mapping[int, Any] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about a file.

    Attributes:
        metadata: the model's.
        form: as for tflite.write.
        height: of the input, in pixels.
        width: of the input, in pixels.
        whole: whether the input is a whole photo rather than one of its crops.
    """

    metadata: Metadata
    form: str
    height: int
    width: int
    whole: bool

    @property
    def input_dtype(self) -> str:
        """Type of the input: uint8 for raw pixels, float32 for pixels over 255."""
        return "uint8" if self.form == "int8" else "float32"

    @property
    def greatest(self) -> int:
        """The value of a white pixel at the input; black is 0."""
        return 255 if self.input_dtype == "uint8" else 1

    def to_json(self) -> str:
        """Returns the model's metadata as a JSON object, with an extra entry tflite."""
        known = json.loads(self.metadata.to_json())
        known["tflite"] = {
            "form": self.form,
            "signature": "serving_default",
            "input": {
                "name": "image",
                "shape": [1, self.height, self.width, 3],
                "dtype": self.input_dtype,
                "range": [0, self.greatest],
                "channels": "RGB",
            },
            "output": {"name": "score", "shape": [1], "dtype": "float32"},
            "takes": "whole photos" if self.whole else "crops",
            "max_crops_a_side": None if self.whole else crop_grid.MAX_CROPS_A_SIDE,
            # For photos with a side shorter than a crop.
            "padding": None if self.whole else "mirrored, edge pixel included",
            "odd_padding": None if self.whole else "after",  # Below, or on the right.
            # Scores are already on the curve's scale; it should not be applied again.
            "curve_inside": self.metadata.curve is not None,
        }
        return json.dumps(known, indent=2)


def added(content: bytes, facts: Facts) -> bytes:
    """Returns the TFLite file with both kinds of metadata added."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_flatbuffer(facts), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = _NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    file = io.BytesIO(flatbuffer_utils.convert_object_to_bytearray(model))
    with zipfile.ZipFile(file, "a") as archive:
        # Without a timestamp, so that the same model always gives the same file.
        archive.writestr(zipfile.ZipInfo(ENTRY), facts.to_json())
    return file.getvalue()


def form_of(path: str | Path) -> str:
    """Returns which of tflite.FORMS a file has."""
    with zipfile.ZipFile(path) as archive:
        known = json.loads(archive.read(ENTRY))
    return known.get("tflite", {}).get("form", "float32")  # Older files say nothing.


def _flatbuffer(facts: Facts) -> bytes:
    model = facts.metadata
    taken = "a photo" if facts.whole else "a crop of a photo"
    scale = scale_lib.in_words(model)
    builder = flatbuffers.Builder()
    normalization = _table(
        builder,
        offsets={
            0: builder.CreateNumpyVector(np.zeros(1, np.float32)),
            1: builder.CreateNumpyVector(np.array([255 / facts.greatest], np.float32)),
        },
    )
    unit = _table(builder, bytes_={0: _NORMALIZATION}, offsets={1: normalization})
    size = _table(builder, numbers={0: facts.width, 1: facts.height})
    properties = _table(builder, bytes_={0: _RGB}, offsets={1: size})
    least, greatest = (
        builder.CreateNumpyVector(np.array([value], np.float32))
        for value in (0, facts.greatest)
    )
    image = _table(
        builder,
        offsets={
            0: builder.CreateString("image"),
            1: builder.CreateString(
                f"{taken}, {facts.height}x{facts.width} pixels, RGB, never resized"
            ),
            3: _table(builder, bytes_={0: _IMAGE}, offsets={1: properties}),
            4: _vector(builder, [unit]),
            5: _table(builder, offsets={0: greatest, 1: least}),
        },
    )
    feature = _table(builder)
    score = _table(
        builder,
        offsets={
            0: builder.CreateString("score"),
            1: builder.CreateString(f"its quality: {model.direction}; {scale}"),
            3: _table(builder, bytes_={0: _FEATURE}, offsets={1: feature}),
        },
    )
    graph = _table(
        builder,
        offsets={2: _vector(builder, [image]), 3: _vector(builder, [score])},
    )
    associated = _table(
        builder,
        offsets={
            0: builder.CreateString(ENTRY),
            1: builder.CreateString("the model's metadata, and how to use this file"),
        },
    )
    root = _table(
        builder,
        offsets={
            0: builder.CreateString(f"RankIQA, {model.network}, {facts.form}"),
            1: builder.CreateString(
                f"Quality of photos without a reference. {model.recipe}"
            ),
            2: builder.CreateString(model.version),
            3: _vector(builder, [graph]),
            6: _vector(builder, [associated]),
            7: builder.CreateString(_MIN_PARSER_VERSION),
        },
    )
    builder.Finish(root, _IDENTIFIER)
    return bytes(builder.Output())


def _table(
    builder: flatbuffers.Builder,
    *,
    bytes_: Mapping[int, int] = _NONE,
    numbers: Mapping[int, int] = _NONE,
    offsets: Mapping[int, Any] = _NONE,
) -> Any:
    """Writes a table with these fields, keyed by their index in the schema."""
    builder.StartObject(
        1 + max([*(bytes_ or {}), *(numbers or {}), *(offsets or {}), 0])
    )
    for slot, value in (bytes_ or {}).items():
        builder.PrependInt8Slot(slot, value, 0)
    for slot, value in (numbers or {}).items():
        builder.PrependUint32Slot(slot, value, 0)
    for slot, value in (offsets or {}).items():
        builder.PrependUOffsetTRelativeSlot(slot, value, 0)
    return builder.EndObject()


def _vector(builder: flatbuffers.Builder, tables: Sequence[Any]) -> Any:
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return builder.EndVector()


if __name__ == "__main__":
    sys.exit("export.tflite_metadata is a library; the program is python -m export")
