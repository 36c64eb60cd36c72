"""A fixed grid of square crops in NumPy, always the same for a given photo.

`crops` does the same inside graphs. Images are [height, width, channels] of any dtype,
which the crops keep. An image smaller than a crop is first padded by mirroring, never
resized: resizing changes quality.
"""

import numpy as np

MAX_CROPS_A_SIDE = 4  # At most 16 crops per photo, to limit the time for large ones.


def pad_to(image: np.ndarray, size: int) -> np.ndarray:
    """Pads an image by mirroring until both sides have at least `size` pixels.

    Args:
        image: [height, width, channels].
        size: minimum height and width, in pixels.

    Returns:
        [max(height, size), max(width, size), channels], with the image in the middle.
        The edge pixel is mirrored too, as often as needed. If the number of added
        pixels is odd, the extra one is at the bottom or right.
    """
    missing = [max(size - side, 0) for side in image.shape[:2]]
    ends = [(each // 2, each - each // 2) for each in missing]
    return np.pad(image, [*ends, (0, 0)], "symmetric") if any(missing) else image


def cut(image: np.ndarray, size: int) -> np.ndarray:
    """Cuts an image into crops.

    Args:
        image: [height, width, channels]; padded if smaller than a crop.
        size: height and width of a crop, in pixels.

    Returns:
        [n, size, size, channels], row by row, from `offsets` along each side.
    """
    image = pad_to(image, size)
    tops, lefts = (offsets(side, size) for side in image.shape[:2])
    return np.stack(
        [image[top : top + size, left : left + size] for top in tops for left in lefts]
    )


def dense_offsets(side: int, size: int, stride: int) -> np.ndarray:
    """Places crops along one side of an image, for a map of its scores.

    Args:
        side: the side in pixels; size or more.
        size: the side of a crop.
        stride: pixels from one crop to the next; 1 or more.

    Returns:
        int32 [n], rising from 0; the last is side - size, wherever it falls.
    """
    last = side - size
    return np.unique(np.append(np.arange(0, last, stride), last)).astype(np.int32)


def offsets(side: int, size: int) -> list[int]:
    """Places crops along one side of an image.

    Args:
        side: the side in pixels; size or more.
        size: the side of a crop.

    Returns:
        Evenly spaced from 0 to side - size, rounded (halves up). There are as few as
        cover the side, but at most MAX_CROPS_A_SIDE.
    """
    count = min(max(-(-side // size), 1), MAX_CROPS_A_SIDE)
    gaps = max(count - 1, 1)
    return [(2 * place * (side - size) + gaps) // (2 * gaps) for place in range(count)]
