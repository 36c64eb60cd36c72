"""The presets: which distortions there are, and what their levels mean.

To add a distortion, write its function, say in `distortions.reach` how far it looks,
and add a row to a table here; the tests then hold it to the contract of the package.
"""

import types

import tensorflow as tf

from distortions.presets.camera import CAMERA
from distortions.presets.csiq import CSIQ
from distortions.presets.kadid10k import KADID10K
from distortions.presets.live import LIVE
from distortions.presets.live import LIVE_MD
from distortions.presets.paper import PAPER
from distortions.presets.paper import RELEASED_CODE
from distortions.presets.tid2013 import TID2013

PRESETS = types.MappingProxyType(
    {
        preset.name: preset
        for preset in (
            LIVE,
            TID2013,
            CSIQ,
            LIVE_MD,
            PAPER,
            RELEASED_CODE,
            KADID10K,
            CAMERA,
        )
    }
)


def distort(
    image: tf.Tensor,
    name: str,
    level: int,
    *,
    preset: str = "live",
    seed: tf.Tensor | None = None,
) -> tf.Tensor:
    """Distorts an image as a preset's table says.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        name: a distortion of the preset, such as "jpeg".
        level: 0, which is the image itself, up to the preset's `num_levels`.
        preset: a key of PRESETS.
        seed: int32 [2] or a pair of ints; only random distortions need it.

    Returns:
        The distorted image, like `image` in shape, dtype and range.

    Raises:
        ValueError: if there is no such preset, distortion or level, the image is no
            such tensor, or a random distortion is given no seed.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[preset].row(name).distort(image, level, seed=seed)
