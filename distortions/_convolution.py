"""Convolution with a kernel that is no product of two lines, such as a disk."""

import tensorflow as tf

from distortions import mirror


def convolved(pixels: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolves planes, mirrored beyond their edges, with a kernel of odd sides.

    It goes by Fourier's transform: at 17 x 17 taps that is faster than
    tf.nn.depthwise_conv2d, and it hardly depends on how many there are. Double
    precision makes a crop's pixels those of the photo.

    Args:
        pixels: float32 [height, width, planes], of any range.
        kernel: floats [rows, columns]. Nothing is clipped, whatever its sum.

    Returns:
        float32 [height, width, planes].
    """
    sides = tf.unstack(tf.shape(pixels)[:2])
    taps = tf.unstack(tf.shape(kernel))
    # More than is needed, to a number with small factors, which transforms faster.
    framed = [-(-(sides[i] + taps[i] - 1) // 16) * 16 for i in range(2)]
    planes = pixels
    for axis in range(2):
        places = tf.range(framed[axis]) - taps[axis] // 2
        planes = tf.gather(planes, mirror.mirrored(places, sides[axis]), axis=axis)
    planes = tf.cast(tf.transpose(planes, [2, 0, 1]), tf.float64)
    kernel = tf.cast(kernel, tf.float64)
    padded = tf.pad(kernel, [[0, framed[i] - taps[i]] for i in range(2)])
    spectrum = tf.signal.rfft2d(planes) * tf.signal.rfft2d(padded)
    planes = tf.signal.irfft2d(spectrum, fft_length=tf.stack(framed))
    # Before the first full overlap lies what has gone round the edges.
    planes = planes[:, taps[0] - 1 :, taps[1] - 1 :][:, : sides[0], : sides[1]]
    return tf.ensure_shape(
        tf.cast(tf.transpose(planes, [1, 2, 0]), tf.float32), pixels.shape
    )


def gaussian(sigma: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """A Gaussian kernel in two dimensions, float64 [side, side], whose sum is 1.

    Args:
        sigma: float64 scalar, its standard deviation in pixels.
        radius: int32 scalar, how many pixels along an axis it is cut from its middle.
    """
    places = tf.cast(tf.range(-radius, radius + 1), tf.float64)
    weights = tf.exp(-0.5 * tf.square(places / sigma))
    weights /= tf.reduce_sum(weights)
    return weights[:, tf.newaxis] * weights
