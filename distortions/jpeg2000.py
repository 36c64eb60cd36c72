"""JPEG 2000 compression. The contract of images is that of the package."""

import io
import math

import numpy as np
import tensorflow as tf
from PIL import Image

from distortions import _uint8


def jpeg2000(image: tf.Tensor, ratio: float) -> tf.Tensor:
    """Compresses the image as JPEG 2000, with the irreversible (9/7) wavelet.

    It runs Pillow in the Python process that traced it, one image at a time, as Pillow
    holds the interpreter's lock; no SavedModel or tf.data service can take it along.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        ratio: of the size at 24 bits a pixel to that of the file; at least 1.

    Returns:
        The image as it comes back. A file's headers take about 250 bytes: where the
        ratio leaves no more than that, nothing remains of the image but grey.

    Raises:
        ValueError: if the ratio is less than 1.
    """
    if not 1 <= ratio < math.inf:
        raise ValueError(f"ratio must be at least 1, not {ratio}")

    def compress(pixels: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(pixels).save(
            file,
            format="JPEG2000",
            quality_mode="rates",
            quality_layers=[ratio],
            irreversible=True,
        )
        return np.asarray(Image.open(file))

    decoded = tf.numpy_function(
        compress, [_uint8.from_float(image)], tf.uint8, stateful=False
    )
    return tf.ensure_shape(_uint8.to_float(decoded), image.shape)
