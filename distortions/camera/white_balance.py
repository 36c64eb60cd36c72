"""White balance. The contract of images and parameters is that of the package."""

import numpy as np
import tensorflow as tf

from distortions.camera import light
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import POINTWISE

_WHITE = 1e6 / 6504  # Of daylight, D65, in mired.
# Rows: X, Y, Z to red, green, blue light of sRGB (IEC 61966-2-1).
_FROM_XYZ = np.array(
    [
        [3.2406, -1.5372, -0.4986],
        [-0.9689, 1.8758, 0.0415],
        [0.0557, -0.2040, 1.0570],
    ]
)


@kind(reach=POINTWISE, mired=Parameter(none=0, least=-300, most=300, unit="mired"))
def white_balance(image: tf.Tensor, mired: Scalar) -> tf.Tensor:
    """Adds a tint, like a camera set to the wrong kind of light.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        mired: how wrong the setting is, in millionths of 1 / kelvin; in -300..300.
            Positive is warm: a lamp of 1e6 / (154 + mired) kelvin taken for daylight of
            6500 K. Negative is cool: daylight, with the camera set to that lamp. A lamp
            of 2856 K is 196.

    Returns:
        The tinted image: each channel of linear light multiplied by a factor, such that
        white keeps its luminance, and clipped to [0, 1].

    Raises:
        ValueError: if mired is not in -300..300.

    The colour of a lamp is Planck's, by the approximation of M. Krystek ("An algorithm
    to calculate correlated colour temperature", Color Research & Application 10, 1985),
    valid down to 1000 K. People perceive equal steps in mired as about equal, which is
    why lens filters are sold by it.
    """
    lamp = _planckian(_WHITE + tf.abs(mired)) / _planckian(
        tf.constant(_WHITE, tf.float64)
    )
    gains = tf.where(mired > 0, lamp, 1 / lamp)
    gains /= tf.reduce_sum(gains * light.LUMINANCE)
    return light.from_linear(light.to_linear(image) * tf.cast(gains, tf.float32))


def _planckian(mired: Scalar) -> tf.Tensor:
    """Returns the colour of a black body: red, green and blue light, float64 [3]."""
    kelvin = 1e6 / mired
    u = (0.860117757 + 1.54118254e-4 * kelvin + 1.28641212e-7 * kelvin**2) / (
        1 + 8.42420235e-4 * kelvin + 7.08145163e-7 * kelvin**2
    )
    v = (0.317398726 + 4.22806245e-5 * kelvin + 4.20481691e-8 * kelvin**2) / (
        1 - 2.89741816e-5 * kelvin + 1.61456053e-7 * kelvin**2
    )
    # Of CIE 1960's u and v, with a luminance of 1: X / Y = x / y and so on.
    x, y = 3 * u, 2 * v
    xyz = tf.stack([x / y, tf.ones_like(x), (2 * u - 8 * v + 4 - x - y) / y])
    return tf.linalg.matvec(tf.constant(_FROM_XYZ), xyz)
