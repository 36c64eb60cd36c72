"""Haze. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions.camera import light
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE


@kind(
    reach=POINTWISE,
    depth=Parameter(none=0, least=0),
    airlight=Parameter(none=0.8, least=0, most=1),
)
def haze(image: tf.Tensor, depth: Scalar, airlight: Scalar) -> tf.Tensor:
    """Adds haze: less contrast, and lighter shadows.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        depth: optical depth of the air, the same everywhere; at least 0. A fraction
            exp(-depth) of the light passes through.
        airlight: light scattered towards the camera by air so deep that nothing else is
            visible; grey, in 0..1 in linear light.

    Returns:
        The hazy image: light t + airlight (1 - t), t = exp(-depth), in linear light.

    Raises:
        ValueError: if the depth is less than 0, or the airlight not of 0..1.

    The formula is Koschmieder's (1924), as in all work on haze removal (Narasimhan and
    Nayar, "Vision and the atmosphere", IJCV 2002). The distance of things in a photo is
    unknown, so the depth is the same everywhere.
    """
    share = tf.exp(-depth)
    veil = tf.cast(airlight * (1 - share), tf.float32)
    return light.from_linear(light.to_linear(image) * tf.cast(share, tf.float32) + veil)
