"""The scoring networks: from images [N, h, w, 3] in 0..1 to scores [N].

Every model is a plain Keras functional model without custom objects, so that a saved
one can be opened with `keras.models.load_model` alone. Preprocessing is built in.

To add a network, write its `build` function in a new file and add a row to `NETWORKS`.
A network of your own needs no change here: give its `Network` as module:NAME.
"""

import difflib
import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import keras

from distortions import user_modules
from rankiqa_tf import surroundings
from rankiqa_tf.models import alexnet
from rankiqa_tf.models import efficientnet_lite
from rankiqa_tf.models import heads
from rankiqa_tf.models import keras_applications
from rankiqa_tf.models import own_network
from rankiqa_tf.models import shallow
from rankiqa_tf.models import vgg16
from rankiqa_tf.models.network import Network

surroundings.check_keras()

_MOMENTUM = 0.9  # Of batch normalisation's moving statistics, as in PyTorch.


def _efficientnet_lite(name: str) -> Network:
    return Network(
        crop_size=efficientnet_lite.VARIANTS[name].crop_size,
        smallest=efficientnet_lite.SMALLEST,
        levels=efficientnet_lite.levels_of(name),
        weights=("imagenet",),
        files=(".npz",),
        backbone=functools.partial(efficientnet_lite.build, name),
    )


# Our own; those of keras.applications are added under Keras' names.
NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "shallow": Network(
            crop_size=shallow.CROP_SIZE,
            smallest=shallow.SMALLEST,
            levels=shallow.LEVELS,
            files=(".npz",),
            backbone=shallow.build,
        ),
        "alexnet": Network(
            crop_size=alexnet.CROP_SIZE,
            smallest=alexnet.SMALLEST,
            levels=alexnet.LEVELS,
            files=(".npz",),
            backbone=alexnet.build,
        ),
        "vgg16": Network(
            crop_size=vgg16.CROP_SIZE,
            smallest=vgg16.SMALLEST,
            levels=vgg16.LEVELS,
            weights=("imagenet",),
            files=(".npz", ".h5"),
            backbone=vgg16.build,
        ),
        **{name: _efficientnet_lite(name) for name in efficientnet_lite.VARIANTS},
    }
)


def network(name: str) -> Network:
    """Looks up a network.

    Args:
        name: a key of `NETWORKS`; Keras' name of a backbone in keras.applications, such
            as MobileNetV2; or module:NAME, a `Network` of your own in a module that can
            be imported.

    Raises:
        ValueError: if there is no such network; the message lists those there are.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    if user_modules.is_name(name):
        kind_name = "rankiqa_tf.models.Network"
        return user_modules.find(name, Network, what="network", kind_name=kind_name)
    if name in keras_applications.names():
        return Network(
            crop_size=keras_applications.crop_size(name),
            smallest=keras_applications.smallest(name),
            levels=keras_applications.levels_of(name),
            weights=("imagenet",),
            files=keras_applications.files(name),
            backbone=functools.partial(keras_applications.build, name),
        )
    names = [*NETWORKS, *keras_applications.names()]
    close = difflib.get_close_matches(name.lower(), [n.lower() for n in names])
    names.sort(key=lambda n: close.index(n.lower()) if n.lower() in close else 3)
    raise ValueError(
        f"no network {name!r}; there are: {', '.join(names)}, and any of your own as "
        "module:NAME"
    )


def check(
    name: str,
    *,
    weights: str | None = None,
    levels: str = "last",
) -> None:
    """Raises those errors of `build` that can be found without building or files."""
    row = network(name)
    _chosen(name, levels)
    if weights is None or weights in row.weights:
        return
    takes = " or ".join([*row.weights, *(f"a file *{end}" for end in row.files)])
    takes = f"{takes}, or none" if takes else "none"
    if weights == "imagenet" or Path(weights).suffix not in row.files:
        raise ValueError(f"network {name} takes as weights {takes}; not {weights!r}")


def build(
    name: str,
    *,
    weights: str | None = None,
    levels: str = "last",
) -> keras.Model:
    """Makes a network with one output, the score.

    Args:
        name: see `network`.
        weights: "imagenet" or the path of a file for pre-trained weights, None for
            random ones (seeded by `keras.utils.set_random_seed`). Layers missing from a
            file are random.
        levels: the levels the score uses: "last", "all", or names of the network's
            levels separated by commas. Several levels see fine structure as well as
            content. Layers that none of them needs are left out of the model.

    Returns:
        A model from images float32 [N, h, w, 3], in 0..1, to scores float32 [N]. If
        only the last level is chosen and it is a vector, this is the paper's network;
        otherwise features are standardised before the score (see `heads`).

    Raises:
        ValueError: if there is no such network, or it has no such weights or levels.
        ModuleNotFoundError: if the weights need a package that is not installed.
    """
    check(name, weights=weights, levels=levels)
    chosen = _chosen(name, levels)
    row = network(name)
    if weights not in (None, *row.weights) and not Path(str(weights)).is_file():
        raise ValueError(f"there is no file of weights {weights!r}")
    if user_modules.is_name(name):
        backbone, outputs = own_network.build(name, row, weights=weights, levels=chosen)
    else:
        backbone, outputs = row.backbone(weights=weights, levels=chosen)
    for layer in backbone.layers:
        # Half of a ranked batch is badly distorted, so its statistics are not those of
        # photos. Normalisation that comes with pre-trained weights is left as learned.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = weights is None
            # Keras' default of 0.99, or 0.999 in some models, would lag hundreds of
            # steps behind.
            layer.momentum = min(layer.momentum, _MOMENTUM)
    features = [part for n in chosen for part in heads.pooled(outputs[n])]
    if chosen == row.levels[-1:] and len(outputs[chosen[0]].shape) == 2:
        return heads.attach(backbone, features[0])
    return heads.attach(backbone, heads.standardised(features))


def _chosen(name: str, levels: str) -> tuple[str, ...]:
    """Returns the names of the chosen levels, first to last."""
    there_are = network(name).levels
    if levels == "last":
        return there_are[-1:]
    if levels == "all":
        return there_are
    names = [level.strip() for level in levels.split(",")]
    for level in names:
        if level not in there_are:
            raise ValueError(
                f"network {name} has no level {level!r}; there are: last, all, or "
                f"any of {', '.join(there_are)}"
            )
        if names.count(level) > 1:
            raise ValueError(f"levels={levels!r} names {level} more than once")
    return tuple(level for level in there_are if level in names)
