"""SavedModels, for servers and every program that can run TensorFlow.

The whole recipe is inside, in core operations that any TensorFlow runtime has: no
Keras, no Python, no tensorflow-io. Two signatures:

    serving_default   image_bytes: string [n], files
                      -> score: float32 [n], error: string [n]
    pixels            image: uint8 [h, w, 3] or [n, h, w, 3]  -> score: float32 [n]

image_bytes takes JPEG (turned upright as EXIF says), PNG, GIF without transparency (its
first picture) and BMP of 24 bits, with the pixels that rankiqa_tf.data.decode gives. A
file that cannot be read so has the score nan and the reason as its error; the others of
the request have their scores, and an empty error. For other kinds of file, decode and
use pixels.

The model's metadata stand beside, in assets.extra/rankiqa.json, which servers pass by.
"""

from pathlib import Path

import tensorflow as tf

from distortions import photo_decoding
from export import file_headers
from rankiqa_tf.model import Model


def write(model: Model, path: str | Path) -> None:
    """Writes a model as a SavedModel to a folder."""
    module = _Photos(model)
    signatures = {"serving_default": module.score_files, "pixels": module.score_pixels}
    tf.saved_model.save(module, str(path), signatures=signatures)
    extra = Path(path, "assets.extra")
    extra.mkdir(exist_ok=True)
    (extra / "rankiqa.json").write_text(model.metadata.to_json(), encoding="utf-8")


class _Photos(tf.Module):
    def __init__(self, model: Model):
        super().__init__()
        # Plain TensorFlow variables are saved; Keras's own objects need Keras to load.
        self._variables = [variable.value for variable in model.network.variables]
        self._score = model.score_in_graph

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def score_files(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        problems, orientations = tf.map_fn(
            file_headers.read,
            image_bytes,
            fn_output_signature=(
                tf.TensorSpec([], tf.string),
                tf.TensorSpec([], tf.int32),
            ),
        )
        numbers = tf.range(tf.size(image_bytes))
        files = (numbers, image_bytes, orientations, problems)
        # Only a data set's elements can be left out when an operation fails on them.
        photos = (
            tf.data.Dataset.from_tensor_slices(files)
            .filter(lambda number, file, orientation, problem: problem == b"")
            .map(
                lambda number, file, orientation, _: (
                    number,
                    _decode(file, orientation),
                )
            )
            .ignore_errors(log_warning=False)
        )
        options = tf.data.Options()
        options.autotune.enabled = False  # See data.parallel.map_in_order.
        scores = photos.with_options(options).reduce(
            tf.fill(tf.shape(image_bytes), float("nan")),
            lambda scores, photo: tf.tensor_scatter_nd_update(
                scores, [[photo[0]]], [self._score(photo[1])]
            ),
        )
        failed = tf.math.is_nan(scores) & (problems == b"")
        error = tf.where(failed, file_headers.CUT_SHORT, problems)
        return {"score": scores, "error": error}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.uint8, "image")])
    def score_pixels(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.shape(image)[-3:]  # One photo becomes a batch of one.
        photos = tf.reshape(image, tf.concat([[-1], size], axis=0))
        photos = tf.ensure_shape(photos, [None, None, None, 3])
        # One after another bounds the memory; each uses all processors by itself.
        scores = tf.map_fn(
            self._score, photos, fn_output_signature=tf.float32, parallel_iterations=1
        )
        return {"score": scores}


def _decode(file: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    image = tf.cond(
        tf.strings.substr(file, 0, 3) == b"\xff\xd8\xff",
        # decode_image cannot be told to decode as Pillow does.
        lambda: photo_decoding.decode_jpeg(file),
        lambda: tf.io.decode_image(file, 3, expand_animations=False),
    )
    image = tf.ensure_shape(image, [None, None, 3])
    return photo_decoding.upright(image, orientation)
