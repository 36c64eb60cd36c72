"""The presets' tables, typed from the publications and not from the code.

A kind's number in TID2013, its function and its order, then its levels from the first.
"""

FALLING = "descending"

# RankIQA's distortion_generator.m: h = 7, 15, 39, 91, 199 over 6; 2^-10, -7.5, -5.5,
# -3.5, 0; 24 bits over .46, .16, .07, .04, .02.
LIVE = {
    "gaussian_blur": (
        (8, "blur.gaussian_blur", FALLING),
        (1.16667, 2.5, 6.5, 15.16667, 33.16667),
    ),
    "white_noise": (
        (1, "noise.white_noise", FALLING),
        (0.000976563, 0.00552427, 0.0220971, 0.0883883, 1),
    ),
    "jpeg": ((10, "jpeg.jpeg", FALLING), (43, 12, 7, 4, 0)),
    "jpeg2000": (
        (11, "jpeg2000.jpeg2000", FALLING),
        (52.17391, 150, 342.85714, 600, 1200),
    ),
}

# Levels 1 2 3 / 4 5 6 / 7 8 9: a step to the right or down is worse.
GRID = (
    *((0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (7, 8), (8, 9)),
    *((1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9)),
)

# The supplement, for MLIVE.
LIVE_MD = {
    "blur_and_jpeg": (
        (None, "composition.gaussian_blur_then_jpeg", GRID),
        (
            *((1.2, 43), (1.2, 12), (1.2, 7)),
            *((2.5, 43), (2.5, 12), (2.5, 7)),
            *((6.5, 43), (6.5, 12), (6.5, 7)),
        ),
    ),
    "blur_and_noise": (
        (None, "composition.gaussian_blur_then_white_noise", GRID),
        (
            *((1.2, 0.001), (1.2, 0.006), (1.2, 0.022)),
            *((2.5, 0.001), (2.5, 0.006), (2.5, 0.022)),
            *((6.5, 0.001), (6.5, 0.006), (6.5, 0.022)),
        ),
    ),
}

# Ours, but for LIVE's four.
CSIQ = LIVE | {
    "pink_noise": (
        (None, "noise.pink_noise", FALLING),
        (0.0005, 0.001, 0.002, 0.004, 0.008),
    ),
    "contrast_change": (
        (17, "color.contrast_change", FALLING),
        (0.8, 0.65, 0.5, 0.35, 0.2),
    ),
}

# The supplement; steps and shifts are of 255. A photo of TID2013 has 498 x 370 =
# 184,260 places for a patch of 15 x 15, and 481 x 353 = 169,793 for a block of 32 x 32.
PAPER = {
    "white_noise": ((1, "noise.white_noise", FALLING), (0.001, 0.005, 0.01, 0.05)),
    "color_component_noise": (
        (2, "noise.color_component_noise", FALLING),
        ((0.014, 0.014), (0.0198, 0.0198), (0.0343, 0.0343), (0.0524, 0.0524)),
    ),
    "high_frequency_noise": (
        (5, "noise.high_frequency_noise", FALLING),
        (0.001, 0.005, 0.01, 0.05),
    ),
    "impulse_noise": ((6, "noise.impulse_noise", FALLING), (0.005, 0.01, 0.05, 0.1)),
    "quantization": (
        (7, "color.quantization", FALLING),
        (27 / 255, 39 / 255, 55 / 255, 76 / 255),
    ),
    "gaussian_blur": ((8, "blur.gaussian_blur", FALLING), (1.2, 2.5, 6.5, 15.2)),
    "denoising": ((9, "denoising.denoising", FALLING), (0.001, 0.005, 0.01, 0.05)),
    "jpeg": ((10, "jpeg.jpeg", FALLING), (43, 12, 7, 4)),
    "jpeg2000": ((11, "jpeg2000.jpeg2000", FALLING), (52, 150, 343, 600)),
    "pattern_noise": (
        (14, "patches.pattern_noise", FALLING),
        (30 / 0.18426, 70 / 0.18426, 150 / 0.18426, 300 / 0.18426),
    ),
    "block_distortion": (
        (15, "patches.block_distortion", FALLING),
        ((2 / 0.169793, 1), (4 / 0.169793, 1), (8 / 0.169793, 1), (16 / 0.169793, 1)),
    ),
    "mean_shift_up": (
        (16, "color.mean_shift", FALLING),
        (15 / 255, 30 / 255, 45 / 255, 60 / 255),
    ),
    "mean_shift_down": (
        (16, "color.mean_shift", FALLING),
        (-15 / 255, -30 / 255, -45 / 255, -60 / 255),
    ),
    "contrast_decrease": (
        (17, "color.contrast_change", FALLING),
        (0.85, 0.7, 0.55, 0.4),
    ),
    "contrast_increase": ((17, "color.contrast_change", FALLING), (1.2, 1.4, 1.6, 1.8)),
    "saturation_change": (
        (18, "color.saturation_change", FALLING),
        (0.4, 0, -0.4, -0.8),
    ),
    # Deviations: the roots of .05, .09, .13, .2.
    "multiplicative_noise": (
        (19, "noise.multiplicative_noise", FALLING),
        (0.2236068, 0.3, 0.3605551, 0.4472136),
    ),
    "color_quantization": (
        (22, "palette.color_quantization", FALLING),
        (64, 32, 16, 8),
    ),
    "chromatic_aberration": (
        (23, "color.chromatic_aberration", FALLING),
        ((2, 1), (6, 3), (10, 5), (14, 7)),
    ),
}

# The MATLAB files, where they do not do what the supplement says. High-frequency noise
# is not in their lists, so it has no order.
RELEASED_CODE = {
    "white_noise": PAPER["white_noise"],
    "color_component_noise": PAPER["color_component_noise"],
    "high_frequency_noise": (
        (5, "noise.white_noise", "unordered"),
        (0.001, 0.005, 0.01, 0.05),
    ),
    "impulse_noise": PAPER["impulse_noise"],
    "quantization": (
        (7, "released_code.histogram_quantization", FALLING),
        (9, 7, 5, 3),
    ),
    "gaussian_blur": ((8, "released_code.gaussian_blur", FALLING), (7, 15, 39, 91)),
    "denoising": (
        (9, "released_code.denoising_twice_noisy", FALLING),
        (0.001, 0.005, 0.01, 0.05),
    ),
    "jpeg": PAPER["jpeg"],
    "jpeg2000": (
        (11, "jpeg2000.jpeg2000", FALLING),
        (52.17391, 150, 342.85714, 600),
    ),
    "pattern_noise": (
        (14, "released_code.moved_patches", FALLING),
        (30, 70, 150, 300),
    ),
    # Means of the channels: [0 G B], [R + 50 G B], [R + 30 G B], [R G B].
    "block_distortion": (
        (15, "released_code.mean_colour_blocks", FALLING),
        ((2, 0, 0), (4, 1, 50 / 255), (8, 1, 30 / 255), (16, 1, 0)),
    ),
    "mean_shift_up": PAPER["mean_shift_up"],
    "mean_shift_down": PAPER["mean_shift_down"],
    "gain_decrease": ((17, "color.gain", FALLING), (0.85, 0.7, 0.55, 0.4)),
    "gain_increase": ((17, "color.gain", FALLING), (1.2, 1.4, 1.6, 1.8)),
    "saturation_change": (
        (18, "released_code.tinted_saturation_change", FALLING),
        (0.4, 0, -0.4, -0.8),
    ),
    "multiplicative_noise": (
        (19, "noise.multiplicative_noise", FALLING),
        (0.05, 0.09, 0.13, 0.2),
    ),
    "color_quantization": PAPER["color_quantization"],
    "chromatic_aberration": (
        (23, "released_code.red_and_green_shift", FALLING),
        ((1, 0), (5, 2), (9, 4), (13, 6)),
    ),
}

# What was recovered of TID2013's parameters; amplitudes are of 255, and variances of
# 65,025. Others are bisected for its PSNR, and here so that none changes unseen.
TID2013_DECIBELS = (33, 30, 27, 24, 21)
TID2013_VARIANCES = (32 / 65025, 64 / 65025, 130 / 65025, 260 / 65025, 525 / 65025)
TID2013 = {
    "white_noise": ((1, "noise.white_noise", FALLING), TID2013_VARIANCES),
    # V/9 times (219/255)^2 = .737578 in luma, 4V/9 times (224/255)^2 = .771642.
    "color_component_noise": (
        (2, "noise.color_component_noise", FALLING),
        tuple((v * 0.0819531, v * 0.342952) for v in TID2013_VARIANCES),
    ),
    "correlated_noise": ((3, "noise.correlated_noise", FALLING), TID2013_VARIANCES),
    "masked_noise": (
        (4, "noise.masked_noise", FALLING),
        (0.000528, 0.00109, 0.00226, 0.0048, 0.0108),
    ),
    "high_frequency_noise": (
        (5, "noise.laplacian_noise", FALLING),
        (32.55 / 65025, 65.05 / 65025, 206.4 / 65025, 663.6 / 65025, 2232 / 65025),
    ),
    "impulse_noise": (
        (6, "noise.random_valued_impulse_noise", FALLING),
        (0.004, 0.0085, 0.017, 0.034, 0.068),
    ),
    "quantization": (
        (7, "color.quantization", FALLING),
        (19 / 255, 27 / 255, 39 / 255, 55 / 255, 76 / 255),
    ),
    "gaussian_blur": (
        (8, "blur.windowed_gaussian_blur", FALLING),
        (0.5, 0.65, 1, 1.7, 4),
    ),
    "denoising": (
        (9, "denoising.denoising", FALLING),
        (0.00405, 0.0108, 0.0265, 0.0583, 0.118),
    ),
    "jpeg": ((10, "jpeg.jpeg", FALLING), (80, 60, 23, 8, 4)),
    "jpeg2000": ((11, "jpeg2000.jpeg2000_to_psnr", FALLING), TID2013_DECIBELS),
    "jpeg_transmission_errors": (
        (12, "transmission.jpeg_transmission_errors", FALLING),
        ((90, 9.16e-6), (90, 2.17e-5), (90, 4.33e-5), (90, 8.6e-5), (90, 1.76e-4)),
    ),
    "jpeg2000_transmission_errors": (
        (13, "transmission.jpeg2000_transmission_errors", FALLING),
        ((12, 9.33e-5), (12, 1.81e-4), (12, 3.39e-4), (12, 5.67e-4), (12, 1.05e-3)),
    ),
    # 40, 80, 115, 155 a photo; of level 1 no more than that it is weaker is known.
    "pattern_noise": (
        (
            14,
            "patches.pattern_noise",
            ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5)),
        ),
        (20 / 0.18426, 40 / 0.18426, 80 / 0.18426, 115 / 0.18426, 155 / 0.18426),
    ),
    "block_distortion": (
        (15, "patches.mean_blocks", "pristine_first"),
        (
            (10 / 0.169793, 10 / 255),
            (8 / 0.169793, 40 / 255),
            (6 / 0.169793, 60 / 255),
            (4 / 0.169793, 90 / 255),
            (2 / 0.169793, 130 / 255),
        ),
    ),
    "mean_shift": (
        (16, "color.mean_shift", ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5))),
        (-6 / 255, 10 / 255, -20 / 255, 30 / 255, -40 / 255),
    ),
    "contrast_change": (
        (17, "color.contrast_change", ((0, 1), (2, 4), (4, 1), (1, 3), (3, 5))),
        (0.9, 1.2, 0.75, 1.45, 0.5),
    ),
    "saturation_change": (
        (18, "tuning.saturation_to_psnr", FALLING),
        TID2013_DECIBELS,
    ),
    "multiplicative_noise": (
        (19, "tuning.multiplicative_noise_to_psnr", FALLING),
        TID2013_DECIBELS,
    ),
    "comfort_noise": (
        (20, "noise.comfort_noise", FALLING),
        (0.0656, 0.107, 0.184, 0.355, 0.872),
    ),
    "noisy_compression": (
        (21, "composition.white_noise_then_jpeg", FALLING),
        ((0.000574, 90), (0.00167, 75), (0.00448, 60), (0.0105, 45), (0.0248, 30)),
    ),
    "color_quantization": (
        (22, "palette.color_quantization_to_psnr", FALLING),
        TID2013_DECIBELS,
    ),
    "chromatic_aberration": (
        (23, "tuning.chromatic_aberration_to_psnr", FALLING),
        TID2013_DECIBELS,
    ),
    "sparse_sampling": (
        (24, "sparse_sampling.sparse_sampling", FALLING),
        (0.544, 0.356, 0.18, 0.0616, 0.0133),
    ),
}

# KADID-10k's imdist_generator.m: its levels, and what its functions make of them.
# Counts are for 512 x 384 pixels, of which 498 x 370 can begin a patch and 481 x 353 a
# block.
FROM_SECOND = ((0, 2), (1, 2), (2, 3), (3, 4), (4, 5))
FROM_THIRD = ((0, 3), (1, 3), (2, 3), (3, 4), (4, 5))
KADID10K = {
    "gaussian_blur": (
        (None, "blur.gaussian_blur", FROM_SECOND),
        (0.1, 0.5, 1, 2, 5),
    ),
    "lens_blur": ((None, "kadid10k.lens_blur", FALLING), (1, 2, 4, 6, 8)),
    "motion_blur": ((None, "kadid10k.motion_blur", FROM_SECOND), (1, 2, 4, 6, 10)),
    "color_diffusion": (
        (None, "camera.chroma.color_diffusion", FALLING),
        ((3.5, 1), (6.5, 3), (11, 6), (14, 8), (20, 12)),
    ),
    "color_shift": (
        (None, "camera.chroma.color_shift", FALLING),
        (1, 3, 6, 8, 12),
    ),
    "color_quantization": (
        (None, "palette.color_quantization", FALLING),
        (64, 48, 32, 16, 8),
    ),
    "color_saturation_1": (
        (None, "kadid10k.hsv_saturation", FALLING),
        (0.4, 0.2, 0.1, 0, -0.4),
    ),
    "color_saturation_2": (
        (None, "kadid10k.lab_saturation", FROM_SECOND),
        (1, 2, 3, 6, 9),
    ),
    "jpeg2000": ((None, "jpeg2000.jpeg2000", FALLING), (16, 32, 45, 120, 400)),
    "jpeg": ((None, "jpeg.jpeg", FALLING), (43, 36, 24, 7, 4)),
    "white_noise": (
        (None, "noise.white_noise", FALLING),
        (0.001, 0.002, 0.003, 0.005, 0.01),
    ),
    "color_component_noise": (
        (None, "noise.color_component_noise", FALLING),
        (
            (0.0001, 0.0001),
            (0.0005, 0.0005),
            (0.001, 0.001),
            (0.002, 0.002),
            (0.003, 0.003),
        ),
    ),
    "impulse_noise": (
        (None, "noise.impulse_noise", FALLING),
        (0.001, 0.005, 0.01, 0.02, 0.03),
    ),
    # The roots of .001, .005, .01, .02, .05.
    "multiplicative_noise": (
        (None, "noise.multiplicative_noise", FALLING),
        (0.0316228, 0.0707107, 0.1, 0.141421, 0.223607),
    ),
    "denoising": (
        (None, "denoising.denoising", FALLING),
        (0.01, 0.03, 0.05, 0.1, 0.15),
    ),
    "brighten": ((None, "kadid10k.brighten", FROM_THIRD), (0.1, 0.2, 0.4, 0.7, 1.1)),
    "darken": ((None, "kadid10k.darken", FROM_THIRD), (0.05, 0.1, 0.2, 0.4, 0.8)),
    "mean_shift": (
        (None, "color.mean_shift", ((0, 2), (3, 2), (2, 1), (0, 4), (3, 4), (4, 5))),
        (0.15, 0.08, 0, -0.08, -0.15),
    ),
    "jitter": (
        (None, "camera.displacement.jitter", FALLING),
        (0.05, 0.1, 0.2, 0.5, 1),
    ),
    "non_eccentricity_patch": (
        (None, "patches.pattern_noise", FALLING),
        tuple(count / 0.18426 for count in (20, 40, 60, 80, 100)),
    ),
    # 1 / (.95 - s^.6) of .01, .05, .1, .2, .5.
    "pixelate": (
        (None, "camera.resampling.resampling_nearest", FALLING),
        (1.127517, 1.275059, 1.431001, 1.756638, 3.445353),
    ),
    "quantization": (
        (None, "released_code.histogram_quantization", FALLING),
        (20, 16, 13, 10, 7),
    ),
    "color_block": (
        (None, "patches.block_distortion", FALLING),
        tuple((count / 0.169793, 1) for count in (2, 4, 6, 8, 10)),
    ),
    "high_sharpen": ((None, "kadid10k.high_sharpen", FROM_SECOND), (1, 2, 3, 6, 12)),
    "contrast_change": (
        (None, "kadid10k.contrast_curve", ((0, 1), (3, 2), (2, 1), (0, 4), (4, 5))),
        (0.3, 0.15, 0, -0.4, -0.6),
    ),
}

# Levels in order, but not what is between them.
CHAIN = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5))

# Ours. A stop more of ISO halves the electrons.
CAMERA = {
    "underexposure": (
        (None, "camera.exposure.exposure", CHAIN),
        (-1, -1.75, -2.5, -3.25, -4),
    ),
    "overexposure": (
        (None, "camera.exposure.exposure", CHAIN),
        (1, 1.5, 2, 2.5, 3),
    ),
    "warm_cast": (
        (None, "camera.white_balance.white_balance", CHAIN),
        (70, 110, 150, 195, 250),
    ),
    "cool_cast": (
        (None, "camera.white_balance.white_balance", CHAIN),
        (-70, -110, -150, -195, -250),
    ),
    "haze": (
        (None, "camera.haze.haze", FALLING),
        ((0.1, 0.8), (0.2, 0.8), (0.4, 0.8), (0.7, 0.8), (1.1, 0.8)),
    ),
    "defocus": ((None, "camera.optics.defocus", FALLING), (1, 1.7, 3, 5, 9)),
    "motion_blur": (
        (None, "camera.optics.motion_blur", FALLING),
        ((3, 30), (5.5, 30), (10, 30), (18, 30), (32, 30)),
    ),
    "camera_shake": (
        (None, "camera.optics.camera_shake", FALLING),
        (3, 5.5, 10, 18, 32),
    ),
    "sensor_noise": (
        (None, "camera.sensor.sensor_noise", FALLING),
        ((800, 1.5), (400, 1.5), (200, 1.5), (100, 1.5), (50, 1.5)),
    ),
    "phone_denoising": (
        (None, "camera.sensor.phone_denoising", FALLING),
        ((400, 1.5), (200, 1.5), (100, 1.5), (50, 1.5), (25, 1.5)),
    ),
    "sharpening": (
        (None, "camera.sharpening.sharpening", CHAIN),
        ((1.6, 1.5), (2.4, 1.5), (3.5, 1.5), (5, 1.5), (7, 1.5)),
    ),
    "resampling_nearest": (
        (None, "camera.resampling.resampling_nearest", FALLING),
        (1.2, 1.5, 2, 3, 5),
    ),
    "resampling_bilinear": (
        (None, "camera.resampling.resampling_bilinear", FALLING),
        (1.5, 2, 3, 4.5, 7),
    ),
    "resampling_bicubic": (
        (None, "camera.resampling.resampling_bicubic", FALLING),
        (1.5, 2, 3, 4.5, 7),
    ),
    "resampling_lanczos": (
        (None, "camera.resampling.resampling_lanczos", FALLING),
        (1.5, 2, 3, 4.5, 7),
    ),
    "pixelation": (
        (None, "camera.resampling.pixelation", FALLING),
        (2, 3, 4, 6, 10),
    ),
    "jpeg_twice": (
        (None, "camera.codecs.jpeg_twice", FALLING),
        ((85, 75), (50, 40), (25, 15), (11, 7), (7, 5)),
    ),
    "webp": ((None, "camera.codecs.webp", FALLING), (75, 40, 15, 5, 0)),
    "avif": ((None, "camera.codecs.avif", FALLING), (60, 45, 30, 15, 0)),
    "banding": ((None, "camera.tone.banding", FALLING), (5, 4.5, 4, 3.5, 3)),
    "jitter": (
        (None, "camera.displacement.jitter", FALLING),
        (0.12, 0.22, 0.45, 1, 2),
    ),
    "color_diffusion": (
        (None, "camera.chroma.color_diffusion", FALLING),
        ((2, 1), (4, 1), (8, 1.2), (14, 1.6), (24, 2.4)),
    ),
    "color_shift": (
        (None, "camera.chroma.color_shift", FALLING),
        (1, 2, 4, 8, 16),
    ),
}

# Ours: strengths between the levels of the kinds above, by equal ratios of pixels and
# of electrons.
_NINE_BLURRED, _NINE_SHAKEN = (
    [length for length in lengths for _ in range(3)]
    for lengths in ((1.303840, 2.258318, 3.872983), (4.062019, 7.416198, 13.416408))
)
_NINE_NOISES = [(800, 1.5), (282.8427, 1.5), (100, 1.5)] * 3
_NINE_QUALITIES = [43, 21, 12] * 3
CAMERA_MIXED = {
    "low_light": (
        (None, "composition.exposure_then_sensor_noise", GRID),
        [
            (ev, *noise)
            for ev, noise in zip(
                (-1, -1, -1, -1.75, -1.75, -1.75, -2.5, -2.5, -2.5),
                _NINE_NOISES,
                strict=True,
            )
        ],
    ),
    "out_of_focus_jpeg": (
        (None, "composition.defocus_then_jpeg", GRID),
        list(zip(_NINE_BLURRED, _NINE_QUALITIES, strict=True)),
    ),
    "shaken_noise": (
        (None, "composition.camera_shake_then_sensor_noise", GRID),
        [
            (length, *noise)
            for length, noise in zip(_NINE_SHAKEN, _NINE_NOISES, strict=True)
        ],
    ),
    "hazy_jpeg": (
        (None, "composition.haze_then_jpeg", GRID),
        [
            (depth, 0.8, quality)
            for depth, quality in zip(
                (0.05, 0.05, 0.05, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2),
                _NINE_QUALITIES,
                strict=True,
            )
        ],
    ),
}

TABLES = {
    "live": LIVE,
    "tid2013": TID2013,
    "csiq": CSIQ,
    "live_md": LIVE_MD,
    "paper": PAPER,
    "released_code": RELEASED_CODE,
    "kadid10k": KADID10K,
    "camera": CAMERA,
    "camera_mixed": CAMERA_MIXED,
}

# TID2013's mean opinion scores of levels 1 to 5, over its 24 photos of scenes; higher
# is better.
MOS = {
    1: (5.70, 5.25, 4.87, 4.26, 3.79),
    2: (5.94, 5.88, 5.54, 5.09, 4.51),
    3: (4.79, 4.27, 3.73, 3.21, 2.71),
    4: (5.90, 5.78, 5.49, 5.07, 4.45),
    5: (5.91, 5.66, 5.14, 4.17, 3.25),
    6: (4.73, 4.36, 4.00, 3.65, 3.22),
    7: (5.32, 4.75, 4.16, 3.50, 2.83),
    8: (5.66, 5.03, 4.15, 3.32, 2.48),
    9: (6.08, 5.77, 4.85, 3.46, 2.06),
    10: (5.94, 5.71, 4.94, 3.36, 2.10),
    11: (5.64, 4.99, 3.86, 2.71, 1.14),
    12: (5.73, 5.39, 4.60, 3.83, 2.90),
    13: (4.89, 4.12, 3.62, 2.90, 2.58),
    14: (5.72, 5.93, 5.34, 4.75, 3.89),
    15: (3.29, 3.36, 3.48, 3.73, 4.06),
    16: (6.08, 6.05, 5.63, 5.33, 4.67),
    17: (5.63, 6.47, 4.48, 6.29, 3.46),
    18: (5.04, 4.64, 4.23, 3.92, 3.74),
    19: (5.54, 5.17, 4.73, 4.14, 3.70),
    20: (5.89, 5.55, 5.01, 4.14, 3.28),
    21: (5.53, 5.03, 4.30, 3.54, 2.48),
    22: (5.73, 5.31, 4.62, 3.81, 2.92),
    23: (6.10, 5.86, 5.15, 4.33, 2.89),
    24: (5.78, 5.09, 3.97, 2.56, 0.88),
}
