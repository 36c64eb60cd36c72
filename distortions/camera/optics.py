"""Blur by the lens and by camera motion, in linear light.

Each is a set of places that a point of light is spread over. The contract of images,
parameters and seeds is that of the package.
"""

import math

import numpy as np
import tensorflow as tf

from distortions import _filters
from distortions import chance
from distortions.camera import light
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

_LENGTH = Parameter(none=0, least=0, unit="pixels", log=True)


def _whole(extent: Scalar) -> tf.Tensor:
    """Rounds up to whole pixels."""
    return tf.cast(tf.math.ceil(tf.cast(extent, tf.float64)), tf.int32)


def _half(length: Scalar, *_: Scalar) -> tf.Tensor:
    """Half the length in pixels, rounded up."""
    return _whole(tf.cast(length, tf.float64) / 2)


# Points spread evenly over a disk of radius 1 along Vogel's spiral ("A better way to
# construct the sunflower head", 1979), and their opposites: [4096, 2].
_TURNS = np.arange(2048) * math.pi * (3 - math.sqrt(5))
_DISK = np.sqrt((np.arange(2048) + 0.5) / 2048) * [np.sin(_TURNS), np.cos(_TURNS)]
_DISK = np.concatenate([_DISK, -_DISK], axis=1).T

# Points of a line of length 1 about its middle.
_LINE = (np.arange(1024) + 0.5) / 1024 - 0.5


@kind(reach=Reach(_whole), radius=Parameter(none=0, least=0, unit="pixels", log=True))
def defocus(image: tf.Tensor, radius: Scalar) -> tf.Tensor:
    """Spreads each point of light over a disk, as a lens that is out of focus does.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        radius: of the disk, in pixels; at least 0, need not be whole.

    Returns:
        The blurred image. Light is added up, not sRGB values, so small lights become
        bright disks. Beyond its edges the image is mirrored.

    Raises:
        ValueError: if the radius is less than 0.

    The circle of confusion is that of geometrical optics for a round aperture. It is
    sampled at 4096 points, each distributed among the four pixels around it.
    """
    points = radius * tf.constant(_DISK)
    return _spread(image, points, _whole(radius))


@kind(reach=Reach(_half), length=_LENGTH, angle=Parameter(none=0, unit="degrees"))
def motion_blur(image: tf.Tensor, length: Scalar, angle: Scalar) -> tf.Tensor:
    """Spreads each point of light over a line, as a panning camera does.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        length: of the line, in pixels; at least 0.
        angle: of the line, in degrees from the horizontal, counterclockwise.

    Returns:
        The blurred image. Light is added up, not sRGB values. Beyond its edges the
        image is mirrored.

    Raises:
        ValueError: if the length is less than 0.

    The camera moves at constant speed while the shutter is open. The line is sampled at
    1024 points, each distributed among the four pixels around it.
    """
    turn = angle * (math.pi / 180)
    direction = tf.stack([-tf.sin(turn), tf.cos(turn)])  # Rows count downwards.
    points = length * tf.constant(_LINE)[:, tf.newaxis] * direction
    return _spread(image, points, _half(length))


# Number of moments while the shutter is open, and the fraction of its speed the camera
# keeps from one to the next, so that it forgets it in a quarter of the exposure.
_MOMENTS = 512
_KEPT = math.exp(-4 / _MOMENTS)
_TIMES = np.arange(_MOMENTS)
_SPEEDS = np.tril(_KEPT ** np.maximum(_TIMES[:, np.newaxis] - _TIMES, 0))
_SPEEDS[:, 0] /= math.sqrt(1 - _KEPT**2)  # It does not start at rest.
# From random pushes to positions: pushes persist, and speeds add up.
_PATH = np.cumsum(_SPEEDS, axis=0)
_PATH = (_PATH - _PATH.mean(axis=0)).astype(np.float32)


# The levels of a photo share the path: otherwise a long straight one might do less harm
# than a short crooked one.
@kind(reach=Reach(_half), events=True, length=_LENGTH)
def camera_shake(image: tf.Tensor, length: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Spreads each point of light over a random smooth path, as a shaken camera does.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        length: diameter of the smallest circle around the path's mean that contains the
            path, in pixels; at least 0. The path itself may be longer.
        seed: int32 [2].

    Returns:
        The blurred image. Light is added up, not sRGB values. Beyond its edges the
        image is mirrored. It keeps its position, as the path is centred on its mean.

    Raises:
        ValueError: if the length is less than 0.

    The camera's speed is a random walk that is pulled towards rest (an
    Ornstein-Uhlenbeck process) along both axes, as in G. Boracchi and A. Foi, "Modeling
    the performance of image restoration from motion blur", IEEE TIP 2012, without their
    sudden jerks.
    """
    path = tf.matmul(tf.constant(_PATH), chance.normal([_MOMENTS, 2], seed))
    farthest = tf.sqrt(tf.reduce_max(tf.reduce_sum(tf.square(path), axis=1)))
    unit = tf.cast(tf.math.divide_no_nan(path, farthest), tf.float64)
    # Keeps rounding from moving it out of its circle.
    return _spread(image, (1 - 1e-6) * length / 2 * unit, _half(length))


def _spread(image: tf.Tensor, points: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Spreads each point of light over others.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        points: float64 [points, 2]: offsets, down and right in pixels, of equal shares
            of the light.
        radius: int32 scalar; maximum offset along an axis.

    Returns:
        The blurred image.
    """
    blurred = _filters.convolved(light.to_linear(image), _kernel(points, radius))
    return light.from_linear(tf.ensure_shape(blurred, image.shape))


def _kernel(points: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Returns the share of light at each pixel, float32 [side, side], with a sum of 1.

    A point's light is distributed among the pixels around it, so that the kernel is a
    smooth function of the points.
    """
    places = tf.cast(tf.range(-radius, radius + 1), tf.float32)
    distances = tf.abs(tf.cast(points, tf.float32)[..., tf.newaxis] - places)
    down, across = tf.unstack(tf.maximum(1 - distances, 0.0), axis=1)
    kernel = tf.matmul(down, across, transpose_a=True)
    return kernel / tf.reduce_sum(kernel)
