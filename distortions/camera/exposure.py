"""Exposure. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions.camera import light
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE


@kind(reach=POINTWISE, ev=Parameter(none=0, unit="EV"))
def exposure(image: tf.Tensor, ev: Scalar) -> tf.Tensor:
    """Changes the exposure: doubles the light for each EV, and clips it at white.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ev: exposure value, in stops; negative is darker.

    Returns:
        The under- or overexposed image. Channels clip separately, as on a sensor, so
        bright colours turn pale and then white.

    Raises:
        ValueError: if ev is not finite.

    A stop is a factor of two in linear light, here that of sRGB (IEC 61966-2-1).
    """
    gain = tf.cast(tf.pow(tf.constant(2, tf.float64), ev), tf.float32)
    return light.from_linear(gain * light.to_linear(image))
