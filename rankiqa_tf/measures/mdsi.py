"""MDSI: how unevenly edges and colours change over the image.

Ziaei Nafchi, Shahkolaei, Hedjam and Cheriet, "Mean deviation similarity index:
efficient and reliable full-reference image quality evaluator", IEEE Access 4, 2016.
"""

import math

import numpy as np
import tensorflow as tf

from rankiqa_tf.measures import gradients

# For values in 0..255: of edges, of edges against the images' mean, of colour.
_EDGES, _MEAN_EDGES, _COLOUR = 140.0, 55.0, 550.0
_PART_OF_EDGES = 0.6
_ROOT = 0.25
# From RGB to luminance and two chrominance channels, in columns.
_CHANNELS = np.array(
    [[0.2989, 0.30, 0.34], [0.5870, 0.04, -0.60], [0.1140, -0.35, 0.17]],
    np.float32,
)
_WANTED_SIDE = 256  # Images are averaged down to about this size.


def mdsi(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean deviation similarity index: 0 for equal images, higher is worse.

    Args:
        images: float32 [N, h, w, 3] in 0..1.
        references: the pristine images, with the same shape.

    Returns:
        float32 [N], from 0 to about 0.8.
    """
    channels = [_channels(each) for each in (images, references)]
    luminance = [each[..., :1] for each in channels]
    steep = [gradients.steepness(each) for each in luminance]
    steep_mean = gradients.steepness(tf.add_n(luminance) / 2)
    edges = (
        gradients.similarity(steep[0], steep[1], _EDGES)
        + gradients.similarity(steep[0], steep_mean, _MEAN_EDGES)
        - gradients.similarity(steep[1], steep_mean, _MEAN_EDGES)
    )
    colours = [each[..., 1:] for each in channels]
    products, squares = (
        tf.reduce_sum(each, -1, keepdims=True)
        for each in (
            2 * colours[0] * colours[1],
            tf.square(colours[0]) + tf.square(colours[1]),
        )
    )
    colour = (products + _COLOUR) / (squares + _COLOUR)
    alike = _PART_OF_EDGES * edges + (1 - _PART_OF_EDGES) * colour
    return _mean_deviation_of_roots(alike) ** _ROOT


def _channels(images: tf.Tensor) -> tf.Tensor:
    """Luminance and two chrominance channels of the averaged-down images."""
    # MATLAB rounds halves up.
    factor = max(1, math.floor(min(images.shape[1:3]) / _WANTED_SIDE + 0.5))
    averaged = tf.nn.avg_pool2d(images * 255, factor, factor, "VALID")
    return tf.tensordot(averaged, _CHANNELS, 1)


def _mean_deviation_of_roots(alike: tf.Tensor) -> tf.Tensor:
    """Returns the mean distance of the roots from their mean, for each of [N, h, w, 1].

    Similarities may be slightly negative; their roots are then complex, as in the
    authors' code.
    """
    length = tf.abs(alike) ** _ROOT
    angle = tf.where(alike < 0, math.pi * _ROOT, 0.0)
    roots = tf.concat([length * tf.cos(angle), length * tf.sin(angle)], -1)
    from_mean = roots - tf.reduce_mean(roots, axis=(1, 2), keepdims=True)
    return tf.reduce_mean(tf.norm(from_mean, axis=-1), axis=(1, 2))
