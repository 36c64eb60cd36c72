"""The networks that score: from images [N, h, w, 3] in 0..1 to scores [N].

Every model is a plain Keras functional model without objects of ours, so that
`keras.models.load_model` alone opens a saved one. Preprocessing is inside.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import keras

from rankiqa_tf.models import efficientnet_lite
from rankiqa_tf.models import heads
from rankiqa_tf.models import shallow

Weights = Literal["imagenet"] | None
Levels = Literal["last", "all"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """A row of the table of networks.

    Attributes:
        crop_size: side of the square crops it is trained on and scores, in pixels.
        weights: the pre-trained weights there are.
        levels: the choices of features for the score there are.
    """

    crop_size: int
    weights: tuple[Weights, ...] = (None,)
    levels: tuple[Levels, ...] = ("last",)


NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "shallow": Network(crop_size=shallow.CROP_SIZE),
        "efficientnet_lite0": Network(
            crop_size=efficientnet_lite.CROP_SIZE,
            weights=(None, "imagenet"),
            levels=("last", "all"),
        ),
    }
)


def build(
    name: str, *, weights: Weights = None, levels: Levels = "last"
) -> keras.Model:
    """Makes a network with one output, the score.

    Args:
        name: a key of `NETWORKS`.
        weights: "imagenet" for pre-trained weights, None for random ones (decided by
            `keras.utils.set_random_seed`).
        levels: what the score is made of: "last", the means over space of the last
            layer; or "all", means and standard deviations of every level, which see
            fine structure as well as content.

    Returns:
        A model from images float32 [N, h, w, 3], in 0..1, to scores float32 [N].

    Raises:
        ValueError: if there is no such network, or none with these weights or levels.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are: {', '.join(NETWORKS)}")
    network = NETWORKS[name]
    for what, value, choices in (
        ("weights", weights, network.weights),
        ("levels", levels, network.levels),
    ):
        if value not in choices:
            raise ValueError(
                f"network {name} has no {what}={value!r}; "
                f"there are: {', '.join(map(repr, choices))}"
            )
    if name == "shallow":
        backbone = shallow.build()
        return heads.attach(backbone, backbone.output)
    backbone, outputs = efficientnet_lite.build()
    if weights == "imagenet":
        efficientnet_lite.load_imagenet(backbone)
    for layer in backbone.layers:
        # A ranked batch is half destroyed photos: its statistics are no photo's. So
        # normalisation stays as it was learnt.
        if weights and isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    if levels == "last":
        pooled = [heads.mean_over_space(backbone.output)]
    else:
        pooled = [
            pool(level)
            for level in outputs.values()
            for pool in (heads.mean_over_space, heads.deviation_over_space)
        ]
    return heads.attach(backbone, heads.standardised(pooled))
