"""Too few tones. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import color
from distortions import denoising
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach


def _margin(_: Scalar) -> int:
    return denoising.THRESHOLD_MARGIN


@kind(
    reach=Reach(_margin, grid=denoising.GRID),
    bits=Parameter(none=8, least=1, most=8),
)
def banding(image: tf.Tensor, bits: Scalar) -> tf.Tensor:
    """Reduces each channel to few tones, so that skies show bands.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        bits: there are 2**bits tones, evenly spaced from black to white in sRGB values;
            at least 1, at most 8. If it is not whole, white lies between two tones.

    Returns:
        The image with few tones.

    Raises:
        ValueError: if there are fewer bits than 1 or more than 8.

    This does more than `color.quantization`: noise of a third of a step or more would
    turn bands into a fine mixture of two tones (dither), and many photos have that much
    noise in skies. Where people see bands, in video and in photos denoised by a phone,
    the noise was removed first. So it is here: `denoising.dct_threshold` with one step
    preserves edges, and texture that is stronger than the bands.
    """
    step = 1 / (tf.pow(tf.constant(2.0, tf.float64), bits) - 1)
    return color.quantization(denoising.dct_threshold(image, step), step)
