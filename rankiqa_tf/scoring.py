"""The score of a photo: always the same, whatever was scored before or beside it."""

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf import models
from rankiqa_tf.data import crops as crops_lib
from rankiqa_tf.models import model_file


def score_photo(model: keras.Model, photo: tf.Tensor, *, crop_size: int) -> tf.Tensor:
    """Scores a photo by the recipe that model_file.RECIPE tells in words.

    Only core operations, so that exported models hold the same recipe.

    Args:
        model: from float32 [n, crop_size, crop_size, 3] in 0..1 to scores [n].
        photo: uint8 [height, width, 3], RGB, of any size.
        crop_size: height and width of a crop, in pixels.

    Returns:
        float32 scalar; higher is better.
    """
    # At most 16 crops, so one batch has a bounded size.
    return _mean_score(model, crops_lib.grid_crops(photo, crop_size))


def _mean_score(model: keras.Model, images: tf.Tensor) -> tf.Tensor:
    # Floats only after cropping.
    batch = tf.cast(images, tf.float32) / 255.0
    return tf.reduce_mean(tf.cast(model(batch, training=False), tf.float32))


CROPS = ("grid", "whole", "random")  # What a photo is scored by; see `Scorer`.
_RANDOM_CROPS = 30  # As many as the paper takes.


class Scorer:
    """Scores photos with a model.

    Args:
        model: the model.
        metadata: of the model.
        crops: what a photo's score is the mean of: "grid" is the model's recipe, the
            one that exports have. "random" are the paper's 30 crops from random places.
            "whole" is the photo in one pass, as it is: only fully convolutional
            networks can, and memory grows with the photo.
        seed: decides the places of random crops, 0 or more.

    Example:
        scorer = Scorer(*model_file.load("model.keras"))
        score = scorer.score(decode.read_photo("photo.jpg"))

    Raises:
        ValueError: if crops is none of these, or the network cannot take whole photos.
    """

    def __init__(
        self,
        model: keras.Model,
        metadata: model_file.Metadata,
        *,
        crops: str = "grid",
        seed: int = 0,
    ):
        if crops not in CROPS:
            raise ValueError(f"crops must be one of {', '.join(CROPS)}, not {crops!r}")
        self.metadata = metadata
        side = model.input_shape[1]
        if crops == "whole" and side is not None:
            raise ValueError(
                f"network {metadata.network} takes crops of {side} pixels only: it "
                "cannot score a photo as a whole"
            )

        def images(photo: tf.Tensor) -> tf.Tensor:
            if crops == "whole":
                smallest = models.network(metadata.network).smallest
                return crops_lib.pad_to(photo, smallest)[tf.newaxis]
            return crops_lib.random_crops(
                photo, metadata.crop_size, count=_RANDOM_CROPS, seed=seed
            )

        # One signature: photos of new sizes trace no new graph.
        @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
        def score(photo: tf.Tensor) -> tf.Tensor:
            if crops == "grid":
                return score_photo(model, photo, crop_size=metadata.crop_size)
            return _mean_score(model, images(photo))

        self._score = score

    def score(self, photo: np.ndarray) -> float:
        """Scores one photo.

        Args:
            photo: uint8 [height, width, 3], RGB, of any size, as read_photo returns it.

        Returns:
            The score; higher is better. metadata.score_range tells its scale.

        Raises:
            ValueError: if photo has another shape or dtype.
        """
        photo = np.asarray(photo)
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[-1] != 3:
            raise ValueError(
                "a photo must be uint8 [height, width, 3], "
                f"not {photo.dtype} {list(photo.shape)}"
            )
        if photo.size == 0:
            raise ValueError(f"a photo must have pixels, not {list(photo.shape)}")
        return float(self._score(photo))
