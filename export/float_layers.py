"""Converting a network to compute in float32, whatever precision it was trained in."""

import sys
from collections.abc import Callable

import keras

from rankiqa_tf.training import layers

# Makes a layer like the given one, from the given configuration.
Remake = Callable[[keras.Layer, dict], keras.Layer]


def in_float32(network: keras.Model, *, remake: Remake | None = None) -> keras.Model:
    """Returns the same network with every layer computing in float32.

    Args:
        network: the network; some of its layers may be in mixed precision.
        remake: makes each new layer; if None, it has the same class as the old one.

    Returns:
        A copy, or the network itself if nothing has to change.
    """
    policies = {layer.dtype_policy.name for layer in layers.leaves(network)}
    if policies <= {"float32"} and remake is None:
        return network

    def clone(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if "dtype" in config:  # Layers for a function of keras.ops lack it.
            config["dtype"] = "float32"
        if remake is not None:
            return remake(layer, config)
        return type(layer).from_config(config)

    made = keras.models.clone_model(network, clone_function=clone, recursive=True)
    made.set_weights(network.get_weights())
    return made


if __name__ == "__main__":
    sys.exit("export.float_layers is a library; the program is python -m export")
