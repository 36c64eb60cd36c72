"""The embedded photos, also reduced to the sharpness of data sets, and PSNR."""

import numpy as np
from PIL import Image

from rankiqa_tf.data.references import embedded_photos


def psnr(distorted, photo):
    """Returns the peak signal-to-noise ratio of two 8-bit images, at most 60 dB."""
    error = np.mean((np.rint(distorted * 255) - np.rint(photo * 255)) ** 2)
    return min(60.0, 10 * np.log10(255**2 / error)) if error else 60.0


def embedded(short_side=None):
    """Returns the embedded photos, float32 [height, width, 3], optionally reduced."""
    photos = []
    for path in embedded_photos():
        with Image.open(path) as photo:
            photo = photo.convert("RGB")
            if short_side:
                scale = short_side / min(photo.size)
                sides = [round(side * scale) for side in photo.size]
                photo = photo.resize(sides, Image.Resampling.LANCZOS)
            photos.append(np.asarray(photo, np.float32) / 255)
    return photos


def sharp_photos():
    """Returns the embedded photos, as sharp and as large as those of TID2013."""
    return embedded(short_side=384)
