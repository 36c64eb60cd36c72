"""Exports SavedModels, for servers and any program that can run TensorFlow.

The whole recipe is inside, in core operations that every TensorFlow runtime has: no
Keras, no Python, no tensorflow-io. The signatures:

    serving_default   image_bytes: string [n], files
                      -> score: float32 [n], error: string [n]
    pixels            image: uint8 [h, w, 3] or [n, h, w, 3]  -> score: float32 [n]
    score_map         image: uint8 [h, w, 3]
                      -> scores: float32 [rows, columns], tops: int32 [rows],
                         lefts: int32 [columns], crop_size: int32 []
    score_map_bytes   image_bytes: string [], a file
                      -> the same, and error: string []
    metadata          -> metadata: string [], a JSON object

image_bytes accepts JPEG and PNG (rotated as EXIF says), GIF without transparency (its
first picture) and BMP with 24 bits, decoded to the pixels of rankiqa_tf.data.decode. A
file that cannot be read gets a score of nan and the reason as its error; the other
files of the request get their scores and an empty error. For other formats, decode the
file and use the pixels signature. A request without photos returns no scores.

The maps are those of `Model.score_map` with its default crops and stride. Only fully
convolutional networks have them; for a file that cannot be read the map is [0, 0].

Photos are scored one after another, and their crops a limited number at a time: memory
grows only with a photo's 8-bit pixels.

The model's metadata is also stored beside it, in assets.extra/rankiqa.json, which
servers ignore.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from distortions import photo_tensorflow
from export import file_headers
from rankiqa_tf.data import crops
from rankiqa_tf.model import Model
from rankiqa_tf.model import crops_a_pass

_NO_PIXELS = "a photo must have pixels: a side of it is 0"
# An image descriptor with a table of two colours, one pixel, and the file's end.
_PIXEL_OF_GIF = b",\0\0\0\0\1\0\1\0\x80" + bytes(6) + b"\2\2\x44\1\0" + b";"


def write(model: Model, path: str | Path) -> None:
    """Writes a model as a SavedModel to a folder."""
    fully_convolutional = model.network.input_shape[1] is None
    module = _PhotosAndMaps(model) if fully_convolutional else _Photos(model)
    tf.saved_model.save(module, str(path), signatures=module.signatures())
    extra = Path(path, "assets.extra")
    extra.mkdir(exist_ok=True)
    (extra / "rankiqa.json").write_text(model.metadata.to_json(), encoding="utf-8")


class _Photos(tf.Module):
    def __init__(self, model: Model):
        super().__init__()
        network, self._side = model.network, model.metadata.crop_size
        # Plain TensorFlow variables are saved, since Keras' own objects need Keras to
        # load.
        self._variables = [variable.value for variable in network.variables]
        self._score_images = lambda images: network(images, training=False)
        self._metadata = model.metadata.to_json()

    def signatures(self) -> dict[str, Callable[..., dict[str, tf.Tensor]]]:
        return {
            "serving_default": self.score_files,
            "pixels": self.score_pixels,
            "metadata": self.tell_metadata,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def score_files(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        # One at a time limits memory; each uses all cores.
        score, error = tf.map_fn(
            self._score_file,
            image_bytes,
            fn_output_signature=(tf.float32, tf.string),
            parallel_iterations=1,
        )
        return {"score": score, "error": error}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.uint8, "image")])
    def score_pixels(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.shape(image)[-3:]  # One photo becomes a batch of one.
        has_pixels = tf.debugging.assert_positive(size, _NO_PIXELS)
        with tf.control_dependencies([has_pixels]):
            photos = tf.reshape(image, tf.concat([[-1], size], axis=0))
        photos = tf.ensure_shape(photos, [None, None, None, 3])
        scores = tf.map_fn(
            self._score, photos, fn_output_signature=tf.float32, parallel_iterations=1
        )
        return {"score": scores}

    @tf.function(input_signature=[])
    def tell_metadata(self) -> dict[str, tf.Tensor]:
        return {"metadata": tf.constant(self._metadata)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def _score_file(self, file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        score = float("nan")
        photo, problem = _read(file)
        if problem == "":
            score = self._score(photo)
        return score, problem

    def _score(self, photo: tf.Tensor) -> tf.Tensor:
        photo = crops.pad_to(photo, self._side)
        sides = tf.unstack(tf.shape(photo)[:2])
        tops, lefts = (crops.grid_offsets(side, self._side) for side in sides)
        return tf.reduce_mean(self._score_places(photo, tops, lefts, self._side))

    @tf.function
    def _score_places(
        self, photo: tf.Tensor, tops: tf.Tensor, lefts: tf.Tensor, side: int
    ) -> tf.Tensor:
        """Scores the crops of a photo that begin at each of these rows and columns.

        Args:
            photo: uint8 [height, width, 3].
            tops: int32 [rows].
            lefts: int32 [columns].
            side: of the crops.

        Returns:
            float32 [rows, columns].
        """
        across = tf.size(lefts)
        count = tf.size(tops) * across
        at_once = crops_a_pass(side)
        passes = -(-count // at_once)

        def cut(number: tf.Tensor) -> tf.Tensor:
            top, left = tops[number // across], lefts[number % across]
            return tf.slice(photo, [top, left, 0], [side, side, 3])

        # A limited number at a time, so that floats do not fill the memory.
        scores = tf.TensorArray(
            tf.float32, passes, infer_shape=False, element_shape=[None]
        )
        for number in tf.range(passes):
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            first = number * at_once
            numbers = tf.range(first, tf.minimum(first + at_once, count))
            crop = tf.TensorSpec([side, side, 3], tf.uint8)
            cuts = tf.map_fn(cut, numbers, fn_output_signature=crop)
            images = tf.cast(cuts, tf.float32) / 255.0
            scored = tf.cast(self._score_images(images), tf.float32)
            scores = scores.write(number, scored)
        return tf.reshape(scores.concat(), [tf.size(tops), across])


class _PhotosAndMaps(_Photos):
    def __init__(self, model: Model):
        super().__init__(model)
        # As in Model.score_map.
        self._map_side = model.own_crop_size
        self._stride = max(self._map_side // 4, 1)

    def signatures(self) -> dict[str, Callable[..., dict[str, tf.Tensor]]]:
        maps = {"score_map": self.map_pixels, "score_map_bytes": self.map_file}
        return super().signatures() | maps

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8, "image")])
    def map_pixels(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        side = self._map_side
        has_pixels = tf.debugging.assert_positive(tf.shape(image), _NO_PIXELS)
        with tf.control_dependencies([has_pixels]):
            photo = crops.pad_to(tf.identity(image), side)
        sides = tf.unstack(tf.shape(photo)[:2])
        tops, lefts = (self._places(length) for length in sides)
        return {
            "scores": self._score_places(photo, tops, lefts, side),
            "tops": tops,
            "lefts": lefts,
            "crop_size": tf.constant(side),
        }

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "image_bytes")])
    def map_file(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = tf.zeros([0, 0])
        tops = lefts = tf.zeros([0], tf.int32)
        photo, problem = _read(image_bytes)
        if problem == "":
            found = self.map_pixels(photo)
            scores, tops, lefts = found["scores"], found["tops"], found["lefts"]
        return {
            "scores": scores,
            "tops": tops,
            "lefts": lefts,
            "crop_size": tf.constant(self._map_side),
            "error": problem,
        }

    def _places(self, length: tf.Tensor) -> tf.Tensor:
        """Positions from 0, a stride apart, and one that ends with the photo."""
        end = length - self._map_side
        count = -(-end // self._stride) + 1
        return tf.minimum(tf.range(count) * self._stride, end)


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def _read(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads a file; returns the photo and an empty text, or no pixels and the error."""
    photo = tf.zeros([0, 0, 3], tf.uint8)
    problem, orientation, length = file_headers.read(file)
    if problem == "":
        if length < tf.strings.length(file):
            file = tf.strings.substr(file, 0, length)
        photo = _decode_if_whole(file, orientation)
        if tf.size(photo) == 0:
            problem = file_headers.CUT_SHORT
    return photo, problem


def _decode_if_whole(file: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Decodes a file; returns a photo without pixels if that fails."""
    # Only a data set can skip what makes an operation fail.
    photos = tf.data.Dataset.from_tensors((file, orientation)).map(_decode)
    nothing = tf.data.Dataset.from_tensors(tf.zeros([0, 0, 3], tf.uint8))
    options = tf.data.Options()
    options.autotune.enabled = False  # See data.parallel.map_in_order.
    # Otherwise each photo's graph is optimised, which takes longer than decoding.
    options.experimental_optimization.apply_default_optimizations = False
    either = photos.ignore_errors(log_warning=False).concatenate(nothing).take(1)
    return either.with_options(options).get_single_element()


def _decode(file: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    start = tf.strings.substr(file, 0, 3)
    # decode_image cannot be told to decode a JPEG as Pillow does.
    image = tf.cond(
        start == b"\xff\xd8\xff",
        lambda: photo_tensorflow.decode_jpeg(file),
        lambda: tf.cond(
            start == b"GIF",
            lambda: _decode_gif(file),
            lambda: tf.io.decode_image(file, 3, expand_animations=False),
        ),
    )
    image = tf.ensure_shape(image, [None, None, 3])
    return photo_tensorflow.upright(image, orientation)


def _decode_gif(file: tf.Tensor) -> tf.Tensor:
    """Decodes the first picture of a GIF that ends after it."""
    # If a picture is cut short, the operation returns what it has so far. So a
    # one-pixel picture is appended, which is only decoded if the first one was
    # complete.
    frames = tf.io.decode_gif(file + _PIXEL_OF_GIF)
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(frames)[0], 2)]):
        return tf.identity(frames[0])


if __name__ == "__main__":
    sys.exit("export.saved_model is a library; the program is python -m export")
