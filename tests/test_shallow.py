"""Shallow: sizes of the supplement's table, and its numbers against NumPy."""

import keras
import numpy as np
import pytest
from convolution import convolve

from rankiqa_tf import models
from rankiqa_tf.models import shallow


def sizes(side):
    """What each level of a square image is."""
    backbone, levels = shallow.build()
    every = keras.Model(backbone.input, levels)
    found = every.compute_output_spec(keras.KerasTensor((1, side, side, 3)))
    return {name: found[name].shape[1:] for name in levels}


def test_it_has_the_sizes_of_the_supplements_table():
    assert sizes(227) == {
        "conv1": (57, 57, 32),
        "conv2": (14, 14, 32),
        "conv3": (12, 12, 32),
        "features": (32,),
    }
    # Kernels and biases: 3x3x3, twice 3x3x32, 12x12x32, each to 32; then 32 to 1.
    parameters = 27 * 32 + 2 * 288 * 32 + 4608 * 32 + 4 * 32 + 32 + 1
    assert models.build("shallow").count_params() == parameters == 166_913


def test_its_smallest_image_is_the_least_that_leaves_conv4_a_place():
    assert models.network("shallow").smallest == 219
    assert sizes(219)["conv3"] == (12, 12, 32)
    with pytest.raises(ValueError, match="zero or negative"):
        sizes(218)


@pytest.mark.parametrize("sides", [(227, 227), (241, 262)])
def test_features_are_those_of_numpy(sides):
    keras.utils.set_random_seed(2)
    backbone, _ = shallow.build()
    for variable in backbone.trainable_variables:
        if variable.path.endswith("bias"):
            variable.assign(np.random.default_rng(0).normal(0, 0.1, variable.shape))
    images = np.random.default_rng(1).random((1, *sides, 3), np.float32)
    x = images.astype(float) * 2 - 1
    for number in (1, 2, 3, 4):
        kernel, bias = backbone.get_layer(f"conv{number}").get_weights()
        x = convolve(x, kernel, padding="valid") + bias
        if number < 4:
            x = np.maximum(x, 0)
        if number < 3:
            # Padding's 0 is no more than what a ReLU lets through.
            ends = [(0, 0)]
            for side in x.shape[1:3]:
                ends.append((-side % 4 // 2, -side % 4 - -side % 4 // 2))
            x = np.pad(x, [*ends, (0, 0)])
            height, width = (side // 4 for side in x.shape[1:3])
            x = x.reshape(1, height, 4, width, 4, 32).max((2, 4))
    assert x.shape[1:3] == ((1, 1) if sides == (227, 227) else (2, 3))
    np.testing.assert_allclose(
        backbone.predict_on_batch(images), x.mean((1, 2)), rtol=1e-3, atol=1e-4
    )
