"""Palettes. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _pillow
from distortions import _uint8
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind


# The palette is the photo's.
@kind(colors=Parameter(none=256, least=2, most=256, whole=True, log=True))
def color_quantization(image: tf.Tensor, colors: Scalar) -> tf.Tensor:
    """Takes the image to a palette of few colours, dithered (Floyd-Steinberg).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        colors: at most how many, a whole number of 2..256.

    Returns:
        The dithered image. The palette is the image's own, found by median cut.

    Raises:
        ValueError: if colors is not a whole number of 2..256.

    TID2013 has "image color quantization with dither" (#22). RankIQA's code calls
    MATLAB's rgb2ind(image, colors), which finds the palette by minimum variance; median
    cut, which Pillow has, is our choice.
    """
    pixels = _pillow.run("quantize_colors", _uint8.from_float(image), colors)
    return tf.ensure_shape(_uint8.to_float(pixels), image.shape)
