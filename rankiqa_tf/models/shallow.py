"""The paper's Shallow network (Table 5 of its supplement)."""

from collections.abc import Sequence

import keras

from rankiqa_tf.models import heads
from rankiqa_tf.models import weight_file

# From the table: with it, outputs are 57x57, 14x14, 12x12 and 1x1.
CROP_SIZE = 227
# conv4 needs 12, so conv3 14, the second pool 53, conv2 55, the first pool 217.
SMALLEST = 219
LEVELS = ("conv1", "conv2", "conv3", "features")


def build(
    *, weights: str | None = None, levels: Sequence[str] = LEVELS
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Makes the network without its score.

    Convolutions are valid and pooling rounds up: the only reading that gives the
    table's sizes. No ReLU follows the fourth convolution, as in the table. If an image
    is larger than the table's, the fourth convolution is applied at many places and the
    features are the mean of its outputs.

    Args:
        weights: path of an .npz file with the convolutions, or None for random ones.
        levels: the levels to be used; ignored here.

    Returns:
        The model from images [N, h, w, 3] in 0..1 to features [N, 32], and its levels
        by name, first to last: the convolutions [N, h', w', 32] after pooling and ReLU,
        and the features.
    """
    images = keras.Input((None, None, 3), name="image")
    x = keras.layers.Rescaling(2.0, offset=-1.0)(images)
    outputs = {}
    for block in (1, 2):
        x = _convolution(f"conv{block}", 3)(x)
        # "same" rounds up: 225 -> 57, 55 -> 14.
        x = keras.layers.MaxPooling2D(4, padding="same", name=f"pool{block}")(x)
        # The table has ReLU before pooling: same result, 16 times the work.
        x = outputs[f"conv{block}"] = keras.layers.ReLU(name=f"relu{block}")(x)
    x = _convolution("conv3", 3)(x)
    x = outputs["conv3"] = keras.layers.ReLU(name="relu3")(x)
    x = _convolution("conv4", 12)(x)
    x = outputs["features"] = heads.mean_over_space(x)
    model = keras.Model(images, x, name="shallow")
    if weights is not None:
        weight_file.fill_convolutions(model, weights)
    return model, outputs


def _convolution(name: str, size: int) -> keras.layers.Layer:
    return keras.layers.Conv2D(32, size, kernel_initializer="he_normal", name=name)
