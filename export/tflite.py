"""TFLite files, for phones, small computers and the browser.

There is one signature, serving_default: image, [1, height, width, 3], to score, float32
[1].

    form      image            EfficientNet-Lite0, all levels
    float32   float32, 0..1    13.5 MB
    float16   float32, 0..1     6.9 MB: weights in 16 bits, the same scores
    dynamic   float32, 0..1     4.0 MB: weights in 8 bits, arithmetic mostly
    int8      uint8, 0..255     4.1 MB: features in 8 bits too, a third of the time

Height and width are the model's crop_size: the caller cuts the crops and averages their
scores. A file for whole photos of a fixed size needs neither. The shape is fixed, as
accelerators and LiteRT.js require.

What a caller needs to know is stored in the file: `unzip -p model.tflite rankiqa.json`,
and as TFLite's own metadata (see tflite_metadata).
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from distortions import whole_file
from export import calibration
from export import float_layers
from export import tflite_metadata
from rankiqa_tf.model import Model

FORMS = ("float32", "float16", "dynamic", "int8")


def write(
    model: Model,
    path: str | Path,
    *,
    form: str = "float32",
    size: tuple[int, int] | None = None,
    photos: Sequence[str | Path] = (),
) -> None:
    """Writes a model as a TFLite file; if this fails, no partial file is left.

    Use `gate` to check that its scores agree with the model's.

    Args:
        model: the model.
        path: the file.
        form: one of FORMS.
        size: height and width of photos to score whole; if None, the file takes crops.
        photos: good photos for calibrating int8 (see `calibration`); if none, those
            that ship with the package.

    Raises:
        ValueError: if there is no such form, or the network cannot score whole photos
            of that size.
        RuntimeError: if TensorFlow cannot convert the model.
        PhotoError: if a photo cannot be read.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    if size is not None:
        model.check_crops("whole")
        least = model.smallest
        if min(size) < least:
            raise ValueError(
                f"network {model.metadata.network} takes photos of {least} pixels a "
                f"side or more, not of {size[0]}x{size[1]}"
            )
    path = Path(path)
    side = model.metadata.crop_size
    height, width = size or (side, side)
    facts = tflite_metadata.Facts(
        metadata=model.metadata,
        form=form,
        height=height,
        width=width,
        whole=size is not None,
    )
    with whole_file.made_beside(path) as made:
        saved = made.with_name("saved_model")
        arguments = [str(saved), str(made), form]
        if form == "int8":
            crops = made.with_name("crops.npy")
            calibration.write(crops, size=min(height, width), photos=photos)
            arguments.append(str(crops))
        # The converter cannot read layers in mixed precision.
        network = float_layers.in_float32(
            model.network, remake=_with_sums if form == "dynamic" else None
        )
        module = _Image(network, height, width, tf.dtypes.as_dtype(facts.input_dtype))
        # Never from the Keras model itself: that crashes the process or converts it
        # wrongly.
        tf.saved_model.save(module, str(saved), signatures=module.score)
        _convert(arguments)
        made.write_bytes(tflite_metadata.added(made.read_bytes(), facts))


class _Image(tf.Module):
    def __init__(self, network: keras.Model, height: int, width: int, dtype: tf.DType):
        super().__init__()
        self._variables = [variable.value for variable in network.variables]
        shape = tf.TensorSpec([1, height, width, 3], dtype, "image")

        @tf.function(input_signature=[shape])
        def score(image: tf.Tensor) -> dict[str, tf.Tensor]:
            if dtype == tf.uint8:
                image = tf.cast(image, tf.float32) / 255
            return {"score": tf.cast(network(image, training=False), tf.float32)}

        self.score = score


class _Sum(keras.layers.Dense):
    """A dense layer of one unit that the converter does not recognise as one.

    It would round the weights to 8 bits, and quantise all features with a single step:
    the converter merges the standardisation into the weights, so at that point features
    differ a hundredfold in scale.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        del training
        weighted = inputs * keras.ops.transpose(self.kernel)
        score = keras.ops.sum(weighted, axis=-1, keepdims=True)
        return self.activation(score if self.bias is None else score + self.bias)


def _with_sums(layer: keras.Layer, config: dict) -> keras.Layer:
    is_score = isinstance(layer, keras.layers.Dense) and layer.units == 1
    return (_Sum if is_score else type(layer)).from_config(config)


def _convert(arguments: Sequence[str]) -> None:
    # In a separate process, as the converter may crash. By its path, so that it is
    # found wherever this package was imported from; -P prevents modules here from
    # hiding others with the same name.
    program = Path(__file__).with_name("_convert.py")
    child = subprocess.run(
        [sys.executable, "-P", str(program), *arguments],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        last = "\n".join(child.stderr.strip().splitlines()[-5:])
        raise RuntimeError(
            f"TFLite conversion failed (exit code {child.returncode}):\n{last}"
        )


if __name__ == "__main__":
    sys.exit("export.tflite is a library; the program is python -m export")
