"""The forms a model can be exported to, by name, and what each is for."""

import dataclasses
import sys
from collections.abc import Mapping
from types import MappingProxyType


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """A form of a model.

    Attributes:
        file: its name in the export folder; a folder if it ends in /.
        use: who uses it.
        inputs: its inputs; `{height}`, `{width}` and `{image}` are replaced by the size
            and a description of an image.
        outputs: its outputs.
    """

    file: str
    use: str
    inputs: str
    outputs: str


_IMAGE = "`image`: float32 [1, {height}, {width}, 3], RGB in 0..1: {image}"
_SCORE = "`score`: float32 [1]"

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "keras": Format(
            file="model.keras",
            use="Python: this package, or Keras alone; starting point for training",
            inputs="crops: float32 [n, side, side, 3], RGB in 0..1",
            outputs="float32 [n]",
        ),
        "saved_model": Format(
            file="saved_model/",
            use="servers: TensorFlow Serving, KServe, anything with TensorFlow",
            inputs="`image_bytes`: string [n], files; or `image`: uint8 pixels",
            outputs="`score`: float32 [n], and for files `error`: string [n]",
        ),
        "tflite": Format(
            file="model.tflite",
            use="phones and small computers: same scores as Keras",
            inputs=_IMAGE,
            outputs=_SCORE,
        ),
        "tflite_float16": Format(
            file="model_float16.tflite",
            use="phones with a GPU: half the size",
            inputs=_IMAGE,
            outputs=_SCORE,
        ),
        "tflite_dynamic": Format(
            file="model_dynamic.tflite",
            use="phones: weights in 8 bits, arithmetic in floats",
            inputs=_IMAGE,
            outputs=_SCORE,
        ),
        "tflite_int8": Format(
            file="model_int8.tflite",
            use="phones: weights and most of the arithmetic in 8 bits",
            inputs="`image`: uint8 [1, {height}, {width}, 3], RGB in 0..255: {image}",
            outputs=_SCORE,
        ),
        "web": Format(
            file="web/",
            use="a page that scores photos on the visitor's own device",
            inputs="photos, dropped on the page",
            outputs="scores, and maps of where a photo is good or bad",
        ),
    }
)


if __name__ == "__main__":
    sys.exit("export.formats is a library; the program is python -m export")
