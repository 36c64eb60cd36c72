"""JPEG 2000 compression. The contract of images is that of the package."""

import tensorflow as tf

from distortions import _pillow
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import checked_image
from distortions.kinds import kind
from distortions.tuning import PSNR

RATIO = Parameter(none=1, least=1, log=True)


# The file's bits are allocated over the whole photo.
@kind(ratio=RATIO)
def jpeg2000(image: tf.Tensor, ratio: Scalar) -> tf.Tensor:
    """Compresses the image as JPEG 2000, with the usual settings for lossy compression.

    These are the irreversible (9/7) wavelet, and luma and chroma rather than RGB.

    Pillow does the work, in separate processes (see `_pillow.run` for the limitations).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: size at 24 bits per pixel divided by the size of the file; at least 1.

    Returns:
        The decoded image. A file's headers take about 250 bytes: if the ratio leaves no
        more than that, only grey remains of the image.
        ratio leaves no more than that, nothing remains of the image but grey.

    Raises:
        ValueError: if the ratio is less than 1.
    """
    file = _pillow.encoded("encode_jpeg2000", image, ratio)
    return _pillow.decoded(file, image.shape)


@kind(psnr=PSNR)
def jpeg2000_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Compresses the image as JPEG 2000, to a given PSNR.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which leaves the photo
            about as it is.

    Returns:
        The image decoded by Pillow, as for `jpeg2000`; within 0.2 dB of the PSNR,
        unless the file's steps are coarser, as for small images.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's JPEG 2000 (#11) has 33, 30, 27, 24 and 21 dB on each photo. OpenJPEG
    accepts a PSNR, but its own estimate is up to 1 dB off, so the result is measured
    and the target adjusted.
    """
    return _pillow.remade("compress_jpeg2000_to_psnr", image, psnr)


def encode_jpeg2000(image: tf.Tensor, ratio: Scalar) -> tf.Tensor:
    """Returns the JPEG 2000 file (.jp2) that `jpeg2000` decodes.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: size at 24 bits per pixel divided by the size of the file; at least 1.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the ratio is less than 1.
    """
    ratio = RATIO.checked("ratio", ratio)
    return _pillow.encoded("encode_jpeg2000", checked_image(image), ratio)


def encode_jpeg2000_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Returns the JPEG 2000 file (.jp2) that `jpeg2000_to_psnr` decodes.

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
