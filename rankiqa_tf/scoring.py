"""The score of a photo: always the same, whatever was scored before or beside it."""

import keras
import numpy as np
import tensorflow as tf

from rankiqa_tf.data import crops
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
    # At most 16 crops, so one batch has a bounded size. Floats only after cropping.
    batch = tf.cast(crops.grid_crops(photo, crop_size), tf.float32) / 255.0
    return tf.reduce_mean(tf.cast(model(batch, training=False), tf.float32))


class Scorer:
    """Scores photos with a model.

    Example:
        scorer = Scorer(*model_file.load("model.keras"))
        score = scorer.score(decode.read_photo("photo.jpg"))
    """

    def __init__(self, model: keras.Model, metadata: model_file.Metadata):
        self.metadata = metadata

        # One signature: photos of new sizes trace no new graph.
        @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
        def score(photo: tf.Tensor) -> tf.Tensor:
            return score_photo(model, photo, crop_size=metadata.crop_size)

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
