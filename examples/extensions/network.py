"""A network from outside the package: small, of depthwise convolutions.

    python -m rankiqa_tf.train --network=network:SMALL --levels=all --workdir=runs/small

Run this in the folder that holds the file. docs/extending/network.md explains it.
"""

from collections.abc import Sequence

import keras

from rankiqa_tf.models import Network

_CHANNELS = {"fine": 16, "middle": 32, "coarse": 64}


def backbone(
    *, weights: str | None = None, levels: Sequence[str] = ()
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Builds the network up to its last level.

    Args:
        weights: the path of a .h5 file with the weights of this model, or None for
            random ones.
        levels: the names of the levels that will be used; not needed here.

    Returns:
        The model, from images [N, h, w, 3] in 0..1 to the last level, and its levels by
        name, each [N, h', w', channels]: at half the size, a quarter and an eighth.
    """
    images = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(2.0, offset=-1.0)(images)
    outputs = {}
    for level, channels in _CHANNELS.items():
        x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = keras.layers.Conv2D(channels, 1, use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU()(x)
        x = outputs[level] = keras.layers.MaxPooling2D(2, padding="same")(x)
    model = keras.Model(images, x)
    if weights is not None:
        model.load_weights(weights)
    return model, outputs


SMALL = Network(
    crop_size=96,
    smallest=8,  # The last level then has one place.
    levels=tuple(_CHANNELS),
    files=(".h5",),
    backbone=backbone,
)
