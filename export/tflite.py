"""TFLite files, for phones, small computers and the browser.

One signature, serving_default: image, float32 [1, crop_size, crop_size, 3] in 0..1, to
score, float32 [1]. The caller cuts the crops and takes the mean of their scores. The
shape is fixed, as accelerators and LiteRT.js need it.

The recipe for that is in the metadata, in a zip archive at the file's end as TFLite's
associated files are: `unzip -p model.tflite rankiqa.json`.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import tensorflow as tf

from rankiqa_tf.model import Model


def write(model: Model, path: str | Path) -> None:
    """Writes a model as a TFLite file in float32.

    Raises:
        RuntimeError: if TensorFlow cannot convert the model.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        saved, temporary = Path(folder, "saved_model"), Path(folder, "model.tflite")
        crop = _Crop(model)
        # Never from the Keras model itself: that ends the process or converts it wrong.
        tf.saved_model.save(crop, str(saved), signatures=crop.score)
        _convert(saved, temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr("rankiqa.json", model.metadata.to_json())
        temporary.replace(path)


class _Crop(tf.Module):
    def __init__(self, model: Model):
        super().__init__()
        self._variables = [variable.value for variable in model.network.variables]
        side = model.metadata.crop_size
        shape = tf.TensorSpec([1, side, side, 3], tf.float32, "image")

        @tf.function(input_signature=[shape])
        def score(image: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"score": tf.cast(model.network(image, training=False), tf.float32)}

        self.score = score


def _convert(saved_model: Path, output: Path) -> None:
    # In a process of its own, as the converter may end it. By its path, so that it is
    # found wherever this package was imported from; -P keeps the modules here from
    # hiding others of the same name.
    program = Path(__file__).with_name("_convert.py")
    child = subprocess.run(
        [sys.executable, "-P", str(program), str(saved_model), str(output)],
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
