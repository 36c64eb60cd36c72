"""Transmission errors. The contract of images and seeds is that of the package.

A compressed image is sent, some of its bits arrive flipped, and a decoder makes of it
what it can. With the same seed and compression, a higher rate of errors flips the bits
of a lower rate and further ones.
"""

import tensorflow as tf

from distortions import _pillow
from distortions import jpeg
from distortions import jpeg2000
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind

_ERROR_RATE = Parameter(none=0, least=0, most=0.5, log=True)


# Both need the whole photo: its stream is one.
@kind(events=True, quality=jpeg.QUALITY, error_rate=_ERROR_RATE)
def jpeg_transmission_errors(
    image: tf.Tensor, quality: Scalar, error_rate: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Sends the image as JPEG and flips some bits of the entropy-coded data.

    An error puts the decoder out of step until the next restart marker, of which there
    is one for every 128 x 16 pixels: wrong blocks, and then a wrong brightness or
    colour.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libjpeg, a whole number of 0..100.
        error_rate: the share of bits that are flipped, in 0..0.5.
        seed: int32 [2].

    Returns:
        What libjpeg, by way of Pillow, decodes.

    Raises:
        ValueError: if quality or error_rate is out of range.

    TID2013 has "JPEG transmission errors" (#12); how its authors made them we do not
    know. That headers and markers are spared, and that there are restart markers, is
    our choice: without them, the first error would spoil the rest of the image. One
    for every row of blocks would be more usual, but spoil wide images more than others.
    """
    return _pillow.remade("transmit_jpeg", image, quality, error_rate, seed=seed)


@kind(events=True, ratio=jpeg2000.RATIO, error_rate=_ERROR_RATE)
def jpeg2000_transmission_errors(
    image: tf.Tensor, ratio: Scalar, error_rate: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Sends the image as JPEG 2000 and flips some bits of the wavelet coefficients.

    An error spoils the rest of its code-block, 16 x 16 coefficients of brightness or of
    a colour at one scale, so that patches of ripples appear, of many sizes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: of the size at 24 bits a pixel to that of the file; at least 1.
        error_rate: the share of bits that are flipped, in 0..0.5.
        seed: int32 [2].

    Returns:
        What OpenJPEG, by way of Pillow, decodes.

    Raises:
        ValueError: if ratio or error_rate is out of range.

    TID2013 has "JPEG2000 transmission errors" (#13); how its authors made them we do
    not know. That the headers of files and packets are spared is our choice: without
    them nothing can be decoded, and the standard has means to send them apart.
    """
    return _pillow.remade("transmit_jpeg2000", image, ratio, error_rate, seed=seed)
