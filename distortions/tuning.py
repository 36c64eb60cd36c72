"""Distortions tuned to a given PSNR on each photo, and the search for their strength.

The contract of images, parameters and seeds is that of the package. TID2013 tunes the
strength of some kinds to 33, 30, 27, 24 and 21 dB on each photo. The PSNR is over all
three channels; strength is limited, so some photos cannot reach it.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from distortions import _ycbcr
from distortions import chance
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind

# At 60 dB the error is a quarter of an 8-bit step, too small to store.
PSNR = Parameter(none=60, above=0, most=60, unit="dB")

_TRIES = 10
_NEAR_ENOUGH = 10 ** (0.01 / 20)  # A hundredth of a decibel.

# In pixels. Beyond that, edges are not fringed; the photo appears three times.
_MOST_SHIFT = 32


@kind(psnr=PSNR)
def saturation_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Removes colour until the photo has a given PSNR; see `color.saturation_change`.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which leaves the photo
            about as it is.

    Returns:
        The image with less colour, or with opposite hues. The factor is in -1..1: a
        photo with too little colour for the PSNR gets -1, and keeps a higher PSNR.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's change of colour saturation (#18) is made like this, but with MATLAB's
    rgb2ycbcr and ycbcr2rgb for bytes, which round; here nothing is rounded.
    """
    grey = _ycbcr.luma(image)[..., tf.newaxis]
    colour = grey - image
    return tuned(
        lambda amount: tf.clip_by_value(image + amount * colour, 0.0, 1.0),
        image,
        psnr,
        most=2.0,
    )


@kind(psnr=PSNR)
def multiplicative_noise_to_psnr(
    image: tf.Tensor, psnr: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Multiplies each value by a normal one, as strongly as a given PSNR allows.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which leaves the photo
            about as it is.
        seed: int32 [2].

    Returns:
        The result of `noise.multiplicative_noise` with a deviation in 0..2. A photo too
        dark for the PSNR gets 2, and keeps a higher PSNR.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's multiplicative noise (#19) is made like this.
    """
    change = image * chance.normal(tf.shape(image), seed)
    return tuned(
        lambda amount: tf.clip_by_value(image + amount * change, 0.0, 1.0),
        image,
        psnr,
        most=2.0,
    )


@kind(psnr=PSNR)
def chromatic_aberration_to_psnr(image: tf.Tensor, psnr: Scalar) -> tf.Tensor:
    """Moves red right and blue left, as far as a given PSNR allows.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        psnr: of the result, in dB; more than 0, at most 60, which leaves the photo
            about as it is.

    Returns:
        The image with coloured edges. Both move by the same distance of 0..32 pixels,
        with linear interpolation between pixels; gaps are filled with the first or last
        pixel of the row. A photo too smooth for the PSNR gets 32, and keeps a higher
        PSNR.

    Raises:
        ValueError: if the PSNR is not more than 0 and at most 60.

    TID2013's chromatic aberrations (#23) are made like this up to 1 or 2 pixels; beyond
    that they have a second stage, which is unknown and not reproduced.
    """
    red, green, blue = tf.unstack(image, axis=-1)
    red, blue = _with_long_rows(red), _with_long_rows(blue)

    def moved(shift: tf.Tensor) -> tf.Tensor:
        shifted = [_moved_right(red, shift), green, _moved_right(blue, -shift)]
        return tf.stack(shifted, axis=-1)

    return tuned(moved, image, psnr, most=float(_MOST_SHIFT))


def tuned(
    distorted: Callable[[tf.Tensor], tf.Tensor],
    image: tf.Tensor,
    psnr: tf.Tensor,
    *,
    most: float,
) -> tf.Tensor:
    """Finds the amount of a distortion that gives a PSNR, and applies it.

    The error grows roughly as a power of the amount, 1 if it is proportional. Two tries
    give the power (the secant method in logarithms), and that the next amount; if this
    lies outside the bracket of amounts known to be too small and too large, the middle
    is tried instead. The search ends within a hundredth of a decibel, usually after
    three or four tries.

    Args:
        distorted: makes the image for an amount, a float32 scalar from 0 to `most`; 0
            changes nothing, and more changes more.
        image: float32 [height, width, 3], in [0, 1], the reference for the PSNR.
        psnr: float64 scalar, in dB.
        most: maximum amount, also used if even that is too little.

    Returns:
        `distorted` at that amount.
    """
    target = tf.cast(10.0 ** (-psnr / 20), tf.float32)
    end = tf.constant(most)

    def next_try(
        step: tf.Tensor,
        amount: tf.Tensor,
        low: tf.Tensor,
        high: tf.Tensor,
        last_amount: tf.Tensor,
        last_error: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        error = tf.sqrt(tf.reduce_mean(tf.square(distorted(amount) - image)))
        error = tf.maximum(error, 1e-9)  # For photos that nothing changes.
        low = tf.where(error < target, amount, low)
        high = tf.where(error < target, high, amount)
        power = tf.math.log(error / last_error) / tf.math.log(amount / last_amount)
        power = tf.where((power > 0.2) & (power < 5), power, 1.0)
        guess = amount * (target / error) ** (1 / power)
        within = (guess > low) & (guess < high)
        guess = tf.where(within, guess, (low + high) / 2)
        is_near = tf.abs(tf.math.log(target / error)) < math.log(_NEAR_ENOUGH)
        is_done = is_near | (low >= high)
        return (
            tf.where(is_done, _TRIES, step + 1),
            tf.where(is_done, amount, guess),
            low,
            high,
            amount,
            error,
        )

    _, amount, *_ = tf.while_loop(
        lambda step, *_: step < _TRIES,
        next_try,
        # The last amount and error before the first stand for a power of 1 at best.
        (tf.constant(0), end, tf.constant(0.0), end, end / 2, tf.constant(1.0)),
        parallel_iterations=1,
    )
    return distorted(amount)


def _with_long_rows(channel: tf.Tensor) -> tf.Tensor:
    """Extends rows by repeating their end pixels, one more than the maximum shift."""
    more = _MOST_SHIFT + 1
    first = tf.repeat(channel[:, :1], more, axis=1)
    last = tf.repeat(channel[:, -1:], more, axis=1)
    return tf.concat([first, channel, last], axis=1)


def _moved_right(long_rows: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Moves a channel by a fractional shift and trims its rows to their length."""
    margin = _MOST_SHIFT + 1
    sides = tf.shape(long_rows) - [0, 2 * margin]
    whole = tf.floor(shift)
    start = margin - tf.cast(whole, tf.int32)
    near = tf.slice(long_rows, [0, start], sides)
    far = tf.slice(long_rows, [0, start - 1], sides)
    return near + (shift - whole) * (far - near)
