"""MS-SSIM: structural similarity of two images at five scales.

Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality
assessment", Asilomar Conference on Signals, Systems and Computers, 2003.
"""

import tensorflow as tf

from rankiqa_tf.measures import gradients

SMALLEST = 176  # From here on, the 11-pixel window fits the coarsest scale.


def ms_ssim(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Multi-scale structural similarity of luma: 1 for equal images, lower is worse.

    Args:
        images: float32 [N, h, w, 3] in 0..1, with sides of 176 pixels or more.
        references: the pristine images, with the same shape.

    Returns:
        float32 [N], from 0 to 1.
    """
    return tf.image.ssim_multiscale(
        gradients.luma(images), gradients.luma(references), max_val=1.0
    )
