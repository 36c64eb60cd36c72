"""Transmission errors. The contract of images and seeds is that of the package.

A compressed image is transmitted, some of its bits arrive flipped, and a decoder makes
the best of it. With the same seed and compression, a higher error rate flips the bits
of a lower rate and more.
"""

import tensorflow as tf

from distortions import _pillow
from distortions import jpeg
from distortions import jpeg2000
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind

_ERROR_RATE = Parameter(none=0, least=0, most=0.5, log=True)


# Both need the whole photo, which is a single stream.
@kind(events=True, quality=jpeg.QUALITY, error_rate=_ERROR_RATE)
def jpeg_transmission_errors(
    image: tf.Tensor, quality: Scalar, error_rate: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Sends the image as JPEG and flips some bits of the entropy-coded data.

    An error desynchronises the decoder until the next restart marker, of which there is
    one for every 128 x 16 pixels: wrong blocks, followed by wrong brightness or colour.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: libjpeg quality, a whole number in 0..100.
        error_rate: fraction of bits to flip, in 0..0.5.
        seed: int32 [2].

    Returns:
        What libjpeg decodes, through Pillow.

    Raises:
        ValueError: if quality or error_rate is out of range.

    TID2013 has "JPEG transmission errors" (#12); how its authors made them is unknown.
    That headers and markers are spared, and that there are restart markers, is our
    choice: without them, the first error would spoil the rest of the image. One per row
    of blocks would be more usual, but would spoil wide images more than others.
    """
    return _pillow.remade("transmit_jpeg", image, quality, error_rate, seed=seed)


@kind(events=True, ratio=jpeg2000.RATIO, error_rate=_ERROR_RATE)
def jpeg2000_transmission_errors(
    image: tf.Tensor, ratio: Scalar, error_rate: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Sends the image as JPEG 2000 and flips some bits of the wavelet coefficients.

    An error spoils the rest of its code-block, 16 x 16 coefficients of luma or chroma
    at one scale, so that patches of ripples appear, in many sizes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: size at 24 bits per pixel divided by the size of the file; at least 1.
        error_rate: fraction of bits to flip, in 0..0.5.
        seed: int32 [2].

    Returns:
        What OpenJPEG decodes, through Pillow.

    Raises:
        ValueError: if ratio or error_rate is out of range.

    TID2013 has "JPEG2000 transmission errors" (#13); how its authors made them is
    unknown. That the headers of files and packets are spared is our choice: without
    them nothing can be decoded, and the standard provides for sending them separately.
    """
    return _pillow.remade("transmit_jpeg2000", image, ratio, error_rate, seed=seed)
