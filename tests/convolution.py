"""Convolutions and pooling in NumPy, for tests of networks."""

import numpy as np


def convolve(images, kernel, stride=1, *, padding="same", depthwise=False):
    """A convolution as TensorFlow's.

    "same" has ceil(side / stride) places; what is missing for them is added as zeros,
    half at each end, an odd one at the lower or right end.

    Args:
        images: [N, h, w, in].
        kernel: [k, k, in, out], or [k, k, channels, 1] if depthwise.
        stride: of both sides.
        padding: "same", or "valid" for none.
        depthwise: whether each channel has its own.
    """
    size = kernel.shape[0]
    if padding == "same":
        ends = [(0, 0)]
        for side in images.shape[1:3]:
            missing = max(0, (-(-side // stride) - 1) * stride + size - side)
            ends.append((missing // 2, missing - missing // 2))
        images = np.pad(images, [*ends, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), (1, 2))
    windows = windows[:, ::stride, ::stride]  # [N, h', w', in, k, k]
    if depthwise:
        return np.einsum("nhwcij,ijc->nhwc", windows, kernel[..., 0])
    return np.tensordot(windows, kernel, ([3, 4, 5], [2, 0, 1]))


def largest(images, size, stride):
    """Max pooling without padding: what is left over at the ends is left out."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), (1, 2))
    return windows[:, ::stride, ::stride].max((4, 5))
