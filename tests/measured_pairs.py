"""Pairs of a small image and a distorted version of it, to measure.

They are made of integers alone, so that any machine has the same pixels.
"""

import numpy as np

KINDS = ("blocks", "noise", "dark", "shifted", "grey")


def pair(kind: str, height: int = 61, width: int = 84) -> tuple[np.ndarray, np.ndarray]:
    """Gives the distorted image and the pristine one, uint8 [height, width, 3]."""
    y, x = np.mgrid[:height, :width]
    waves = (x * x // 23 + y * y // 17 + 3 * x * y // 29) % 256
    steps = 255 * ((x // 9 + y // 13) % 2)
    pristine = np.stack([waves, steps // 2 + waves // 2, (2 * x + y) % 256], -1)
    hash_of_place = (x * 7919 + y * 104729 + x * y * 31) % 61 - 30
    distorted = {
        "blocks": pristine[y // 4 * 4, x // 4 * 4],
        "noise": pristine + hash_of_place[..., np.newaxis] * (1, -1, 2),
        "dark": pristine * 2 // 3,
        "shifted": np.roll(pristine, 2, axis=1),
        "grey": np.repeat(pristine.sum(-1, keepdims=True) // 3, 3, axis=-1),
    }[kind]
    return tuple(np.clip(i, 0, 255).astype(np.uint8) for i in (distorted, pristine))
