"""TID2013's kinds as described in RankIQA's paper, and as made by its released code."""

from distortions import released_code
from distortions.blur import gaussian_blur
from distortions.color import chromatic_aberration
from distortions.color import contrast_change
from distortions.color import gain
from distortions.color import mean_shift
from distortions.color import quantization
from distortions.color import saturation_change
from distortions.denoising import denoising
from distortions.jpeg import jpeg
from distortions.jpeg2000 import jpeg2000
from distortions.noise import color_component_noise
from distortions.noise import high_frequency_noise
from distortions.noise import impulse_noise
from distortions.noise import multiplicative_noise
from distortions.noise import white_noise
from distortions.palette import color_quantization
from distortions.patches import block_distortion
from distortions.patches import pattern_noise
from distortions.registry import Preset
from distortions.registry import Row

_VARIANCES = (0.001, 0.005, 0.01, 0.05)
_SHIFTS = (15 / 255, 30 / 255, 45 / 255, 60 / 255)
_DARKER = tuple(-shift for shift in _SHIFTS)
_PATCHES = (30, 70, 150, 300)
_BLOCKS = (2, 4, 8, 16)
_LESS_CONTRAST = (0.85, 0.7, 0.55, 0.4)
_MORE_CONTRAST = (1.2, 1.4, 1.6, 1.8)
_SATURATIONS = (0.4, 0.0, -0.4, -0.8)
_COLOURS = (64, 32, 16, 8)
_DEVIATIONS = (0.05, 0.09, 0.13, 0.2)
_COLOUR_NOISES = (0.014, 0.0198, 0.0343, 0.0524)
# Counts are per photo; ours are densities, so that all sizes look alike. They are for
# TID2013's photos, relative to the number of places where a patch or block can begin.
_PATCH_PLACES = (512 - 14) * (384 - 14) / 1e6
_BLOCK_PLACES = (512 - 31) * (384 - 31) / 1e6

_WHITE_NOISE = Row(
    number=1,
    name="white_noise",
    function=white_noise,
    parameters=_VARIANCES,
    policy="descending",
    source="Additive white Gaussian noise of variance .001, .005, .01, .05 in RGB.",
)
_IMPULSE_NOISE = Row(
    number=6,
    name="impulse_noise",
    function=impulse_noise,
    parameters=(0.005, 0.01, 0.05, 0.1),
    policy="descending",
    source="Salt and pepper of density .005, .01, .05, .1.",
)
_JPEG = Row(
    number=10,
    name="jpeg",
    function=jpeg,
    parameters=(43, 12, 7, 4),
    policy="descending",
    source="Quality 43, 12, 7, 4.",
)
_MEAN_SHIFT_UP = Row(
    number=16,
    name="mean_shift_up",
    function=mean_shift,
    parameters=_SHIFTS,
    policy="descending",
    source="15, 30, 45, 60 of 255 are added.",
)
_MEAN_SHIFT_DOWN = Row(
    number=16,
    name="mean_shift_down",
    function=mean_shift,
    parameters=_DARKER,
    policy="descending",
    source="15, 30, 45, 60 of 255 are taken away.",
)
_COLOR_QUANTIZATION = Row(
    number=22,
    name="color_quantization",
    function=color_quantization,
    parameters=_COLOURS,
    policy="descending",
    source='"Quantization step" 64, 32, 16, 8, which as rgb2ind\'s argument is the '
    "number of colours; the palette is by median cut instead of minimum variance.",
)

PAPER = Preset(
    name="paper",
    source="The supplement of RankIQA (ICCV 2017) read literally: 17 kinds of TID2013, "
    "two of them in both directions, all of them ranked.",
    rows=(
        _WHITE_NOISE,
        Row(
            number=2,
            name="color_component_noise",
            function=color_component_noise,
            parameters=tuple((variance, variance) for variance in _COLOUR_NOISES),
            policy="descending",
            source='Noise of "local variance" .0140, .0198, .0343, .0524 in YCbCr. As '
            "variances they are far too strong (14 dB at level 1); as deviations they "
            "would make a ladder like TID2013's.",
        ),
        Row(
            number=5,
            name="high_frequency_noise",
            function=high_frequency_noise,
            parameters=_VARIANCES,
            policy="descending",
            source="Noise of variance .001, .005, .01, .05 through a high-pass; which "
            "one is not said, and this is ours.",
        ),
        _IMPULSE_NOISE,
        Row(
            number=7,
            name="quantization",
            function=quantization,
            parameters=(27 / 255, 39 / 255, 55 / 255, 76 / 255),
            policy="descending",
            source="Steps of 27, 39, 55, 76 of 255.",
        ),
        Row(
            number=8,
            name="gaussian_blur",
            function=gaussian_blur,
            parameters=(1.2, 2.5, 6.5, 15.2),
            policy="descending",
            source="Sigma 1.2, 2.5, 6.5, 15.2.",
        ),
        Row(
            number=9,
            name="denoising",
            function=denoising,
            parameters=_VARIANCES,
            policy="descending",
            source="Noise of variance .001, .005, .01, .05, then a denoiser: theirs is "
            "BM3D, whose licence is not free; this is ours.",
        ),
        _JPEG,
        Row(
            number=11,
            name="jpeg2000",
            function=jpeg2000,
            parameters=(52, 150, 343, 600),
            policy="descending",
            source="Compression ratio 52, 150, 343, 600.",
        ),
        Row(
            number=14,
            name="pattern_noise",
            function=pattern_noise,
            parameters=tuple(count / _PATCH_PLACES for count in _PATCHES),
            policy="descending",
            source="30, 70, 150, 300 patches of 15 x 15 moved to nearby regions; as "
            "many a photo of 512 x 384. How near is not said: here up to 9 pixels each "
            "way, from and to anywhere in the photo.",
        ),
        Row(
            number=15,
            name="block_distortion",
            function=block_distortion,
            parameters=tuple((count / _BLOCK_PLACES, 1.0) for count in _BLOCKS),
            policy="descending",
            source="2, 4, 8, 16 blocks of 32 x 32 of one colour; as many a photo of "
            "512 x 384. Which colour, and where, is not said: here any of all, and "
            "anywhere in the photo.",
        ),
        _MEAN_SHIFT_UP,
        _MEAN_SHIFT_DOWN,
        Row(
            number=17,
            name="contrast_decrease",
            function=contrast_change,
            parameters=_LESS_CONTRAST,
            policy="descending",
            source="Contrast times .85, .7, .55, .4; here about the photo's mean, "
            "which is not said.",
        ),
        Row(
            number=17,
            name="contrast_increase",
            function=contrast_change,
            parameters=_MORE_CONTRAST,
            policy="descending",
            source="Contrast times 1.2, 1.4, 1.6, 1.8; here about the photo's mean, "
            "which is not said. People prefer some of it.",
        ),
        Row(
            number=18,
            name="saturation_change",
            function=saturation_change,
            parameters=_SATURATIONS,
            policy="descending",
            source="Colour times .4, 0, -.4, -.8.",
        ),
        Row(
            number=19,
            name="multiplicative_noise",
            function=multiplicative_noise,
            parameters=tuple(variance**0.5 for variance in _DEVIATIONS),
            policy="descending",
            source='Noise of "local variance" .05, .09, .13, .2 times the image. As '
            "deviations, which the released code takes them for, they would make a "
            "ladder like TID2013's.",
        ),
        _COLOR_QUANTIZATION,
        Row(
            number=23,
            name="chromatic_aberration",
            function=chromatic_aberration,
            parameters=((2, 1), (6, 3), (10, 5), (14, 7)),
            policy="descending",
            source="Red moved by 2, 6, 10, 14 pixels, blue by 1, 3, 5, 7. Here a blur "
            "of half a pixel follows, which the released code has and the supplement "
            "does not name.",
        ),
    ),
)

RELEASED_CODE = Preset(
    name="released_code",
    source="What the MATLAB files of xialeiliu/RankIQA do at 22ca65c "
    "(data/data_generator), slips included, for comparisons. Ranked as its lists rank, "
    "against people in block_distortion and gain_increase.",
    rows=(
        _WHITE_NOISE,
        Row(
            number=2,
            name="color_component_noise",
            function=color_component_noise,
            parameters=tuple((variance, variance) for variance in _COLOUR_NOISES),
            policy="descending",
            source="sqrt(v) * randn on Y, Cb and Cr alike, v = .014, .0198, .0343, "
            ".0524. MATLAB's bytes are rounded on the way to YCbCr; here they are not.",
        ),
        Row(
            number=5,
            name="high_frequency_noise",
            function=white_noise,
            parameters=_VARIANCES,
            policy="unordered",
            source="A high-pass without fftshift, which takes nothing off, then "
            "imnoise: the same as white noise. It is not in the lists to be ranked.",
        ),
        _IMPULSE_NOISE,
        Row(
            number=7,
            name="quantization",
            function=released_code.histogram_quantization,
            parameters=(9, 7, 5, 3),
            policy="descending",
            source="int32(255 / step) thresholds of multithresh, step = 27, 39, 55, "
            "76, and imquantize to the values [0 t2 .. tN 255].",
        ),
        Row(
            number=8,
            name="gaussian_blur",
            function=released_code.gaussian_blur,
            parameters=(7, 15, 39, 91),
            policy="descending",
            source="fspecial('gaussian', h, h/6), h = 7, 15, 39, 91.",
        ),
        Row(
            number=9,
            name="denoising",
            function=released_code.denoising_twice_noisy,
            parameters=_VARIANCES,
            policy="descending",
            source="imnoise of variance .001, .005, .01, .05, then noise of sigma "
            "25/255 with a fixed seed, then CBM3D for sigma 25; here sliding cosine "
            "transforms (DCT) are in its place, as its licence is not free.",
        ),
        _JPEG,
        Row(
            number=11,
            name="jpeg2000",
            function=jpeg2000,
            parameters=(24 / 0.46, 24 / 0.16, 24 / 0.07, 24 / 0.04),
            policy="descending",
            source="'CompressionRatio', 24/b, b = .46, .16, .07, .04 bits a pixel.",
        ),
        Row(
            number=14,
            name="pattern_noise",
            function=released_code.moved_patches,
            parameters=_PATCHES,
            policy="descending",
            source="30, 70, 150, 300 patches, all from five pixels below and right.",
        ),
        Row(
            number=15,
            name="block_distortion",
            function=released_code.mean_colour_blocks,
            parameters=((2, 0, 0), (4, 1, 50 / 255), (8, 1, 30 / 255), (16, 1, 0)),
            policy="descending",
            source="2, 4, 8, 16 blocks in the means of red, green and blue; red is 0 "
            "at level 1, 50 more at level 2, 30 more at level 3.",
        ),
        _MEAN_SHIFT_UP,
        _MEAN_SHIFT_DOWN,
        Row(
            number=17,
            name="gain_decrease",
            function=gain,
            parameters=_LESS_CONTRAST,
            policy="descending",
            source="img * .85, .7, .55, .4: about zero, not about the mean.",
        ),
        Row(
            number=17,
            name="gain_increase",
            function=gain,
            parameters=_MORE_CONTRAST,
            policy="descending",
            source="img * 1.2, 1.4, 1.6, 1.8, from a comment: about zero.",
        ),
        Row(
            number=18,
            name="saturation_change",
            function=released_code.tinted_saturation_change,
            parameters=_SATURATIONS,
            policy="descending",
            source=".5 + (c - .5) * .4, 0, -.4, -.8 of Cb and Cr over 255. MATLAB's "
            "bytes are rounded on the way to YCbCr; here they are not.",
        ),
        Row(
            number=19,
            name="multiplicative_noise",
            function=multiplicative_noise,
            parameters=_DEVIATIONS,
            policy="descending",
            source="img .* (1 + d * randn), d = .05, .09, .13, .2.",
        ),
        _COLOR_QUANTIZATION,
        Row(
            number=23,
            name="chromatic_aberration",
            function=released_code.red_and_green_shift,
            parameters=((1, 0), (5, 2), (9, 4), (13, 6)),
            policy="descending",
            source="Red moved by 1, 5, 9, 13 pixels and green, not blue, by 0, 2, 4, "
            "6; then fspecial('gaussian', 3, .5).",
        ),
    ),
)
