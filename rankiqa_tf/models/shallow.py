"""The paper's Shallow network: Table 5 of its supplement."""

import keras

# Of the table: with it the outputs are 57x57, 14x14, 12x12 and 1x1.
CROP_SIZE = 227


def build() -> keras.Model:
    """Makes the network, from images [N, 227, 227, 3] in 0..1 to features [N, 32].

    Convolutions are valid and pooling is rounded up: the only reading that gives
    the table's sizes. No ReLU follows the fourth convolution: the table has none.
    """
    images = keras.Input((CROP_SIZE, CROP_SIZE, 3), name="image")
    x = keras.layers.Rescaling(2.0, offset=-1.0)(images)
    for block in (1, 2):
        x = _convolution(f"conv{block}", 3)(x)
        # "same" is what rounds up: 225 -> 57, 55 -> 14.
        x = keras.layers.MaxPooling2D(4, padding="same", name=f"pool{block}")(x)
        # The table has ReLU before pooling: the same numbers, 16 times the work.
        x = keras.layers.ReLU(name=f"relu{block}")(x)
    x = _convolution("conv3", 3)(x)
    x = keras.layers.ReLU(name="relu3")(x)
    x = _convolution("conv4", 12)(x)
    features = keras.layers.Flatten(name="features")(x)
    return keras.Model(images, features, name="shallow")


def _convolution(name: str, size: int) -> keras.layers.Layer:
    return keras.layers.Conv2D(32, size, kernel_initializer="he_normal", name=name)
