"""KADID-10k: its 25 kinds of distortion at its five levels.

The parameters are those of KADID-10k's MATLAB generator, imdist_generator.m, which is
published with KADIS-700k (Lin, Hosu and Saupe 2019,
https://database.mmsp-kn.de/kadid-10k-database.html); they were read from public copies
of it. ARNIQA also has a table of them, distortion_range in
https://github.com/miccunifi/ARNIQA/blob/ceac52230de96df5203cfdce1e35897ca454a8b2/utils/utils_data.py.
The rows say where the two differ. The functions were compared with both.

The opinion scores of KADID-10k were not used, so the policies follow from the
parameters alone. A level that leaves the photo unchanged ranks with the photo. For
kinds that people may like in small doses (light, contrast, sharpness), nothing is said
about levels that may please as much as the photo. Mean shifts and contrasts rank
separately for lighter and darker, more and less.
"""

from distortions import kadid10k
from distortions import released_code
from distortions.blur import gaussian_blur
from distortions.camera.chroma import color_diffusion
from distortions.camera.chroma import color_shift
from distortions.camera.displacement import jitter
from distortions.camera.resampling import resampling_nearest
from distortions.color import mean_shift
from distortions.denoising import denoising
from distortions.jpeg import jpeg
from distortions.jpeg2000 import jpeg2000
from distortions.noise import color_component_noise
from distortions.noise import impulse_noise
from distortions.noise import multiplicative_noise
from distortions.noise import white_noise
from distortions.palette import color_quantization
from distortions.patches import block_distortion
from distortions.patches import pattern_noise
from distortions.registry import Preset
from distortions.registry import Row

# Level 1 is the photo, or may please as much.
_FROM_LEVEL_2 = ((0, 2), (1, 2), (2, 3), (3, 4), (4, 5))
# Level 2 may, too.
_FROM_LEVEL_3 = ((0, 3), (1, 3), (2, 3), (3, 4), (4, 5))

# Counts are for a photo of 512 x 384; ours are densities, so that all sizes look alike,
# relative to the number of places where a patch or block can begin.
_PATCH_PLACES = (512 - 14) * (384 - 14) / 1e6
_BLOCK_PLACES = (512 - 31) * (384 - 31) / 1e6

KADID10K = Preset(
    name="kadid10k",
    source="The 25 kinds of KADID-10k (Lin, Hosu and Saupe, QoMEX 2019) at its five "
    "levels, from the published generator. It also stretches every photo to "
    "the full range of values, before and after, which is omitted. The order "
    "is ours: from the parameters, not from the opinion scores.",
    rows=(
        Row(
            number=None,
            name="gaussian_blur",
            function=gaussian_blur,
            parameters=(0.1, 0.5, 1.0, 2.0, 5.0),
            policy=_FROM_LEVEL_2,
            source="#01, imgaussfilt with sigma .1, .5, 1, 2, 5, which cuts at two "
            "sigma; here at four. At .1 nothing changes.",
        ),
        Row(
            number=None,
            name="lens_blur",
            function=kadid10k.lens_blur,
            parameters=(1.0, 2.0, 4.0, 6.0, 8.0),
            policy="descending",
            source="#02, fspecial('disk', r), r = 1, 2, 4, 6, 8.",
        ),
        Row(
            number=None,
            name="motion_blur",
            function=kadid10k.motion_blur,
            parameters=(1.0, 2.0, 4.0, 6.0, 10.0),
            policy=_FROM_LEVEL_2,
            source="#03, fspecial('motion', l, randi([0 180])), l = 1, 2, 4, 6, 10. "
            "At 1 nothing changes.",
        ),
        Row(
            number=None,
            name="color_diffusion",
            function=color_diffusion,
            parameters=tuple((1.5 * n + 2, float(n)) for n in (1, 3, 6, 8, 12)),
            policy="descending",
            source="#04, a* and b* blurred with sigma 1.5 n + 2 and multiplied by n, "
            "n = 1, 3, 6, 8, 12.",
        ),
        Row(
            number=None,
            name="color_shift",
            function=color_shift,
            parameters=(1.0, 3.0, 6.0, 8.0, 12.0),
            policy="descending",
            source="#05, green moved at edges by 1, 3, 6, 8, 12 pixels.",
        ),
        Row(
            number=None,
            name="color_quantization",
            function=color_quantization,
            parameters=(64, 48, 32, 16, 8),
            policy="descending",
            source="#06, rgb2ind(image, n), n = 64, 48, 32, 16, 8, dithered; the "
            "palette is by median cut instead of minimum variance. ARNIQA leaves it "
            "out.",
        ),
        Row(
            number=None,
            name="color_saturation_1",
            function=kadid10k.hsv_saturation,
            parameters=(0.4, 0.2, 0.1, 0.0, -0.4),
            policy="descending",
            source="#07, saturation of HSV times .4, .2, .1, 0, -.4.",
        ),
        Row(
            number=None,
            name="color_saturation_2",
            function=kadid10k.lab_saturation,
            parameters=(1.0, 2.0, 3.0, 6.0, 9.0),
            policy=_FROM_LEVEL_2,
            source="#08, a* and b* times 1, 2, 3, 6, 9. At 1 nothing changes; people "
            "like somewhat stronger colours, but not twice as strong ones.",
        ),
        Row(
            number=None,
            name="jpeg2000",
            function=jpeg2000,
            parameters=(16, 32, 45, 120, 400),
            policy="descending",
            source="#09, imwrite(..., 'CompressionRatio', r), r = 16, 32, 45, 120, "
            "400. ARNIQA has 170 at level 5.",
        ),
        Row(
            number=None,
            name="jpeg",
            function=jpeg,
            parameters=(43, 36, 24, 7, 4),
            policy="descending",
            source="#10, imwrite(..., 'quality', q), q = 43, 36, 24, 7, 4.",
        ),
        Row(
            number=None,
            name="white_noise",
            function=white_noise,
            parameters=(0.001, 0.002, 0.003, 0.005, 0.01),
            policy="descending",
            source="#11, imnoise(image, 'gaussian', 0, v), v = .001, .002, .003, .005, "
            ".01.",
        ),
        Row(
            number=None,
            name="color_component_noise",
            function=color_component_noise,
            parameters=tuple((v, v) for v in (0.0001, 0.0005, 0.001, 0.002, 0.003)),
            policy="descending",
            source="#12, imnoise(rgb2ycbcr(image), 'gaussian', 0, v), v = .0001, "
            ".0005, .001, .002, .003.",
        ),
        Row(
            number=None,
            name="impulse_noise",
            function=impulse_noise,
            parameters=(0.001, 0.005, 0.01, 0.02, 0.03),
            policy="descending",
            source="#13, imnoise(image, 'salt & pepper', d), d = .001, .005, .01, .02, "
            ".03.",
        ),
        Row(
            number=None,
            name="multiplicative_noise",
            function=multiplicative_noise,
            parameters=tuple(v**0.5 for v in (0.001, 0.005, 0.01, 0.02, 0.05)),
            policy="descending",
            source="#14, imnoise(image, 'speckle', v), v = .001, .005, .01, .02, .05, "
            "which is uniform noise times the image; here it is normal.",
        ),
        Row(
            number=None,
            name="denoising",
            function=denoising,
            parameters=(0.01, 0.03, 0.05, 0.1, 0.15),
            policy="descending",
            source="#15, imnoise with variance .01, .03, .05, .1, .15, then DnCNN, "
            "channel by channel; the denoiser here is ours, and told the variance. "
            "ARNIQA leaves it out.",
        ),
        Row(
            number=None,
            name="brighten",
            function=kadid10k.brighten,
            parameters=(0.1, 0.2, 0.4, 0.7, 1.1),
            policy=_FROM_LEVEL_3,
            source="#16, a tone of 1/2 raised by half of .1, .2, .4, .7, 1.1. A little "
            "more light may please, in dark photos.",
        ),
        Row(
            number=None,
            name="darken",
            function=kadid10k.darken,
            parameters=(0.05, 0.1, 0.2, 0.4, 0.8),
            policy=_FROM_LEVEL_3,
            source="#17, a tone of 1/2 lowered by half of .05, .1, .2, .4, .8. A "
            "little less light may please, in pale photos.",
        ),
        Row(
            number=None,
            name="mean_shift",
            function=mean_shift,
            parameters=(0.15, 0.08, 0.0, -0.08, -0.15),
            policy=((0, 2), (3, 2), (2, 1), (0, 4), (3, 4), (4, 5)),
            source="#18, .15, .08, 0, -.08, -.15 added: level 3 is the photo. ARNIQA "
            "has them in the order 0, .08, -.08, .15, -.15.",
        ),
        Row(
            number=None,
            name="jitter",
            function=jitter,
            parameters=(0.05, 0.1, 0.2, 0.5, 1.0),
            policy="descending",
            source="#19, five passes of normal displacements of .05, .1, .2, .5, 1 "
            "pixels; there with cubic interpolation, here, as in ARNIQA, with linear.",
        ),
        Row(
            number=None,
            name="non_eccentricity_patch",
            function=pattern_noise,
            parameters=tuple(n / _PATCH_PLACES for n in (20, 40, 60, 80, 100)),
            policy="descending",
            source="#20, 20, 40, 60, 80, 100 patches of 16 x 16 copied to up to 8 "
            "pixels away in a photo of 512 x 384; here of 15 x 15 from up to 9.",
        ),
        Row(
            number=None,
            name="pixelate",
            function=resampling_nearest,
            parameters=tuple(1 / (0.95 - s**0.6) for s in (0.01, 0.05, 0.1, 0.2, 0.5)),
            policy="descending",
            source="#21, reduced to .95 - s^.6 of the size by the nearest pixel and "
            "enlarged again, s = .01, .05, .1, .2, .5.",
        ),
        Row(
            number=None,
            name="quantization",
            function=released_code.histogram_quantization,
            parameters=(20, 16, 13, 10, 7),
            policy="descending",
            source="#22, imquantize(image, t, [0 t(2:end) 1]), t = multithresh(image, "
            "n), n = 20, 16, 13, 10, 7. It is a line of RankIQA's code. ARNIQA has "
            "even bins, of each channel.",
        ),
        Row(
            number=None,
            name="color_block",
            function=block_distortion,
            parameters=tuple((n / _BLOCK_PLACES, 1.0) for n in (2, 4, 6, 8, 10)),
            policy="descending",
            source="#23, 2, 4, 6, 8, 10 opaque blocks of 32 x 32 in random colours in "
            "a photo of 512 x 384.",
        ),
        Row(
            number=None,
            name="high_sharpen",
            function=kadid10k.high_sharpen,
            parameters=(1.0, 2.0, 3.0, 6.0, 12.0),
            policy=_FROM_LEVEL_2,
            source="#24, imsharpen(image, 'Radius', 3, 'Amount', n), n = 1, 2, 3, 6, "
            "12. ARNIQA's Gaussian has twice that sigma. The least of it may please.",
        ),
        Row(
            number=None,
            name="contrast_change",
            function=kadid10k.contrast_curve,
            parameters=(0.3, 0.15, 0.0, -0.4, -0.6),
            policy=((0, 1), (3, 2), (2, 1), (0, 4), (4, 5)),
            source="#25, a spline through .25 - n/4 at .3 and .75 + n/4 at .7, n = .3, "
            ".15, 0, -.4, -.6. As -.2 changes nothing, levels 3, 2, 1 have ever more "
            "contrast, of which a little may please, and 4, 5 ever less. ARNIQA has "
            "them in the order 0, .15, -.4, .3, -.6.",
        ),
    ),
)
