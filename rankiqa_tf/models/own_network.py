"""Building networks from outside the package, and checking them."""

import json
from collections.abc import Sequence

import keras

from rankiqa_tf.models import known_layers
from rankiqa_tf.models.network import Network


def build(
    name: str, row: Network, *, weights: str | None, levels: Sequence[str]
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Builds the backbone of a network and checks that it does what `Network` says.

    Args:
        name: module:NAME, for messages.
        row: the network.
        weights: as for `Network.backbone`.
        levels: as for `Network.backbone`.

    Returns:
        What the backbone returned.

    Raises:
        ValueError: if the backbone failed; if the model or a level is not what
            `Network` describes; or if the model contains layers that a model file may
            not name.
    """
    try:
        made = row.backbone(weights=weights, levels=levels)
    except Exception as error:  # It can raise anything.
        raise ValueError(
            f"network {name} cannot be built: {type(error).__name__}: {error}"
        ) from error
    match made:
        case [keras.Model() as model, dict() as outputs]:
            pass
        case _:
            raise ValueError(
                f"backbone of {name} must return a Keras model and a dict of its "
                f"levels, not {made!r}"
            )
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] != 3:
        raise ValueError(
            f"network {name} must take images [N, h, w, 3], and its input is {shape}"
        )
    fixed = {side for side in shape[1:3] if side is not None}
    if fixed - {row.crop_size}:
        raise ValueError(
            f"network {name} has crops of {row.crop_size} pixels a side, and its input "
            f"is {shape}"
        )
    missing = [level for level in levels if level not in outputs]
    if missing:
        raise ValueError(
            f"backbone of {name} returned no level {missing[0]!r}, which its Network "
            f"lists; it returned {', '.join(outputs) or 'none'}"
        )
    for level in levels:
        if len(outputs[level].shape) not in (2, 4) or outputs[level].shape[-1] is None:
            raise ValueError(
                f"level {level} of {name} must be [N, h, w, c] or [N, c], with c known,"
                f" and is {outputs[level].shape}"
            )
    strange = known_layers.unknown(json.loads(model.to_json()))
    if strange:
        raise ValueError(
            f"network {name} is made of {strange}: a model file may name only Keras' "
            "own layers and functions of keras.ops, so that it opens without your code"
        )
    return model, outputs
