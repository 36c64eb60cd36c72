"""All 24 kinds of TID2013, at its five steps of PSNR where they can be had."""

from distortions.blur import gaussian_blur
from distortions.color import chromatic_aberration
from distortions.color import contrast_change
from distortions.color import mean_shift
from distortions.color import quantization
from distortions.color import saturation_change
from distortions.composition import chain
from distortions.denoising import denoising
from distortions.jpeg import jpeg
from distortions.jpeg2000 import jpeg2000
from distortions.noise import color_component_noise
from distortions.noise import comfort_noise
from distortions.noise import correlated_noise
from distortions.noise import high_frequency_noise
from distortions.noise import impulse_noise
from distortions.noise import masked_noise
from distortions.noise import multiplicative_noise
from distortions.noise import white_noise
from distortions.palette import color_quantization
from distortions.patches import block_distortion
from distortions.patches import pattern_noise
from distortions.registry import Preset
from distortions.registry import Row
from distortions.sparse_sampling import sparse_sampling
from distortions.transmission import jpeg2000_transmission_errors
from distortions.transmission import jpeg_transmission_errors

_BISECTED = "Bisected for 33, 30, 27, 24, 21 dB over the embedded photos"
# Noise in all pixels alike has the PSNR that its variance says, but for clipping.
_VARIANCES = (0.000538, 0.00108, 0.00217, 0.0044, 0.00907)

TID2013 = Preset(
    name="tid2013",
    source="TID2013 has five levels a kind, meant for a PSNR of 33, 30, 27, 24 and 21 "
    "dB. Its parameters are not published; these are bisected for the same PSNR, mean "
    "over the embedded photos (benchmarks/preset_psnr.md). Where the published MOS "
    "contradict the order of the levels, the policy does not rank them.",
    rows=(
        Row(
            number=1,
            name="white_noise",
            function=white_noise,
            parameters=_VARIANCES,
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=2,
            name="color_component_noise",
            function=color_component_noise,
            parameters=(
                (4.83e-5, 1.93e-4),
                (9.7e-5, 3.88e-4),
                (1.96e-4, 7.84e-4),
                (4e-4, 1.6e-3),
                (8.26e-4, 3.3e-3),
            ),
            policy="descending",
            source=f"{_BISECTED}, with four times the variance in the colours: "
            "TID2013 has stronger noise in them; by how much is our choice.",
        ),
        Row(
            number=3,
            name="correlated_noise",
            function=correlated_noise,
            parameters=_VARIANCES,
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=4,
            name="masked_noise",
            function=masked_noise,
            parameters=(0.000529, 0.00108, 0.00225, 0.00483, 0.011),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=5,
            name="high_frequency_noise",
            function=high_frequency_noise,
            parameters=_VARIANCES,
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=6,
            name="impulse_noise",
            function=impulse_noise,
            parameters=(0.00143, 0.00291, 0.00577, 0.0116, 0.0234),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=7,
            name="quantization",
            function=quantization,
            parameters=(0.08, 0.116, 0.154, 0.222, 0.323),
            policy="descending",
            source=f"{_BISECTED}; a uniform step of 27, 39, 55, 76 of 255, as in "
            "RankIQA's supplement, makes levels 2 to 5.",
        ),
        Row(
            number=8,
            name="gaussian_blur",
            function=gaussian_blur,
            parameters=(0.843, 1.2, 2.01, 4.26, 10.9),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=9,
            name="denoising",
            function=denoising,
            parameters=(0.0047, 0.0123, 0.0301, 0.0628, 0.123),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=10,
            name="jpeg",
            function=jpeg,
            parameters=(55, 22, 10, 5, 0),
            policy="descending",
            source=f"{_BISECTED}; the lowest quality that there is stays above 21 dB.",
        ),
        Row(
            number=11,
            name="jpeg2000",
            function=jpeg2000,
            parameters=(52.8, 108, 258, 717, 1780),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=12,
            name="jpeg_transmission_errors",
            function=jpeg_transmission_errors,
            parameters=(
                (90, 9.4e-6),
                (90, 2.4e-5),
                (90, 5e-5),
                (90, 9.2e-5),
                (90, 1.87e-4),
            ),
            policy="descending",
            source=f"{_BISECTED}, at a quality that does no harm itself. Photos and "
            "seeds differ by 2.5 to 5 dB.",
        ),
        Row(
            number=13,
            name="jpeg2000_transmission_errors",
            function=jpeg2000_transmission_errors,
            parameters=(
                (12, 1.2e-4),
                (12, 1.6e-4),
                (12, 2.9e-4),
                (12, 5.2e-4),
                (12, 8.4e-4),
            ),
            policy="descending",
            source=f"{_BISECTED}, at a ratio that does no harm itself. Photos and "
            "seeds differ by 4 to 6 dB.",
        ),
        Row(
            number=14,
            name="pattern_noise",
            function=pattern_noise,
            parameters=(165, 331, 703, 1590, 3710),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=15,
            name="block_distortion",
            function=block_distortion,
            parameters=((12, 0.51), (30, 0.49), (75, 0.42), (180, 0.39), (450, 0.37)),
            policy="pristine_first",
            source=f"{_BISECTED}, with ever more and ever fainter blocks, as in "
            "TID2013. People like them better the fainter they are: the MOS rises with "
            "the level, 3.29, 3.36, 3.48, 3.73, 4.06.",
        ),
        Row(
            number=16,
            name="mean_shift",
            function=mean_shift,
            parameters=(0.0236, -0.0324, 0.0474, -0.0648, 0.0954),
            policy="descending",
            source=f"{_BISECTED}, lighter and darker by turns, which is our choice.",
        ),
        Row(
            number=17,
            name="contrast_change",
            function=contrast_change,
            parameters=(0.908, 1.146, 0.816, 1.313, 0.634),
            # Less contrast falls by itself; more is better than less at a higher PSNR.
            policy=((0, 1), (1, 3), (3, 5), (2, 3), (4, 5)),
            source=f"{_BISECTED}, less contrast at levels 1, 3, 5 and more at 2, 4: "
            "the MOS are 5.63, 6.47, 4.48, 6.29, 3.46.",
        ),
        Row(
            number=18,
            name="saturation_change",
            function=saturation_change,
            parameters=(0.741, 0.633, 0.482, 0.267, -0.035),
            policy="descending",
            source=f"{_BISECTED}. How colourful a photo is decides: single photos are "
            "10 dB off.",
        ),
        Row(
            number=19,
            name="multiplicative_noise",
            function=multiplicative_noise,
            parameters=(0.0475, 0.0675, 0.0963, 0.138, 0.199),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=20,
            name="comfort_noise",
            function=comfort_noise,
            parameters=(0.0708, 0.116, 0.216, 0.428, 1.36),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=21,
            name="noisy_compression",
            function=chain(white_noise, jpeg),
            parameters=(
                (0.00059, 75),
                (0.002, 60),
                (0.0055, 45),
                (0.0123, 35),
                (0.029, 25),
            ),
            policy="descending",
            source=f"{_BISECTED}: the variances, at qualities that take ever more of "
            "the noise away.",
        ),
        Row(
            number=22,
            name="color_quantization",
            function=color_quantization,
            parameters=(191, 72, 27, 12, 5),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
        Row(
            number=23,
            name="chromatic_aberration",
            function=chromatic_aberration,
            parameters=((0, 1), (1, 1), (2, 1), (4, 2), (10, 5)),
            policy="descending",
            source=f"{_BISECTED}, as near as whole pixels come.",
        ),
        Row(
            number=24,
            name="sparse_sampling",
            function=sparse_sampling,
            parameters=(0.475, 0.302, 0.138, 0.0437, 0.00871),
            policy="descending",
            source=f"{_BISECTED}.",
        ),
    ),
)
