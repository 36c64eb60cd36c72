"""LIVE: the four kinds that RankIQA makes for it, and its multiply distorted set."""

import itertools

from distortions.blur import gaussian_blur
from distortions.composition import compose
from distortions.jpeg import jpeg
from distortions.jpeg2000 import jpeg2000
from distortions.noise import white_noise
from distortions.registry import Preset
from distortions.registry import Row

LIVE = Preset(
    name="live",
    source="The distortions of LIVE that RankIQA (ICCV 2017) generates, as the "
    "authors' data/data_generator/distortion_generator.m does; the paper's "
    "supplement rounds the same numbers.",
    rows=(
        Row(
            number=8,
            name="gaussian_blur",
            function=gaussian_blur,
            parameters=(7 / 6, 15 / 6, 39 / 6, 91 / 6, 199 / 6),
            policy="descending",
            source="fspecial('gaussian', h, h/6) for h = 7, 15, 39, 91, 199, which "
            "cuts the Gaussian at 3 sigma; here it is cut at 4.",
        ),
        Row(
            number=1,
            name="white_noise",
            function=white_noise,
            parameters=(2**-10, 2**-7.5, 2**-5.5, 2**-3.5, 2**0),
            policy="descending",
            source="imnoise(image, 'gaussian', 0, 2^k), k = -10, -7.5, -5.5, -3.5, 0.",
        ),
        Row(
            number=10,
            name="jpeg",
            function=jpeg,
            parameters=(43, 12, 7, 4, 0),
            policy="descending",
            source="imwrite(..., 'quality', q), q = 43, 12, 7, 4, 0.",
        ),
        Row(
            number=11,
            name="jpeg2000",
            function=jpeg2000,
            parameters=(24 / 0.46, 24 / 0.16, 24 / 0.07, 24 / 0.04, 24 / 0.02),
            policy="descending",
            source="imwrite(..., 'CompressionRatio', 24/b) for bits a pixel "
            "b = .46, .16, .07, .04, .02.",
        ),
    ),
)

# Level 3 a + b + 1 has strength a of the first distortion and b of the second, both
# counted from 0.
_GRID = tuple(itertools.product((1, 2, 3), repeat=2))

_BLUR = Row(
    number=8,
    name="gaussian_blur",
    function=gaussian_blur,
    parameters=(1.2, 2.5, 6.5),
    policy="descending",
    source="Sigma 1.2, 2.5, 6.5.",
)
_JPEG = Row(
    number=10,
    name="jpeg",
    function=jpeg,
    parameters=(43, 12, 7),
    policy="descending",
    source="Quality 43, 12, 7.",
)
_NOISE = Row(
    number=1,
    name="white_noise",
    function=white_noise,
    parameters=(0.001, 0.006, 0.022),
    policy="descending",
    source="Variance .001, .006, .022.",
)

LIVE_MD = Preset(
    name="live_md",
    source="The supplement of RankIQA, for LIVE's multiply distorted images (MLIVE): "
    "nine images per photo, blurred first. There is no code for it, and it "
    "does not say how the nine are ranked; the partial order is ours.",
    rows=(
        compose(
            "blur_and_jpeg",
            (_BLUR, _JPEG),
            _GRID,
            source="Gaussian blur of sigma 1.2, 2.5, 6.5, then JPEG of quality 43, "
            "12, 7.",
        ),
        compose(
            "blur_and_noise",
            (_BLUR, _NOISE),
            _GRID,
            source="Gaussian blur of sigma 1.2, 2.5, 6.5, then white noise of variance "
            ".001, .006, .022.",
        ),
    ),
)
