"""The devices that the images of a training step are divided among."""

import functools
from collections.abc import Mapping
from collections.abc import Sequence

import tensorflow as tf

from rankiqa_tf.training import workers


def strategy(name: str) -> tf.distribute.Strategy:
    """Returns the distribution strategy under whose scope to train a model.

    Args:
        name: "none" for TensorFlow's default device; "mirrored" for all GPUs of this
            machine or, if it has none, its logical CPUs; "multi_worker" for the devices
            of all machines named by the environment variable TF_CONFIG: this waits
            until all have joined, and has to be called before TensorFlow computes
            anything.

    Raises:
        ValueError: if TF_CONFIG does not name the machines.
        workers.Lost: if some of them did not join.
    """
    if name == "multi_worker":
        return _multi_worker()
    if name == "none":
        return tf.distribute.get_strategy()
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    return _mirrored(*(d.name for d in tf.config.list_logical_devices(kind)))


@functools.cache
def _mirrored(*devices: str) -> tf.distribute.Strategy:
    """Returns the strategy of these devices, always the same object.

    Each new strategy would number its messages from the start again, and TensorFlow,
    which remembers the length of the first message with each number, would reject the
    second.
    """
    return tf.distribute.MirroredStrategy(devices)


@functools.cache
def _multi_worker() -> tf.distribute.Strategy:
    workers.of_environment()  # TensorFlow does not say what is wrong with TF_CONFIG.
    with workers.noticing_losses():
        return tf.distribute.MultiWorkerMirroredStrategy()


def check_division(
    strategy: tf.distribute.Strategy,
    sizes: Sequence[int],
    drawn: Mapping[str, int],
) -> None:
    """Checks that steps can be divided equally among devices.

    Args:
        strategy: from `strategy`.
        sizes: number of images per step, for each kind of step.
        drawn: what each step draws, such as photos: option name to number.

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
