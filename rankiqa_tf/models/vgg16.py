"""VGG-16, the network the authors use for everything but their Table 1.

Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
recognition" (ICLR 2015), configuration D.
"""

from collections.abc import Sequence
from pathlib import Path

import keras

from rankiqa_tf.models import fully_connected
from rankiqa_tf.models import keras_applications
from rankiqa_tf.models import weight_file

CROP_SIZE = 224
SMALLEST = 32  # Without fc6: halved five times.
LEVELS = ("conv1", "conv2", "conv3", "conv4", "conv5", *fully_connected.LAYERS)

# Number of convolutions and channels of each stage.
_STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))

# What Keras' weights, originally Caffe's, subtract from red, green and blue in 0..255.
_CAFFE_MEAN = (123.68, 116.779, 103.939)


def build(
    *, weights: str | None = None, levels: Sequence[str] = LEVELS
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Makes the network without its score.

    Args:
        weights: None for random ones; "imagenet" for Keras' download, or the path of an
            .h5 file of Keras' VGG16, with the preprocessing these expect; or the path
            of an .npz file with torchvision's convolutions, which leaves fc6 and fc7
            random. Of Keras' weights, the file with the fully connected layers (553 MB)
            is used if fc6 or fc7 is, otherwise the one without (59 MB).
        levels: the levels to be used. Without fc6 and fc7 the network is fully
            convolutional; with either, images must have `CROP_SIZE`.

    Returns:
        The model from images [N, h, w, 3] in 0..1 to its last level, and its levels by
        name, first to last: each stage's output after pooling; then fc6 and fc7, [N,
        4096].

    Raises:
        ValueError: if the weights are unavailable or do not fit.
    """
    fixed = not set(fully_connected.LAYERS).isdisjoint(levels)
    side = CROP_SIZE if fixed else None
    from_keras = weights is not None and Path(weights).suffix != ".npz"
    images = keras.Input((side, side, 3), name="image")
    if from_keras:
        x = keras.layers.Rescaling(
            [255.0] * 3, offset=[-mean for mean in _CAFFE_MEAN], name="preprocess"
        )(images)
    else:
        x = fully_connected.normalise(images)
    outputs = {}
    for stage, (repeats, channels) in enumerate(_STAGES, 1):
        for repeat in range(1, repeats + 1):
            name = f"conv{stage}_{repeat}"
            x = fully_connected.convolution(x, name, channels, kernel=3)
        x = outputs[f"conv{stage}"] = keras.layers.MaxPooling2D(name=f"pool{stage}")(x)
    if fixed:
        outputs |= fully_connected.layers(x)
    model = keras.Model(images, [*outputs.values()][-1], name="vgg16")
    if from_keras:
        _copy_from_keras(model, weights, with_fully_connected=fixed)
    elif weights is not None:
        weight_file.fill_convolutions(model, weights)
    return model, outputs


def _copy_from_keras(
    model: keras.Model, weights: str | None, *, with_fully_connected: bool
) -> None:
    source = keras_applications.call(
        "VGG16", weights=weights, include_top=with_fully_connected
    )
    # Drops Keras' last layer, the classifier with 1000 classes.
    layers = [layer for layer in model.layers if layer.weights]
    sources = [layer for layer in source.layers if layer.weights][: len(layers)]
    for number, (layer, other) in enumerate(zip(layers, sources, strict=True)):
        kernel, bias = other.get_weights()
        if number == 0:
            # Caffe puts blue first. Reversing the kernel is exact and costs nothing.
            kernel = kernel[:, :, ::-1]
        layer.set_weights([kernel, bias])
