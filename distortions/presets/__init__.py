"""The presets: which distortions there are, and what their levels mean.

To add a distortion, write its function and add a row to a table below; the tests then
hold it to the contract of the package.
"""

import types

import tensorflow as tf

from distortions import blur
from distortions import jpeg
from distortions import jpeg2000
from distortions import noise
from distortions.registry import Preset
from distortions.registry import Row

_TABLE = (
    Preset(
        name="live",
        source="The distortions of LIVE that RankIQA (ICCV 2017) generates, as the "
        "authors' data/data_generator/distortion_generator.m does; the paper's "
        "supplement rounds the same numbers.",
        rows=(
            Row(
                number=8,
                name="gaussian_blur",
                function=blur.gaussian_blur,
                parameters=(7 / 6, 15 / 6, 39 / 6, 91 / 6, 199 / 6),
                policy="descending",
                source="fspecial('gaussian', h, h/6) for h = 7, 15, 39, 91, 199, which "
                "cuts the Gaussian at 3 sigma; here it is cut at 4.",
            ),
            Row(
                number=1,
                name="white_noise",
                function=noise.white_noise,
                parameters=(2**-10, 2**-7.5, 2**-5.5, 2**-3.5, 2**0),
                policy="descending",
                source="imnoise(image, 'gaussian', 0, 2^k), "
                "k = -10, -7.5, -5.5, -3.5, 0.",
                random=True,
                pointwise=True,
            ),
            Row(
                number=10,
                name="jpeg",
                function=jpeg.jpeg,
                parameters=(43, 12, 7, 4, 0),
                policy="descending",
                source="imwrite(..., 'quality', q), q = 43, 12, 7, 4, 0.",
            ),
            Row(
                number=11,
                name="jpeg2000",
                function=jpeg2000.jpeg2000,
                parameters=(24 / 0.46, 24 / 0.16, 24 / 0.07, 24 / 0.04, 24 / 0.02),
                policy="descending",
                source="imwrite(..., 'CompressionRatio', 24/b) for bits a pixel "
                "b = .46, .16, .07, .04, .02.",
            ),
        ),
    ),
)

PRESETS = types.MappingProxyType({preset.name: preset for preset in _TABLE})


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
