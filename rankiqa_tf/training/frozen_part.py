"""Splitting a network into its frozen layers and the layers being trained.

The frozen part computes the same output for an image in every step, so that output can
be computed once and kept.
"""

import keras

from rankiqa_tf.training import layers


def divide(network: keras.Model, frozen_layers: int) -> tuple[keras.Model, keras.Model]:
    """Splits a network where its frozen layers end.

    Args:
        network: from images to scores [N].
        frozen_layers: how many of its first layers with weights are frozen, as for
            `layers.frozen`.

    Returns:
        A model from images to every tensor that crosses the split, a tuple with N
        first; and one from these tensors to the scores. They share the network's
        layers, so training the second trains the network.

    Raises:
        ValueError: if no layer would be left to train.
    """
    with layers.frozen(network, frozen_layers):
        pass  # Raises an error if no layer would be left to train.
    weighted = [layer for layer in layers.leaves(network) if layer.weights]
    frozen = {id(layer) for layer in weighted[:frozen_layers]}
    known = {id(image) for image in network.inputs}
    crossing: dict[int, keras.KerasTensor] = {}
    for step in network.operations:  # In topological order.
        if isinstance(step, keras.layers.InputLayer):
            continue
        given = keras.tree.flatten(step.input)
        if all(id(each) in known for each in given) and _stays(step, frozen):
            known.update(id(made) for made in keras.tree.flatten(step.output))
        else:
            crossing |= {id(each): each for each in given if id(each) in known}
    rest = keras.Model(tuple(crossing.values()), network.output, name=network.name)
    return keras.Model(network.input, tuple(crossing.values())), rest


def _stays(step: keras.Operation, frozen: set[int]) -> bool:
    """Whether a step's output for a given input stays the same during training."""
    parts = [step]
    if isinstance(step, keras.Model):
        parts = list(layers.leaves(step))
    return all(
        id(part) in frozen if getattr(part, "weights", None) else not layers.draws(part)
        for part in parts
    )
