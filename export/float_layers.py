"""A network whose layers compute in float32, whatever they were trained in."""

import sys
from collections.abc import Callable

import keras

from rankiqa_tf.training import layers

# From a layer and the configuration that it is to be made from to one like it.
Remake = Callable[[keras.Layer, dict], keras.Layer]


def in_float32(network: keras.Model, *, remake: Remake | None = None) -> keras.Model:
    """The same network with every layer computing in float32.

    Args:
        network: the network; some of its layers may be in mixed precision.
        remake: makes each layer anew; if None, it becomes one of its own class.

    Returns:
        A copy, or the network itself where there is nothing to be changed.
    """
    policies = {layer.dtype_policy.name for layer in layers.leaves(network)}
    if policies <= {"float32"} and remake is None:
        return network

    def clone(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if "dtype" in config:  # Not in those that are a function of keras.ops.
            config["dtype"] = "float32"
        if remake is not None:
            return remake(layer, config)
        return type(layer).from_config(config)

    made = keras.models.clone_model(network, clone_function=clone, recursive=True)
    made.set_weights(network.get_weights())
    return made


if __name__ == "__main__":
    sys.exit("export.float_layers is a library; the program is python -m export")
