"""The devices that share the images of a training step."""

import functools
from collections.abc import Mapping
from collections.abc import Sequence

import tensorflow as tf

from rankiqa_tf.training import workers


def strategy(name: str) -> tf.distribute.Strategy:
    """Gives the strategy under whose scope a model is trained.

    Args:
        name: "none" for the device that TensorFlow takes anyway; "mirrored" for all
            GPUs of this machine or, if it has none, the CPUs that TensorFlow was told
            to see; "multi_worker" for those of all machines that the environment
            variable TF_CONFIG names, which waits until each of them is there. That one
            must be asked for before TensorFlow computes anything.

    Raises:
        ValueError: if TF_CONFIG does not say which machines those are.
        workers.Lost: if they did not all come.
    """
    if name == "multi_worker":
        return _multi_worker()
    if name == "none":
        return tf.distribute.get_strategy()
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    return _mirrored(*(d.name for d in tf.config.list_logical_devices(kind)))


@functools.cache
def _mirrored(*devices: str) -> tf.distribute.Strategy:
    """The one strategy of these devices.

    Each new one would count its messages from the same number on, and TensorFlow, which
    remembers how long the first message of a number was, would refuse the second.
    """
    return tf.distribute.MirroredStrategy(devices)


@functools.cache
def _multi_worker() -> tf.distribute.Strategy:
    workers.of_environment()  # TensorFlow would not say what is wrong with it.
    with workers.noticing_losses():
        return tf.distribute.MultiWorkerMirroredStrategy()


def check_division(
    strategy: tf.distribute.Strategy,
    sizes: Sequence[int],
    drawn: Mapping[str, int],
) -> None:
    """Checks that steps can be divided equally.

    Args:
        strategy: from `strategy`.
        sizes: images in a step, of each kind of step.
        drawn: what a step's images are made from, such as photos, by its option.

    Raises:
        ValueError: if they cannot.
    """
    devices, machines = strategy.num_replicas_in_sync, workers.this(strategy).count
    for size in sizes:
        if size % devices:
            raise ValueError(
                f"a step of {size} images cannot be divided equally among {devices} "
                "devices: change the images of a step or the number of devices"
            )
    for name, number in drawn.items():
        if number % machines:
            raise ValueError(
                f"{name} is {number}, but each of {machines} machines makes the images "
                f"of an equal part of them: give a multiple of {machines}"
            )
