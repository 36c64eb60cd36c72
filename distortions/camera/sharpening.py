"""Sharpening. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _filters
from distortions import _ycbcr
from distortions import blur
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach


@kind(
    reach=Reach(lambda _, sigma: blur.kernel_radius(sigma)),
    amount=Parameter(none=0, least=0, log=True),
    sigma=Parameter(none=1, above=0, unit="pixels", log=True),
)
def sharpening(image: tf.Tensor, amount: Scalar, sigma: Scalar) -> tf.Tensor:
    """Adds a photo's detail to it again: edges get halos, and noise stands out.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        amount: how much of the detail is added; at least 0. 1 doubles it.
        sigma: of the Gaussian blur that is subtracted to get the detail, in pixels;
            more than 0. The halos are about twice as wide.

    Returns:
        The image sharpened, clipped to [0, 1].

    Raises:
        ValueError: if the amount is less than 0, or sigma not more than 0.

    This is an unsharp mask, as in cameras and editors: on sRGB values rather than
    light, and on luma alone (BT.601), since the halos would otherwise be coloured.
    """
    kernel = _filters.gaussian(sigma, blur.kernel_radius(sigma))
    detail = _ycbcr.luma(image - _filters.along_both_axes(image, kernel))
    detail = detail[..., tf.newaxis]
    return tf.clip_by_value(image + tf.cast(amount, tf.float32) * detail, 0.0, 1.0)
