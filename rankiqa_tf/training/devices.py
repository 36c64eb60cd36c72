"""The devices that share the images of a training step."""

import functools

import tensorflow as tf


def strategy(count: int) -> tf.distribute.Strategy:
    """Gives the strategy under whose scope so many devices train a model together.

    Args:
        count: how many: the first GPUs, or, on a machine that has none, the CPUs that
            TensorFlow was told to see. One is the device that TensorFlow takes anyway.

    Raises:
        ValueError: if there are fewer.
    """
    if count == 1:
        return tf.distribute.get_strategy()
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    there = [device.name for device in tf.config.list_logical_devices(kind)]
    if count > len(there):
        raise ValueError(
            f"devices is {count}, but TensorFlow sees only {len(there)} {kind}: give "
            f"{len(there)} or less"
        )
    return _mirrored(*there[:count])


@functools.cache
def _mirrored(*devices: str) -> tf.distribute.Strategy:
    """The one strategy of these devices.

    Each new one would count its messages from the same number on, and TensorFlow, which
    remembers how long the first message of a number was, would refuse the second.
    """
    return tf.distribute.MirroredStrategy(devices)
