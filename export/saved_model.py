"""SavedModels, for servers and every program that can run TensorFlow.

The whole recipe is inside, in core operations that any TensorFlow runtime has: no
Keras, no Python, no tensorflow-io. Two signatures:

    serving_default   image_bytes: string [n], files          -> score: float32 [n]
    pixels            image: uint8 [h, w, 3] or [n, h, w, 3]  -> score: float32 [n]

image_bytes takes JPEG, PNG, GIF (its first picture) and BMP (24 bits). JPEG and PNG
have the pixels that rankiqa_tf.data.decode gives, but EXIF data are not looked at: a
turned photo is scored as it lies in the file. For other files, decode and use pixels.

The model's metadata stand beside, in assets.extra/rankiqa.json, which servers pass by.
"""

from pathlib import Path

import tensorflow as tf

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
        return self._score_each(lambda file: self._score(_decode(file)), image_bytes)

    @tf.function(input_signature=[tf.TensorSpec(None, tf.uint8, "image")])
    def score_pixels(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.shape(image)[-3:]  # One photo becomes a batch of one.
        photos = tf.reshape(image, tf.concat([[-1], size], axis=0))
        photos = tf.ensure_shape(photos, [None, None, None, 3])
        return self._score_each(self._score, photos)

    def _score_each(self, function, batch: tf.Tensor) -> dict[str, tf.Tensor]:
        # One after another bounds the memory; each uses all processors by itself.
        scores = tf.map_fn(
            function, batch, fn_output_signature=tf.float32, parallel_iterations=1
        )
        return {"score": scores}


def _decode(file: tf.Tensor) -> tf.Tensor:
    start = tf.strings.substr(file, 0, 3)
    image = tf.cond(
        start == b"\xff\xd8\xff",
        # As Pillow does; decode_image cannot be told so, and is up to 4 levels off.
        lambda: tf.io.decode_jpeg(file, 3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(file, 3, expand_animations=False),
    )
    return tf.ensure_shape(image, [None, None, 3])
