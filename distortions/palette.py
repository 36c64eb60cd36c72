"""Palettes. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _pillow
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.tuning import PSNR


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
    return _pillow.remade("quantize_colors", image, colors)


# The palette is the photo's.
@kind(psnr=PSNR)
def color_quantization_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Takes the image to as few colours as a PSNR allows, dithered.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which keeps 256 colours.

    Returns:
        The dithered image, as of `color_quantization`, of 2..256 colours: of all
        numbers of them about the one whose PSNR is nearest. A photo with many colours
        may not have 33 dB even with 256, nor one with few as little as 21 with 2.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's colour quantization (#22) is tuned so, with palettes of minimum variance;
    median cut, which Pillow has, takes some more colours for the same PSNR.
    """
    return _pillow.remade("quantize_colors_to_psnr", image, psnr)
