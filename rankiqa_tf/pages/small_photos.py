"""Small pictures that stand in a page, as addresses in themselves."""

import base64
import io

import numpy as np
from PIL import Image


def address(photo: np.ndarray, *, side: int, quality: int) -> str:
    """Makes a small JPEG of a photo.

    Args:
        photo: uint8 [height, width, 3]; kept as large as it is where it is smaller.
        side: the longer side of the JPEG in pixels, at most.
        quality: of the JPEG, 1 to 95.

    Returns:
        `data:image/jpeg;base64,...`.
    """
    image = Image.fromarray(photo)
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    code = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{code}"
