"""Tables of the kinds of distortion, by function, for test_distortions.py.

A new kind needs a line in OUT_OF_RANGE and, if it is local, one in REACHES.
"""

import distortions
from distortions import blur
from distortions import camera
from distortions import color
from distortions import denoising
from distortions import jpeg
from distortions import jpeg2000
from distortions import kadid10k
from distortions import noise
from distortions import palette
from distortions import patches
from distortions import released_code
from distortions import sparse_sampling
from distortions import transmission
from distortions import tuning
from distortions.camera import chroma
from distortions.camera import codecs
from distortions.camera import displacement
from distortions.camera import resampling
from distortions.camera import tone

_BLUR_AND_JPEG, _BLUR_AND_NOISE = (
    row.function for row in distortions.PRESETS["live_md"].rows
)
_NOISY_COMPRESSION = distortions.PRESETS["tid2013"].row("noisy_compression").function
_LOW_LIGHT, _OUT_OF_FOCUS_JPEG, _SHAKEN_NOISE, _HAZY_JPEG = (
    row.function for row in distortions.PRESETS["camera_mixed"].rows
)

# Beyond the levels of the presets, where those are harmless: what all must do they
# must do here too.
EXTREMES = {
    chroma.color_diffusion: ((60.0, 0.0), (0.1, 3.0)),
    chroma.color_shift: (70.0,),
    codecs.jpeg_twice: ((0, 100), (100, 0)),
    camera.camera_shake: (100.0,),  # Further than the photo is wide.
    camera.defocus: (0.0, 0.3, 60.0),
    camera.exposure: (-40.0, 0.0, 40.0),
    camera.haze: ((30.0, 1.0), (1.0, 0.0)),
    camera.motion_blur: ((0.0, 45.0), (100.0, -200.0)),
    camera.phone_denoising: ((1e6, 0.0), (0.1, 10.0)),
    camera.sensor_noise: ((1e6, 0.0), (0.1, 10.0)),
    camera.sharpening: ((0.0, 1.0), (100.0, 0.1)),
    camera.white_balance: (-300.0, 0.0, 300.0),
    color.chromatic_aberration: ((53, 60),),  # Further than the photo is wide.
    color.contrast_change: (3.0,),
    color.gain: (3.0,),
    color.mean_shift: (-0.5, 0.5),
    color.quantization: (0.35, 1.0),
    color.saturation_change: (-3.0,),
    displacement.jitter: (20.0,),
    kadid10k.contrast_curve: (1.0, -1.0),
    kadid10k.high_sharpen: (50.0,),
    kadid10k.lens_blur: (0.3, 60.0),
    kadid10k.motion_blur: (70.0,),
    noise.color_component_noise: ((0.1, 0.4),),
    noise.comfort_noise: (9.0,),
    noise.correlated_noise: (0.1,),
    noise.high_frequency_noise: (0.1,),
    noise.impulse_noise: (1.0,),
    noise.laplacian_noise: (0.1,),
    noise.masked_noise: (0.1,),
    noise.multiplicative_noise: (1.0,),
    noise.pink_noise: (0.1,),
    noise.random_valued_impulse_noise: (1.0,),
    palette.color_quantization: (2,),
    palette.color_quantization_to_psnr: (5,),
    patches.block_distortion: ((3000, 1.0),),
    patches.mean_blocks: ((3000, 1.0),),
    resampling.pixelation: (70,),
    resampling.resampling_lanczos: (70.0,),
    tone.banding: (1.0, 8.0),
    transmission.jpeg_transmission_errors: ((90, 0.01),),
    transmission.jpeg2000_transmission_errors: ((12, 0.01),),
    # Of which most photos do not get the last.
    tuning.chromatic_aberration_to_psnr: (60, 5),
    tuning.multiplicative_noise_to_psnr: (60, 5),
    tuning.saturation_to_psnr: (60, 5),
    jpeg2000.jpeg2000_to_psnr: (60, 5),
}

_BLOCKS = 16  # Of pixels whose colour JPEG keeps, and it looks at the next sample.

# Parameters, and by hand the margin and the grid that they make.
REACHES = {
    # Four sigma, to the nearest pixel.
    blur.gaussian_blur: ((7 / 6,), 5, 1),
    blur.windowed_gaussian_blur: ((7 / 6,), 5, 1),
    # Half of it, or all, rounded up.
    camera.camera_shake: ((5.5,), 3, 1),
    camera.defocus: ((1.7,), 2, 1),
    camera.exposure: ((1.0,), 0, 1),
    camera.haze: ((1.0, 0.8), 0, 1),
    camera.motion_blur: ((8.5, 30), 5, 1),
    # A neighbour in the mosaic of 2 x 2, and twice the windows of 17 pixels.
    camera.phone_denoising: ((100, 2), 1 + 2 * 8, 2),
    camera.sensor_noise: ((100, 2), 1, 2),
    # Four sigma.
    camera.sharpening: ((1, 2.5), 10, 1),
    camera.white_balance: ((100,), 0, 1),
    _LOW_LIGHT: ((-1, 100, 1), 1, 2),
    # A whole block, its neighbour's sample, and the blur of all these.
    _OUT_OF_FOCUS_JPEG: ((1.7, 43), 2 + 16 + 2, _BLOCKS),
    # Half the path, two sites of a mosaic, and the neighbour.
    _SHAKEN_NOISE: ((5.5, 100, 1), 3 + 2 + 1, 2),
    _HAZY_JPEG: ((0.1, 0.8, 43), 2, _BLOCKS),
    # The farther shift, and a pixel of blur.
    color.chromatic_aberration: ((4, 6), 7, 1),
    # Two sigma, rounded up.
    chroma.color_diffusion: ((3.6, 2.0), 8, 1),
    # A block of the first file and two pixels of the second.
    codecs.jpeg_twice: ((43, 12), 18, 16),
    color.gain: ((2.0,), 0, 1),
    color.mean_shift: ((0.1,), 0, 1),
    color.quantization: ((0.1,), 0, 1),
    color.saturation_change: ((0.1,), 0, 1),
    # Two steps of windows of 8 x 8.
    denoising.denoising: ((0.01,), 14, 8),
    # Five times four deviations, rounded up, and the next pixel.
    displacement.jitter: ((0.6,), 5 * (3 + 1), 1),
    jpeg.jpeg: ((43,), 2, _BLOCKS),
    kadid10k.brighten: ((0.1,), 0, 1),
    kadid10k.contrast_curve: ((0.1,), 0, 1),
    kadid10k.darken: ((0.1,), 0, 1),
    # Two sigma of 3 pixels.
    kadid10k.high_sharpen: ((2.0,), 6, 1),
    kadid10k.hsv_saturation: ((0.1,), 0, 1),
    kadid10k.lab_saturation: ((2.0,), 0, 1),
    # The circle ends before the pixel's middle; and half of the line is 4.5.
    kadid10k.lens_blur: ((4.4,), 4, 1),
    kadid10k.motion_blur: ((10.0,), 5, 1),
    # A whole block, its neighbour's sample, and the blur of all these.
    _BLUR_AND_JPEG: ((2.5, 43), 10 + 16 + 2, _BLOCKS),
    _BLUR_AND_NOISE: ((2.5, 0.01), 10, 1),
    noise.color_component_noise: ((0.1, 0.1), 0, 1),
    noise.correlated_noise: ((0.1,), 0, 1),
    noise.high_frequency_noise: ((0.1,), 0, 1),
    noise.impulse_noise: ((0.1,), 0, 1),
    noise.laplacian_noise: ((0.1,), 0, 1),
    noise.multiplicative_noise: ((0.1,), 0, 1),
    noise.random_valued_impulse_noise: ((0.1,), 0, 1),
    noise.white_noise: ((0.1,), 0, 1),
    _NOISY_COMPRESSION: ((0.1, 43), 2, _BLOCKS),
    # One less than the side of a block; of a patch, and how far it is moved.
    patches.block_distortion: ((30, 0.5), 31, 1),
    patches.mean_blocks: ((30, 0.1), 31, 1),
    patches.pattern_noise: ((30,), 14 + 9, 1),
    # Four times 0.5 / sqrt(0.04) = 2.5, and three steps of windows of 8 x 8.
    sparse_sampling.sparse_sampling: ((0.04,), 10 + 3 * 7, 8),
    # One step of windows of 8 x 8.
    tone.banding: ((4.0,), 7, 8),
    released_code.gaussian_blur: ((15,), 7, 1),
    released_code.red_and_green_shift: ((4, 6), 7, 1),
    released_code.tinted_saturation_change: ((0.1,), 0, 1),
}

_WRONG_PSNR = {
    (0,): "psnr must be more than 0 dB and at most 60 dB, not 0",
    (60.5,): "psnr must be more than 0 dB and at most 60 dB, not 60.5",
}

# Each function with values just out of range, one at a time, and what it says.
OUT_OF_RANGE = {
    blur.gaussian_blur: {(0,): "sigma must be more than 0 pixels, not 0"},
    blur.windowed_gaussian_blur: {(0,): "sigma must be more than 0 pixels, not 0"},
    chroma.color_diffusion: {
        (0, 1): "sigma must be more than 0 pixels, not 0",
        (1, -1): "gain must be at least 0, not -1",
    },
    chroma.color_shift: {(-1,): "distance must be at least 0 pixels, not -1"},
    codecs.avif: {
        (101,): "quality must be a whole number, at least 0 .* 100, not 101",
        (4.5,): r"quality must be a whole number, at least 0 .* 100, not 4\.5",
    },
    codecs.jpeg_twice: {
        (101, 50): "quality_first must be a whole .* at most 100, not 101",
        (50, -1): "quality_second must be a whole .* at most 100, not -1",
    },
    codecs.webp: {
        (101,): "quality must be a whole number, at least 0 .* 100, not 101",
        (4.5,): r"quality must be a whole number, at least 0 .* 100, not 4\.5",
    },
    camera.camera_shake: {(-1,): "length must be at least 0 pixels, not -1"},
    camera.defocus: {(-1,): "radius must be at least 0 pixels, not -1"},
    camera.exposure: {},  # Any number will do.
    camera.haze: {
        (-1, 0.8): "depth must be at least 0, not -1",
        (1, -0.1): "airlight must be at least 0 and at most 1, not -0.1",
        (1, 1.1): "airlight must be at least 0 and at most 1, not 1.1",
    },
    camera.motion_blur: {(-1, 0): "length must be at least 0 pixels, not -1"},
    camera.phone_denoising: {
        (0, 1): "electrons must be more than 0 electrons, not 0",
        (100, -1): "read must be at least 0 electrons, not -1",
    },
    camera.sensor_noise: {
        (0, 1): "electrons must be more than 0 electrons, not 0",
        (100, -1): "read must be at least 0 electrons, not -1",
    },
    camera.sharpening: {
        (-1, 1): "amount must be at least 0, not -1",
        (1, 0): "sigma must be more than 0 pixels, not 0",
    },
    camera.white_balance: {
        (-301,): "mired must be at least -300 mired and at most 300 mired, not -301",
        (301,): "mired must be at least -300 mired and at most 300 mired, not 301",
    },
    _LOW_LIGHT: {(-1, 0, 1): "electrons must be more than 0 electrons, not 0"},
    _OUT_OF_FOCUS_JPEG: {(-1, 43): "radius must be at least 0 pixels, not -1"},
    _SHAKEN_NOISE: {(-1, 100, 1): "length must be at least 0 pixels, not -1"},
    _HAZY_JPEG: {(-1, 0.8, 43): "depth must be at least 0, not -1"},
    color.chromatic_aberration: {
        (-1, 3): "red_shift must be a whole .*, at least 0, not -1",
        (6, -1): "blue_shift must be a whole .*, at least 0, not -1",
        (6, 1.5): "blue_shift must be a whole .*, at least 0, not 1.5",
    },
    color.contrast_change: {
        (0,): "factor must be more than 0, not 0",
        (-1,): "factor must be more than 0, not -1",
    },
    color.gain: {
        (0,): "factor must be more than 0, not 0",
        (-1,): "factor must be more than 0, not -1",
    },
    color.mean_shift: {
        (1.1,): r"shift must be at least -1 and at most 1, not 1\.1",
        (-1.1,): r"shift must be at least -1 and at most 1, not -1\.1",
    },
    color.quantization: {
        (0,): "step must be more than 0 and at most 1, not 0",
        (-1,): "step must be more than 0 and at most 1, not -1",
        (1.1,): "step must be more than 0 and at most 1, not 1.1",
    },
    color.saturation_change: {},  # Any number will do.
    denoising.denoising: {(-1,): "variance must be at least 0, not -1"},
    displacement.jitter: {(-1,): "deviation must be at least 0 pixels, not -1"},
    jpeg.jpeg: {
        (101,): r"quality must be a whole number, at least 0 .* 100, not 101",
        (-1,): r"quality must be a whole number, at least 0 .* 100, not -1",
        (4.5,): r"quality must be a whole number, at least 0 .* 100, not 4\.5",
    },
    jpeg2000.jpeg2000: {(0.9,): r"ratio must be at least 1, not 0\.9"},
    jpeg2000.jpeg2000_to_psnr: _WRONG_PSNR,
    kadid10k.brighten: {(-1,): "amount must be at least 0, not -1"},
    kadid10k.contrast_curve: {
        (1.1,): "amount must be at least -1 and at most 1, not 1.1",
        (-1.1,): "amount must be at least -1 and at most 1, not -1.1",
    },
    kadid10k.darken: {(-1,): "amount must be at least 0, not -1"},
    kadid10k.high_sharpen: {(-1,): "amount must be at least 0, not -1"},
    kadid10k.hsv_saturation: {},  # Any number will do.
    kadid10k.lab_saturation: {(-1,): "factor must be at least 0, not -1"},
    kadid10k.lens_blur: {(0,): "radius must be more than 0 pixels, not 0"},
    kadid10k.motion_blur: {(0.9,): r"length must be at least 1 pixels, not 0\.9"},
    _BLUR_AND_JPEG: {
        (-1, 43): "sigma must be more than 0 pixels, not -1",
        (
            1,
            101,
        ): r"quality must be a whole number, at least 0 .* 100, not 101",
    },
    _BLUR_AND_NOISE: {
        (-1, 0.1): "sigma must be more than 0 pixels, not -1",
        (1, -1): "variance must be at least 0, not -1",
    },
    noise.color_component_noise: {
        (-1, 0.1): "luma_variance must be at least 0, not -1",
        (0.1, -1): "chroma_variance must be at least 0, not -1",
    },
    noise.comfort_noise: {(-1,): "step must be at least 0, not -1"},
    noise.correlated_noise: {(-1,): "variance must be at least 0, not -1"},
    noise.high_frequency_noise: {(-1,): "variance must be at least 0, not -1"},
    noise.impulse_noise: {
        (-1,): "density must be at least 0 and at most 1, not -1",
        (1.1,): "density must be at least 0 and at most 1, not 1.1",
    },
    noise.laplacian_noise: {(-1,): "variance must be at least 0, not -1"},
    noise.masked_noise: {(-1,): "variance must be at least 0, not -1"},
    noise.multiplicative_noise: {(-1,): "deviation must be at least 0, not -1"},
    noise.pink_noise: {(-1,): "variance must be at least 0, not -1"},
    noise.random_valued_impulse_noise: {
        (-1,): "density must be at least 0 and at most 1, not -1",
        (1.1,): "density must be at least 0 and at most 1, not 1.1",
    },
    noise.white_noise: {(-1,): "variance must be at least 0, not -1"},
    _NOISY_COMPRESSION: {
        (-1, 50): "variance must be at least 0, not -1",
        (
            0.1,
            101,
        ): r"quality must be a whole number, at least 0 .* 100, not 101",
    },
    palette.color_quantization: {
        (1,): r"colors must be a whole number, at least 2 and at most 256, not 1",
        (257,): r"colors must be a whole number, at least 2 and at most 256, not 257",
        (4.5,): r"colors must be a whole number, at least 2 and at most 256, not 4\.5",
    },
    palette.color_quantization_to_psnr: _WRONG_PSNR,
    patches.block_distortion: {
        (0, 0.5): "density must be more than 0 patches a megapixel, not 0",
        (100, 0): "opacity must be more than 0 and at most 1, not 0",
        (100, 1.01): "opacity must be more than 0 and at most 1, not 1.01",
    },
    patches.mean_blocks: {
        (0, 0.5): "density must be more than 0 patches a megapixel, not 0",
        (100, -0.1): "shift must be at least 0 and at most 1, not -0.1",
        (100, 1.01): "shift must be at least 0 and at most 1, not 1.01",
    },
    patches.pattern_noise: {
        (0,): "density must be more than 0 patches a megapixel, not 0"
    },
    released_code.denoising_twice_noisy: {(-1,): "variance must be at least 0, not -1"},
    released_code.gaussian_blur: {
        (8,): "size must be an odd whole number of pixels, not 8",
        (-1,): "size must be a whole number of pixels, at least 1, not -1",
    },
    released_code.histogram_quantization: {
        (0,): r"thresholds must be a whole number, at least 1 and at most 20, not 0",
        (21,): r"thresholds must be a whole number, at least 1 and at most 20, not 21",
    },
    released_code.mean_colour_blocks: {
        (-1, 1, 0): "count must be a whole number, at least 0, not -1",
        (1, 2, 0): r"red_factor must be at least 0 and at most 1, not 2",
        (1, 1, -0.1): r"red_shift must be at least 0 and at most 1, not -0\.1",
    },
    released_code.moved_patches: {
        (2.5,): "count must be a whole number, at least 0, not 2.5",
        (-1,): "count must be a whole number, at least 0, not -1",
    },
    released_code.red_and_green_shift: {
        (1.5, 0): "red_shift must be a whole .*, at least 0, not 1.5",
        (1, -1): "green_shift must be a whole .*, at least 0, not -1",
    },
    released_code.tinted_saturation_change: {},
    resampling.pixelation: {
        (0,): "side must be a whole number of pixels, at least 1, not 0",
        (2.5,): r"side must be a whole number of pixels, at least 1, not 2\.5",
    },
    **{
        function: {(0.9,): r"factor must be at least 1, not 0\.9"}
        for function in (
            resampling.resampling_nearest,
            resampling.resampling_bilinear,
            resampling.resampling_bicubic,
            resampling.resampling_lanczos,
        )
    },
    sparse_sampling.sparse_sampling: {
        (0,): "share must be more than 0 and at most 1, not 0",
        (1.01,): "share must be more than 0 and at most 1, not 1.01",
    },
    tone.banding: {
        (0.9,): r"bits must be at least 1 and at most 8, not 0\.9",
        (8.1,): r"bits must be at least 1 and at most 8, not 8\.1",
    },
    transmission.jpeg_transmission_errors: {
        (
            101,
            0.1,
        ): r"quality must be a whole number, at least 0 .* 100, not 101",
        (90, -0.1): r"error_rate must be at least 0 and at most 0.5, not -0\.1",
        (90, 0.51): r"error_rate must be at least 0 and at most 0.5, not 0\.51",
    },
    transmission.jpeg2000_transmission_errors: {
        (0.9, 0.1): r"ratio must be at least 1, not 0\.9",
        (12, -0.1): r"error_rate must be at least 0 and at most 0.5, not -0\.1",
        (12, 0.51): r"error_rate must be at least 0 and at most 0.5, not 0\.51",
    },
    tuning.chromatic_aberration_to_psnr: _WRONG_PSNR,
    tuning.multiplicative_noise_to_psnr: _WRONG_PSNR,
    tuning.saturation_to_psnr: _WRONG_PSNR,
}
