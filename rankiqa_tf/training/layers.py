"""Context managers that freeze layers, set their precision, and vary their randomness.

Training needs each only while a step is traced, so a model that is evaluated or saved
between steps is unaffected.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf


def leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """Yields a model's layers in order, including those of nested models."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


def statistics(model: keras.Model) -> list[keras.Variable]:
    """Returns the moving statistics of a model's batch normalisation layers."""
    return [
        variable
        for layer in _gathering(model)
        for variable in (layer.moving_mean, layer.moving_variance)
    ]


def gather_statistics(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets batch normalisation's statistics to their mean over some batches.

    Newly initialised normalisation starts with a mean of 0 and a variance of 1,
    whatever those of its inputs. Fifty steps at a momentum of 0.9 leave 0.005 of that,
    a lot next to variances of 0.002, and a network with such statistics gives random
    scores.

    Args:
        model: unchanged if it has no such layers.
        batches: images [N, h, w, 3] in 0..1, like those training will see.
    """
    gathering = _gathering(model)
    if not gathering:
        return
    momenta = [layer.momentum for layer in gathering]
    for number, batch in enumerate(batches):
        for layer in gathering:
            layer.momentum = number / (number + 1)  # The mean of all batches so far.
        model(batch, training=True)
    for layer, momentum in zip(gathering, momenta, strict=True):
        layer.momentum = momentum


def _gathering(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [
        layer
        for layer in leaves(model)
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


@contextmanager
def frozen(model: keras.Model, count: int) -> Iterator[None]:
    """Freezes the first layers with weights; restores them on exit.

    A frozen layer's weights are not trainable, and its batch normalisation uses its
    moving statistics without updating them.

    Args:
        model: the model.
        count: how many layers with weights to freeze, counted from the input.

    Raises:
        ValueError: if no layer would be left to train.
    """
    weighted = [layer for layer in leaves(model) if layer.weights]
    before = [(layer, layer.trainable) for layer in weighted[:count]]
    try:
        for layer, _ in before:
            layer.trainable = False
        if not model.trainable_variables:
            raise ValueError(
                f"{count} frozen layers leave nothing to train in {model.name}, which "
                f"has {len(weighted)} layers with weights: freeze fewer"
            )
        yield
    finally:
        for layer, trainable in before:
            layer.trainable = trainable


@contextmanager
def computing_in(model: keras.Model, precision: str) -> Iterator[None]:
    """Makes the layers between the input and the head compute in mixed precision.

    Layers before the first one with trainable weights keep their precision: rounding
    pixels of 0..255 to bfloat16's 8 bits would lose the very noise to be detected. So
    do all layers that give a vector per image rather than a map, that is, the head and
    its score, which need exact sums and take little time.

    Args:
        model: float32; its variables stay float32.
        precision: name of a Keras dtype policy, such as "mixed_bfloat16".
    """
    before = []
    seen_weights = False
    try:
        for layer in leaves(model):
            seen_weights = seen_weights or bool(layer.trainable_weights)
            rank = len(keras.tree.flatten(layer.output)[0].shape)
            if seen_weights and rank > 2 and precision != "float32":
                before.append((layer, layer.dtype_policy))
                layer.dtype_policy = precision
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """Returns the seed generators of a model's random layers, such as dropout."""
    return [layer.seed_generator for layer in leaves(model) if draws(layer)]


def draws(layer: keras.Operation) -> bool:
    """Whether a layer is random, such as dropout."""
    return getattr(layer, "seed_generator", None) is not None


@contextmanager
def drawing_apart(model: keras.Model) -> Iterator[None]:
    """Makes random layers draw different values on each of several devices.

    The first device draws what a single device would.
    """
    generators = seed_generators(model)

    def apart(generator: keras.random.SeedGenerator) -> Callable[..., tf.Tensor]:
        def draw(ordered: bool = True) -> tf.Tensor:
            seed = type(generator).next(generator, ordered)
            device = tf.distribute.get_replica_context().replica_id_in_sync_group
            # Consecutive steps differ in the seed's second number; any change to the
            # first number gives different draws.
            step = tf.constant(0x9E3779B9, seed.dtype)
            first = seed[0] + tf.cast(device, seed.dtype) * step
            return tf.stack([first, seed[1]])

        return draw

    try:
        for generator in generators:
            generator.next = apart(generator)
        yield
    finally:
        for generator in generators:
            del generator.next
