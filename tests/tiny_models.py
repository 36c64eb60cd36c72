"""Models that are quick to build, export and score by; their scores mean nothing."""

import keras

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model

SIDE = 24


def of_crops(side=SIDE):
    """A model that takes crops of one size only."""
    return _model([side, side, 3], "tiny", side)


def fully_convolutional(side=SIDE):
    """A model that takes photos of any size; its maps have the crops of MobileNetV2."""
    return _model([None, None, 3], "MobileNetV2", side)


def _model(shape, network, side):
    keras.utils.set_random_seed(3)
    image = keras.Input(shape)
    features = keras.layers.Rescaling(2.0, -1.0)(image)
    features = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(features)
    features = keras.layers.BatchNormalization()(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    metadata = Metadata(
        network=network,
        crop_size=side,
        levels="last",
        score_range=None,
        trained_on="nothing",
        stages=(),
    )
    return Model(keras.Model(image, score), metadata)
