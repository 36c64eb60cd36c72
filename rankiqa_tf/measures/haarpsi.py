"""HaarPSI: similarity of two images in Haar wavelets, weighted by their strength.

Reisenhofer, Bosse, Kutyniok and Wiegand, "A Haar wavelet-based perceptual similarity
index for image quality assessment", Signal Processing: Image Communication 61, 2018.
"""

import numpy as np
import tensorflow as tf

from rankiqa_tf.measures import gradients

_CONSTANT = 30.0  # For values in 0..255.
_STEEPNESS = 4.2  # Of the logistic curve applied to similarities.
# From RGB to YIQ, in columns.
_YIQ = np.array(
    [[0.299, 0.596, 0.211], [0.587, -0.274, -0.523], [0.114, -0.322, 0.312]],
    np.float32,
)
_SCALES = 3


def haarpsi(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Haar wavelet-based perceptual similarity: 1 for equal images, lower is worse.

    Args:
        images: float32 [N, h, w, 3] in 0..1.
        references: the pristine images, with the same shape.

    Returns:
        float32 [N], from 0 to 1.
    """
    yiq = [
        gradients.halved(tf.tensordot(each * 255, _YIQ, 1))
        for each in (images, references)
    ]
    wavelets = [_wavelets(each[..., :1]) for each in yiq]
    similarities, weights = [], []
    for direction in (0, 1):
        scales = [[w[scale][..., direction] for w in wavelets] for scale in range(3)]
        fine = [
            gradients.similarity(pair[0], pair[1], _CONSTANT) for pair in scales[:2]
        ]
        similarities.append(tf.add_n(fine) / 2)
        weights.append(tf.maximum(*scales[2]))
    colours = [tf.abs(gradients.mean_of_4(each[..., 1:])) for each in yiq]
    similarities.append(
        tf.reduce_mean(gradients.similarity(colours[0], colours[1], _CONSTANT), axis=-1)
    )
    weights.append((weights[0] + weights[1]) / 2)
    curved = tf.sigmoid(_STEEPNESS * tf.stack(similarities, -1))
    weight = tf.stack(weights, -1)
    mean = tf.reduce_sum(curved * weight, axis=(1, 2, 3)) / tf.reduce_sum(
        weight, axis=(1, 2, 3)
    )
    return tf.square((tf.math.log(mean) - tf.math.log1p(-mean)) / _STEEPNESS)


def _wavelets(luma: tf.Tensor) -> list[tf.Tensor]:
    """Absolute coefficients along rows and columns, [N, h, w, 2], fine to coarse."""
    found = []
    for scale in range(1, _SCALES + 1):
        side = 2**scale
        steps = tf.concat([tf.ones(side // 2), -tf.ones(side // 2)], 0) / side
        rows = tf.tile(steps[:, tf.newaxis], [1, side])
        kernels = tf.stack([rows, tf.transpose(rows)], -1)[:, :, tf.newaxis]
        found.append(tf.abs(tf.nn.conv2d(_around(luma, side), kernels, 1, "VALID")))
    return found


def _around(maps: tf.Tensor, side: int) -> tf.Tensor:
    """Zero-pads for a filter with even sides, like MATLAB's conv2."""
    edge = [side // 2 - 1, side // 2]
    return tf.pad(maps, [[0, 0], edge, edge, [0, 0]])
