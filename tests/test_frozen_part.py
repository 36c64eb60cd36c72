"""A network is divided where its frozen layers end, and both parts are the network."""

import keras
import numpy as np
import pytest

from rankiqa_tf import models
from rankiqa_tf.training import frozen_part
from rankiqa_tf.training import layers


def weighted(network):
    return [layer for layer in layers.leaves(network) if layer.weights]


@pytest.mark.parametrize(
    ("name", "levels", "count", "side"),
    [
        ("efficientnet_lite0", "all", 66, 40),  # Between two blocks.
        ("efficientnet_lite0", "block1,block3", 15, 40),  # Inside of one.
        ("efficientnet_lite0", "last", 0, 40),
        ("shallow", "last", 2, 224),
        ("vgg16", "conv3,conv5", 9, 40),
        ("MobileNetV2", "last", 40, 96),
    ],
)
def test_what_the_rest_makes_of_the_first_part_is_the_networks_score(
    name, levels, count, side
):
    keras.utils.set_random_seed(1)
    network = models.build(name, levels=levels)
    images = np.random.default_rng(0).random((2, side, side, 3), np.float32)
    expected = network(images).numpy()
    part, rest = frozen_part.divide(network, count)
    crossing = tuple(keras.tree.flatten(part(images)))
    np.testing.assert_array_equal(rest(crossing).numpy(), expected)
    # Each layer with weights is in one of them, the first ones in the first.
    assert set(weighted(part)) == set(weighted(network)[:count])
    assert set(weighted(rest)) == set(weighted(network)[count:])


def test_training_the_rest_trains_the_network():
    network = models.build("efficientnet_lite0", levels="block0,block2")
    part, rest = frozen_part.divide(network, 6)
    images = np.random.default_rng(0).random((2, 24, 24, 3), np.float32)
    crossing, before = keras.tree.flatten(part(images)), network(images).numpy()
    for variable in rest.trainable_variables:
        variable.assign(variable + 0.1)
    assert (network(images).numpy() != before).all()
    for tensor, same in zip(crossing, keras.tree.flatten(part(images)), strict=True):
        np.testing.assert_array_equal(tensor, same)


def test_what_is_drawn_anew_each_time_is_not_in_the_first_part():
    image = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(2, 3, name="frozen")(image)
    x = keras.layers.Dropout(0.5)(keras.layers.ReLU(name="also")(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(image, keras.layers.Dense(1)(x))
    part, rest = frozen_part.divide(network, 1)
    assert [layer.name for layer in part.layers][1:] == ["frozen", "also"]
    assert len(layers.seed_generators(rest)) == 1


def test_something_must_be_left_to_train():
    network = models.build("efficientnet_lite0", levels="block0")
    count = len(weighted(network))
    with pytest.raises(ValueError, match=f"{count} frozen layers leave nothing"):
        frozen_part.divide(network, count)
