"""Shared parts of AlexNet and VGG-16: input normalisation and final layers."""

import keras

LAYERS = ("fc6", "fc7")

# Mean and deviation of red, green and blue that torchvision's networks expect.
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


def normalise(images: keras.KerasTensor) -> keras.KerasTensor:
    """Normalises pixels in 0..1 to mean 0, deviation 1 over ImageNet (torchvision)."""
    return keras.layers.Rescaling(
        [1 / deviation for deviation in _DEVIATION],
        offset=[-mean / d for mean, d in zip(_MEAN, _DEVIATION, strict=True)],
        name="preprocess",
    )(images)


def convolution(
    x: keras.KerasTensor,
    name: str,
    channels: int,
    *,
    kernel: int,
    stride: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    """A convolution with ReLU."""
    return keras.layers.Conv2D(
        channels,
        kernel,
        stride,
        padding=padding,
        activation="relu",
        # The default's smaller values would make the signal vanish over thirteen
        # layers.
        kernel_initializer="he_normal",
        name=name,
    )(x)


def layers(x: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """Adds fc6 and fc7: 4096 units each, with ReLU and dropout.

    Args:
        x: float32 [N, h, w, c], h and w known.

    Returns:
        The two levels by name, each [N, 4096], after dropout.
    """
    levels = {}
    x = keras.layers.Flatten(name="flatten")(x)
    for name in LAYERS:
        # Keras' default initialiser is the one the authors use: xavier.
        x = keras.layers.Dense(4096, activation="relu", name=name)(x)
        x = levels[name] = keras.layers.Dropout(0.5, name=f"{name}_dropout")(x)
    return levels
