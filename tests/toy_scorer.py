"""A small model whose score is made of several levels, as those of large ones are."""

import keras
import numpy as np

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads


def of_several_levels(*, crop_size: int = 24, precision: str = "float32") -> Model:
    """Makes a fully convolutional model, always the same.

    Its features differ a thousandfold in scale, as those of EfficientNet-Lite0 do, and
    are standardised; its score falls with the power of noise.

    Args:
        crop_size: side of its crops in pixels.
        precision: Keras' name of the dtype policy of its convolutions.
    """
    keras.utils.set_random_seed(5)
    image = keras.Input([None, None, 3])
    x = keras.layers.Rescaling(2.0, offset=-1.0)(image)
    levels = []
    # The first has less than a hundredth of the weights.
    for channels, stride, scale in ((8, 2, 0.05), (64, 1, 1.0), (64, 2, 40.0)):
        x = keras.layers.Conv2D(
            channels, 3, strides=stride, padding="same", dtype=precision
        )(x)
        x = keras.layers.ReLU(6.0, dtype=precision)(x)
        levels.append(keras.layers.Rescaling(scale)(x))
    features = [part for level in levels for part in heads.pooled(level)]
    network = heads.attach(keras.Model(image, x), heads.standardised(features))
    random = np.random.default_rng(0)
    smooth = random.random((256, 6, 6, 3)).repeat(4, axis=1).repeat(4, axis=2)
    noisy = smooth + random.normal(size=(256, 24, 24, 3)) * np.linspace(
        0, 0.5, 256
    ).reshape(-1, 1, 1, 1)
    images = np.clip(noisy, 0, 1).astype(np.float32)
    quality = -np.linspace(0, 5, 256)
    heads.fit_score(
        network,
        [(each[np.newaxis], y) for each, y in zip(images, quality, strict=True)],
    )
    metadata = Metadata(
        network="efficientnet_lite0",  # Takes photos of any size, as this does.
        crop_size=crop_size,
        levels="all",
        score_range=None,
        trained_on="noise",
        stages=("rank",),
    )
    return Model(network, metadata)
