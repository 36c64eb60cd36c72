"""SavedModels, for servers and every program that can run TensorFlow.

The whole recipe is inside, in core operations that any TensorFlow runtime has: no
Keras, no Python, no tensorflow-io. Two signatures:

    serving_default   image_bytes: string [n], files
                      -> score: float32 [n], error: string [n]
    pixels            image: uint8 [h, w, 3] or [n, h, w, 3]  -> score: float32 [n]

image_bytes takes JPEG and PNG (turned upright as EXIF says), GIF without transparency
(its first picture) and BMP of 24 bits, with the pixels that rankiqa_tf.data.decode
gives. A file that cannot be read so has the score nan and the reason as its error; the
others of the request have their scores, and an empty error. For other kinds of file,
decode and use pixels.

The model's metadata stand beside, in assets.extra/rankiqa.json, which servers pass by.
"""

from pathlib import Path

import tensorflow as tf

from distortions import tensorflow_decoding
from export import file_headers
from rankiqa_tf.model import Model

# A descriptor with a table of two colours, a code of the first, and the file's end.
_PIXEL_OF_GIF = b",\0\0\0\0\1\0\1\0\x80" + bytes(6) + b"\2\2\x44\1\0" + b";"


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
        # One after another bounds the memory; each uses all processors by itself.
        score, error = tf.map_fn(
            self._score_file,
            image_bytes,
            fn_output_signature=(tf.float32, tf.string),
            parallel_iterations=1,
        )
        return {"score": score, "error": error}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def _score_file(self, file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        score = float("nan")
        problem, orientation, length = file_headers.read(file)
        if problem == "":
            photo = _decode_if_whole(tf.strings.substr(file, 0, length), orientation)
            if tf.size(photo) == 0:
                problem = file_headers.CUT_SHORT
            else:
                score = self._score(photo)
        return score, problem

    @tf.function(input_signature=[tf.TensorSpec(None, tf.uint8, "image")])
    def score_pixels(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.shape(image)[-3:]  # One photo becomes a batch of one.
        photos = tf.reshape(image, tf.concat([[-1], size], axis=0))
        photos = tf.ensure_shape(photos, [None, None, None, 3])
        scores = tf.map_fn(
            self._score, photos, fn_output_signature=tf.float32, parallel_iterations=1
        )
        return {"score": scores}


def _decode_if_whole(file: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Decodes a file; gives a photo without pixels if that fails."""
    # Only a data set can leave out what an operation fails on.
    photos = tf.data.Dataset.from_tensors((file, orientation)).map(_decode)
    nothing = tf.data.Dataset.from_tensors(tf.zeros([0, 0, 3], tf.uint8))
    options = tf.data.Options()
    options.autotune.enabled = False  # See data.parallel.map_in_order.
    # Else each photo's graph is optimized, which takes longer than to decode it.
    options.experimental_optimization.apply_default_optimizations = False
    either = photos.ignore_errors(log_warning=False).concatenate(nothing).take(1)
    return either.with_options(options).get_single_element()


def _decode(file: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    start = tf.strings.substr(file, 0, 3)
    # decode_image cannot be told to decode a JPEG as Pillow does.
    image = tf.cond(
        start == b"\xff\xd8\xff",
        lambda: tensorflow_decoding.decode_jpeg(file),
        lambda: tf.cond(
            start == b"GIF",
            lambda: _decode_gif(file),
            lambda: tf.io.decode_image(file, 3, expand_animations=False),
        ),
    )
    image = tf.ensure_shape(image, [None, None, 3])
    return tensorflow_decoding.upright(image, orientation)


def _decode_gif(file: tf.Tensor) -> tf.Tensor:
    """Decodes the first picture of a GIF that ends behind it."""
    # Where a picture is cut short the operation gives what it has by then. So another
    # is put behind it, of a pixel, which comes out if the first one was whole.
    frames = tf.io.decode_gif(file + _PIXEL_OF_GIF)
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(frames)[0], 2)]):
        return tf.identity(frames[0])
