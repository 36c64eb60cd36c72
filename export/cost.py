"""The cost of scoring a photo with crops of different sizes."""

import math
import sys

import tensorflow as tf

from rankiqa_tf.data import crop_grid
from rankiqa_tf.model import Model

_PHOTOS = {"512x512": (512, 512), "4000x3000": (4000, 3000)}  # Small; from a phone.
# For each operation, the number of kernel axes summed over: kernels are [height, width,
# in, out], [height, width, channels, 1] and [in, out].
_SUMMED = {"Conv2D": 3, "DepthwiseConv2dNative": 2, "MatMul": 1}


def multiply_adds(model: Model) -> int:
    """Returns the number of multiply-adds for a crop."""
    side = model.metadata.crop_size

    @tf.function(input_signature=[tf.TensorSpec([1, side, side, 3], tf.float32)])
    def score(image: tf.Tensor) -> tf.Tensor:
        return model.network(image, training=False)

    total = 0
    for operation in score.get_concrete_function().graph.get_operations():
        if operation.type in _SUMMED:
            kernel = operation.inputs[1].shape[: _SUMMED[operation.type]]
            total += math.prod(operation.outputs[0].shape) * math.prod(kernel)
    return total


def count_crops(height: int, width: int, crop_size: int) -> int:
    """Returns the number of crops of a photo."""
    sides = (max(side, crop_size) for side in (height, width))
    return math.prod(len(crop_grid.offsets(side, crop_size)) for side in sides)


def describe(model: Model) -> str:
    """Describes the cost of photos with the model's crops and the network's default.

    Photos beyond 4 crops a side have 16 crops whatever their size, so smaller crops
    cost proportionally less, and see less of the photo. Small photos need more small
    crops to be covered and may cost more.
    """
    own = model.own_crop_size
    ways = [model]
    if own < model.metadata.crop_size and model.network.input_shape[1] is None:
        ways.append(model.with_crop_size(own))
    return "\n".join(map(_line, ways))


def _line(model: Model) -> str:
    size, each = model.metadata.crop_size, multiply_adds(model)
    photos = []
    for name, (width, height) in _PHOTOS.items():
        count = count_crops(height, width, size)
        photos.append(
            f"a photo of {name} takes {count} of them, {count * each / 1e9:.1f}"
        )
    return (
        f"crops of {size}: {each / 1e9:.2f} billion multiply-adds each; "
        f"{'; '.join(photos)}"
    )


if __name__ == "__main__":
    sys.exit("export.cost is a library; the program is python -m export")
