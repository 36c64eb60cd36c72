"""AlexNet, in torchvision's layout: one column, five convolutions.

Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks"
(2014). The authors' Caffe network has two columns of 96-256-384-384-256 instead.
"""

from collections.abc import Sequence

import keras

from rankiqa_tf.models import fully_connected
from rankiqa_tf.models import weight_file

CROP_SIZE = 227
# Without fc6: the last pool needs 3, so the second 7, the first 15, conv1 63.
SMALLEST = 63
LEVELS = ("conv1", "conv2", "conv3", "conv4", "conv5", *fully_connected.LAYERS)

# For each convolution: kernel size, output channels, whether pooling follows.
_CONVOLUTIONS = (
    (11, 64, True),
    (5, 192, True),
    (3, 384, False),
    (3, 256, False),
    (3, 256, True),
)


def build(
    *, weights: str | None = None, levels: Sequence[str] = LEVELS
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Makes the network without its score.

    Args:
        weights: path of an .npz file with the convolutions, or None for random ones;
            fc6 and fc7 are always random.
        levels: the levels to be used. Without fc6 and fc7 the network is fully
            convolutional; with either, images must have `CROP_SIZE`.

    Returns:
        The model from images [N, h, w, 3] in 0..1 to its last level, and its levels by
        name, first to last: each convolution's output after ReLU and pooling, if any;
        then fc6 and fc7, [N, 4096].
    """
    fixed = not set(fully_connected.LAYERS).isdisjoint(levels)
    side = CROP_SIZE if fixed else None
    images = keras.Input((side, side, 3), name="image")
    x = fully_connected.normalise(images)
    x = keras.layers.ZeroPadding2D(2, name="pad")(x)
    outputs = {}
    for number, (kernel, channels, pooled) in enumerate(_CONVOLUTIONS, 1):
        name = f"conv{number}"
        if number == 1:
            x = fully_connected.convolution(
                x, name, channels, kernel=kernel, stride=4, padding="valid"
            )
        else:
            x = fully_connected.convolution(x, name, channels, kernel=kernel)
        if pooled:
            x = keras.layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)
        outputs[name] = x
    if fixed:
        outputs |= fully_connected.layers(x)
    model = keras.Model(images, [*outputs.values()][-1], name="alexnet")
    if weights is not None:
        weight_file.fill_convolutions(model, weights)
    return model, outputs
