"""A network in two: what stays as it is while it is trained, and the rest.

What the frozen part makes of an image never changes, so it need not be made again in
each step.
"""

import keras

from rankiqa_tf.training import layers


def divide(network: keras.Model, frozen_layers: int) -> tuple[keras.Model, keras.Model]:
    """Divides a network where its frozen layers end.

    Args:
        network: from images to scores [N].
        frozen_layers: how many of its first layers with weights are frozen, as of
            `layers.frozen`.

    Returns:
        A model from images to all that crosses over, a tuple of tensors with N first;
        and one from these to the scores. They have the network's layers, not copies:
        training the second trains the network.

    Raises:
        ValueError: if nothing would be left to train.
    """
    with layers.frozen(network, frozen_layers):
        pass  # It tells whether anything is left to train.
    weighted = [layer for layer in layers.leaves(network) if layer.weights]
    frozen = {id(layer) for layer in weighted[:frozen_layers]}
    known = {id(image) for image in network.inputs}
    crossing: dict[int, keras.KerasTensor] = {}
    for step in network.operations:  # Each comes after those it takes from.
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
    """Whether a step gives the same for the same, however long is trained."""
    parts = [step]
    if isinstance(step, keras.Model):
        parts = list(layers.leaves(step))
    return all(
        id(part) in frozen if getattr(part, "weights", None) else not layers.draws(part)
        for part in parts
    )
