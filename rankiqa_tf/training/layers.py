"""Freezing layers, choosing their precision, and what random ones draw.

Each lasts for a `with` block. A step of training needs them only while it is traced;
so a model that is evaluated or saved between steps is as it ever was.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf


def leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """Yields the layers of a model in their order, those of models inside it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


def statistics(model: keras.Model) -> list[keras.Variable]:
    """Finds what batch normalisation gathers from the batches of a step."""
    return [
        variable
        for layer in _gathering(model)
        for variable in (layer.moving_mean, layer.moving_variance)
    ]


def gather_statistics(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets what batch normalisation gathers to its mean over some batches.

    Random normalisation begins with a mean of 0 and a variance of 1, wherever those of
    its batches are. Fifty steps at a momentum of 0.9 leave 0.005 of that, much beside
    variances of 0.002: a network with such statistics scores at random.

    Args:
        model: one without such layers is left as it is.
        batches: images [N, h, w, 3] in 0..1, such as training will see.
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
    """Freezes the first layers with weights; afterwards they are as before.

    A frozen layer's weights are not trainable, and batch normalisation in it uses
    its moving statistics and leaves them as they are.

    Args:
        model: whose layers.
        count: how many layers with weights to freeze, from the input on.

    Raises:
        ValueError: if nothing would be left to train.
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
    """Lets the layers between pixels and head compute in a mixed precision.

    The layers before the first with trainable weights stay as they are: rounded to
    bfloat16's 8 bits, pixels of 0..255 would lose the very noise that is to be seen.
    So do all that give a vector for an image rather than a map: the head and its
    score, which want exact sums and take little time.

    Args:
        model: float32; its variables stay so.
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
    """Finds what the random layers of a model, such as dropout, take seeds from."""
    return [layer.seed_generator for layer in leaves(model) if draws(layer)]


def draws(layer: keras.Operation) -> bool:
    """Whether a layer is random, such as dropout."""
    return getattr(layer, "seed_generator", None) is not None


@contextmanager
def drawing_apart(model: keras.Model) -> Iterator[None]:
    """Lets random layers draw something else on each of several devices.

    The first draws what one device alone would.
    """
    generators = seed_generators(model)

    def apart(generator: keras.random.SeedGenerator) -> Callable[..., tf.Tensor]:
        def draw(ordered: bool = True) -> tf.Tensor:
            seed = type(generator).next(generator, ordered)
            device = tf.distribute.get_replica_context().replica_id_in_sync_group
            # The seeds of the steps follow each other in the second number; of the
            # first, any other will do.
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
