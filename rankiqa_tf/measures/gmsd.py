"""GMSD: how unevenly edges change over the image.

Xue, Zhang, Mou and Bovik, "Gradient magnitude similarity deviation: a highly efficient
perceptual image quality index", IEEE Transactions on Image Processing 23(2), 2014.
"""

import tensorflow as tf

from rankiqa_tf.measures import gradients

_CONSTANT = 170.0  # For luma in 0..255.


def gmsd(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Gradient magnitude similarity deviation: 0 for equal images, higher is worse.

    Args:
        images: float32 [N, h, w, 3] in 0..1, with sides of 4 pixels or more.
        references: the pristine images, with the same shape.

    Returns:
        float32 [N], from 0 to about 0.35.
    """
    steep = [
        gradients.steepness(gradients.halved(gradients.luma(each) * 255))
        for each in (images, references)
    ]
    alike = gradients.similarity(steep[0], steep[1], _CONSTANT)
    count = tf.cast(tf.reduce_prod(tf.shape(alike)[1:]), tf.float32)
    # The sample standard deviation, like MATLAB's std2.
    return tf.math.reduce_std(alike, axis=(1, 2, 3)) * tf.sqrt(count / (count - 1))
