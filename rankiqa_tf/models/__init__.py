"""The networks that score: from images [N, h, w, 3] in 0..1 to scores [N].

Every model is a plain Keras functional model without objects of ours, so that
`keras.models.load_model` alone opens a saved one. Preprocessing is inside.

To add a network, write its `build` in a file of its own and add a row to `NETWORKS`.
One of your own needs no place here: name its `Network` as module:NAME.
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

_MOMENTUM = 0.9  # Of the statistics that batch normalisation gathers; PyTorch's.


def _efficientnet_lite(name: str) -> Network:
    return Network(
        crop_size=efficientnet_lite.VARIANTS[name].crop_size,
        smallest=efficientnet_lite.SMALLEST,
        levels=efficientnet_lite.levels_of(name),
        weights=("imagenet",),
        files=(".npz",),
        backbone=functools.partial(efficientnet_lite.build, name),
    )


# Our own; those of keras.applications, by Keras' names, stand beside them.
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
    """Looks a network up.

    Args:
        name: a key of `NETWORKS`; or Keras' name of a backbone of keras.applications,
            such as MobileNetV2; or module:NAME of a `Network` of your own, where the
            module can be imported.

    Raises:
        ValueError: if there is none of this name, naming those there are.
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
    """Raises the errors of `build` that need neither building nor files."""
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
            random ones (decided by `keras.utils.set_random_seed`). Layers that a file
            does not have are random.
        levels: what the score is made of: "last", "all", or names of the network's
            levels with commas between them. Many levels see fine structure as well as
            content. What none of them needs is not in the model.

    Returns:
        A model from images float32 [N, h, w, 3], in 0..1, to scores float32 [N]. Where
        the last level is a vector and the only one chosen it is the paper's network;
        elsewhere features are standardised before the score (see `heads`).

    Raises:
        ValueError: if there is no such network, or none with these weights or levels.
        ModuleNotFoundError: if the weights are in a package that is not installed.
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
        # A ranked batch is half destroyed photos: its statistics are no photo's. So
        # normalisation that comes with weights stays as it was learnt.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = weights is None
            # With Keras' 0.99, or the 0.999 of some, it would lag hundreds of steps
            # behind.
            layer.momentum = min(layer.momentum, _MOMENTUM)
    features = [part for n in chosen for part in heads.pooled(outputs[n])]
    if chosen == row.levels[-1:] and len(outputs[chosen[0]].shape) == 2:
        return heads.attach(backbone, features[0])
    return heads.attach(backbone, heads.standardised(features))


def _chosen(name: str, levels: str) -> tuple[str, ...]:
    """The names of the levels that are chosen, first to last."""
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
