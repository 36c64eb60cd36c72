"""Palettes. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _pillow
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.tuning import PSNR


# The palette depends on the whole photo.
@kind(colors=Parameter(none=256, least=2, most=256, whole=True, log=True))
def color_quantization(image: tf.Tensor, colors: Scalar) -> tf.Tensor:
    """Reduces the image to a palette of few colours, with Floyd-Steinberg dithering.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        colors: maximum number of colours, a whole number in 2..256.

    Returns:
        The dithered image. The palette is the image's own, found by median cut.

    Raises:
        ValueError: if colors is not a whole number of 2..256.

    TID2013 has "image color quantization with dither" (#22). RankIQA's code calls
    MATLAB's rgb2ind(image, colors), which finds the palette by minimum variance; median
    cut, which Pillow has, is our choice.
    """
    return _pillow.remade("quantize_colors", image, colors)


# The palette depends on the whole photo.
@kind(psnr=PSNR)
def color_quantization_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Reduces the image to as few colours as a PSNR requires, with dithering.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which keeps 256 colours.

    Returns:
        The dithered image, as from `color_quantization`, with 2..256 colours:
        approximately the number whose PSNR is nearest. A photo with many colours may
        not reach 33 dB even with 256, and one with few may not go down to 21 dB even
        with 2.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's colour quantization (#22) is tuned like this, with minimum variance
    palettes; median cut, which Pillow has, needs some more colours for the same PSNR.
    """
    return _pillow.remade("quantize_colors_to_psnr", image, psnr)
