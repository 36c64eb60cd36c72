"""JPEG compression. The contract of images and parameters is that of the package."""

import tensorflow as tf

from distortions import _uint8


def jpeg(image: tf.Tensor, quality: int) -> tf.Tensor:
    """Compresses the image as JPEG, colours at half the resolution (4:2:0).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libjpeg, a whole number of 0..100; 0 is the same as 1.

    Returns:
        The image as it comes back, equal to Pillow's bit for bit.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
    """
    encoded = encode_jpeg(image, quality)
    # TensorFlow's default is a faster transform, up to 4 of 255 off.
    decoded = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(_uint8.to_float(decoded), image.shape)


def encode_jpeg(image: tf.Tensor, quality: int) -> tf.Tensor:
    """Makes the JPEG file from which `jpeg` reads its image.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        quality: of libjpeg, a whole number of 0..100; 0 is the same as 1.

    Returns:
        The bytes of the file, a scalar string.

    Raises:
        ValueError: if the quality is not a whole number of 0..100.
    """
    check_quality(quality)
    return tf.io.encode_jpeg(
        _uint8.from_float(image),
        format="rgb",
        quality=quality,
        chroma_downsampling=True,
    )


def check_quality(quality: int) -> None:
    """Raises a ValueError if the quality is not a whole number of 0..100."""
    if quality not in range(101):
        raise ValueError(f"quality must be a whole number of 0..100, not {quality}")
