"""JPEG 2000 compression. The contract of images is that of the package."""

import tensorflow as tf

from distortions import _pillow
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import checked_image
from distortions.kinds import kind
from distortions.tuning import PSNR

RATIO = Parameter(none=1, least=1, log=True)


# The bits of the file are shared out over the photo.
@kind(ratio=RATIO)
def jpeg2000(image: tf.Tensor, ratio: Scalar) -> tf.Tensor:
    """Compresses the image as JPEG 2000, as coders do by default where loss is allowed.

    That is with the irreversible (9/7) wavelet, of brightness and colours rather than
    red, green and blue.

    Pillow does it, in processes of its own (see `_pillow.run` for what that excludes).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: of the size at 24 bits a pixel to that of the file; at least 1.

    Returns:
        The image as it comes back. A file's headers take about 250 bytes: where the
        ratio leaves no more than that, nothing remains of the image but grey.

    Raises:
        ValueError: if the ratio is less than 1.
    """
    file = _pillow.encoded("encode_jpeg2000", image, ratio)
    return _pillow.decoded(file, image.shape)


@kind(psnr=PSNR)
def jpeg2000_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Compresses the image as JPEG 2000, as far as a PSNR allows.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which leaves the photo
            about as it is.

    Returns:
        The image as it comes back from Pillow, as that of `jpeg2000` does; within 0.2
        dB of the PSNR, if steps of the file are not coarser, as of small images.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's JPEG 2000 (#11) has 33, 30, 27, 24 and 21 dB on each photo. OpenJPEG takes
    a PSNR, but its own estimate of that is up to 1 dB off: what it makes is measured,
    and it is asked for as much more or less.
    """
    return _pillow.remade("compress_jpeg2000_to_psnr", image, psnr)


def encode_jpeg2000(image: tf.Tensor, ratio: Scalar) -> tf.Tensor:
    """Makes the JPEG 2000 file (.jp2) from which `jpeg2000` reads its image.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: of the size at 24 bits a pixel to that of the file; at least 1.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the ratio is less than 1.
    """
    ratio = RATIO.checked("ratio", ratio)
    return _pillow.encoded("encode_jpeg2000", checked_image(image), ratio)


def encode_jpeg2000_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Makes the JPEG 2000 file (.jp2) from which `jpeg2000_to_psnr` reads its image.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the image in the file, in dB; more than 0, at most 60.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.
    """
    psnr = PSNR.checked("psnr", psnr)
    return _pillow.encoded("encode_jpeg2000_to_psnr", checked_image(image), psnr)
