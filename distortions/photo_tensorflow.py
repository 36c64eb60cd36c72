"""Decoding JPEG and PNG with TensorFlow, to the pixels that Pillow gives."""

import contextlib

import numpy as np
import tensorflow as tf

from distortions.photo_header import Header
from distortions.photo_header import PhotoError


def decode(contents: bytes, header: Header) -> np.ndarray:
    """Decodes a plain JPEG or PNG.

    Args:
        contents: the bytes of the file.
        header: the file's header.

    Returns:
        uint8 [height, width, 3], RGB, upright.

    Raises:
        PhotoError: if it is damaged.
    """
    try:
        with tf.device("CPU:0"):
            if header.kind == "jpeg":
                image = decode_jpeg(tf.constant(contents))
            else:
                image = tf.io.decode_png(tf.constant(contents), 3)
            return upright(image, tf.constant(header.orientation)).numpy()
    except tf.errors.OpError:
        raise PhotoError("the photo is damaged or cut short") from None


def glance(contents: bytes) -> None:
    """Decodes only an eighth of a JPEG's lines, to collect the decoder's warnings."""
    with contextlib.suppress(tf.errors.OpError), tf.device("CPU:0"):
        tf.io.decode_jpeg(contents, ratio=8)


def decode_jpeg(contents: tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG to the pixels that Pillow's decoder gives."""
    # The default method differs by up to 4 levels.
    return tf.io.decode_jpeg(contents, 3, dct_method="INTEGER_ACCURATE")


def upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns a photo upright.

    Args:
        image: [height, width, channels].
        orientation: int32 scalar, 1 to 8, as in EXIF: which sides of the scene the
            stored first row and first column are.

    Returns:
        The photo, its sides swapped where orientation is 5 or more.
    """

    def turned(image: tf.Tensor) -> tf.Tensor:
        image = tf.cond(
            orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image
        )
        for axis, values in ((1, [2, 3, 6, 7]), (0, [3, 4, 7, 8])):
            image = tf.cond(
                tf.reduce_any(orientation == values),
                lambda image=image, axis=axis: tf.reverse(image, [axis]),
                lambda image=image: image,
            )
        return image

    return tf.cond(orientation == 1, lambda: image, lambda: turned(image))
