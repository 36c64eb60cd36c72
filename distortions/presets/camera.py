"""Camera distortions: light, lens, sensor and files."""

from distortions import camera
from distortions.registry import Preset
from distortions.registry import Row

# Level 1 is far enough from the photo to look worse. A weaker one may please, or
# improve a photo that is too dark or has a cast. So the levels are in order but, unlike
# with descending quality, what lies between them is not.
_FROM_LEVEL_1 = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5))

_LIGHT_ROWS = (
    Row(
        number=None,
        name="underexposure",
        function=camera.exposure,
        parameters=(-1, -1.75, -2.5, -3.25, -4),
        policy=_FROM_LEVEL_1,
        source="Steps of 3/4 EV from 1 EV on, our choice.",
    ),
    Row(
        number=None,
        name="overexposure",
        function=camera.exposure,
        parameters=(1, 1.5, 2, 2.5, 3),
        policy=_FROM_LEVEL_1,
        source="Steps of 1/2 EV from 1 EV on, our choice.",
    ),
    Row(
        number=None,
        name="warm_cast",
        function=camera.white_balance,
        parameters=(70, 110, 150, 195, 250),
        policy=_FROM_LEVEL_1,
        source="Mired, our choice: lamps of 4470, 3790, 3290, 2870, 2480 K taken for "
        "daylight.",
    ),
    Row(
        number=None,
        name="cool_cast",
        function=camera.white_balance,
        parameters=(-70, -110, -150, -195, -250),
        policy=_FROM_LEVEL_1,
        source="Mired, our choice: daylight taken for lamps of 4470, 3790, 3290, 2870, "
        "2480 K.",
    ),
    Row(
        number=None,
        name="haze",
        function=camera.haze,
        parameters=((0.1, 0.8), (0.2, 0.8), (0.4, 0.8), (0.7, 0.8), (1.1, 0.8)),
        policy="descending",
        source="Our choice: 90, 82, 67, 50, 33 % of the light come through. The air is "
        "of the lightest grey that is not white, 80 %.",
    ),
)

_LENS_ROWS = (
    Row(
        number=None,
        name="defocus",
        function=camera.defocus,
        parameters=(1, 1.7, 3, 5, 9),
        policy="descending",
        source="Radii in pixels, about 1.7 times as large each, our choice.",
    ),
    Row(
        number=None,
        name="motion_blur",
        function=camera.motion_blur,
        parameters=((3, 30), (5.5, 30), (10, 30), (18, 30), (32, 30)),
        policy="descending",
        source="Pixels, about 1.8 times as many each, our choice. The direction "
        "matters little; it is along no axis.",
    ),
    Row(
        number=None,
        name="camera_shake",
        function=camera.camera_shake,
        parameters=(3, 5.5, 10, 18, 32),
        policy="descending",
        source="Pixels, as of motion_blur.",
    ),
)

_SENSOR_ROWS = (
    Row(
        number=None,
        name="sensor_noise",
        function=camera.sensor_noise,
        parameters=((800, 1.5), (400, 1.5), (200, 1.5), (100, 1.5), (50, 1.5)),
        policy="descending",
        source="A stop each: ISO 800, 1600, 3200, 6400, 12800 of a pixel that counts "
        "6400 electrons at ISO 100, as small ones of phones do, and reads them out "
        "with 1.5 electrons of noise.",
    ),
    Row(
        number=None,
        name="phone_denoising",
        function=camera.phone_denoising,
        parameters=((400, 1.5), (200, 1.5), (100, 1.5), (50, 1.5), (25, 1.5)),
        policy="descending",
        source="A stop each, from ISO 1600 on of the sensor of sensor_noise.",
    ),
    Row(
        number=None,
        name="sharpening",
        function=camera.sharpening,
        parameters=((1.6, 1.5), (2.4, 1.5), (3.5, 1.5), (5, 1.5), (7, 1.5)),
        policy=_FROM_LEVEL_1,
        source="Our choice: halos are seen at level 1, and little else at level 5.",
    ),
)

_FACTORS = (1.5, 2.0, 3.0, 4.5, 7.0)
_REDUCED = (
    "Photos reduced by 1.5 to 7, as thumbnails that are shown too large: our choice, "
    "in steps of about half as much again, and alike for all smooth filters."
)

_FILE_ROWS = (
    Row(
        number=None,
        name="resampling_nearest",
        function=camera.resampling_nearest,
        parameters=(1.2, 1.5, 2.0, 3.0, 5.0),
        policy="descending",
        source="Reduced by 1.2 to 5: our choice. It is jagged from the beginning, so "
        "that steps begin lower than those of the smooth filters.",
    ),
    Row(
        number=None,
        name="resampling_bilinear",
        function=camera.resampling_bilinear,
        parameters=_FACTORS,
        policy="descending",
        source=_REDUCED,
    ),
    Row(
        number=None,
        name="resampling_bicubic",
        function=camera.resampling_bicubic,
        parameters=_FACTORS,
        policy="descending",
        source=_REDUCED,
    ),
    Row(
        number=None,
        name="resampling_lanczos",
        function=camera.resampling_lanczos,
        parameters=_FACTORS,
        policy="descending",
        source=_REDUCED,
    ),
    Row(
        number=None,
        name="pixelation",
        function=camera.pixelation,
        parameters=(2, 3, 4, 6, 10),
        policy="descending",
        source="Blocks of 2 to 10 pixels: our choice.",
    ),
    Row(
        number=None,
        name="jpeg_twice",
        function=camera.jpeg_twice,
        parameters=((85, 75), (50, 40), (25, 15), (11, 7), (7, 5)),
        policy="descending",
        source="Our choice, for about 33, 30, 27, 25, 23 dB over the embedded photos, "
        "at a quality of the second time that is somewhat less than that of the first.",
    ),
    Row(
        number=None,
        name="webp",
        function=camera.webp,
        parameters=(75, 40, 15, 5, 0),
        policy="descending",
        source="From Pillow's default quality, where little is seen, to the least that "
        "there is: our choice, for about 34, 32, 30, 28, 26 dB over the embedded "
        "photos.",
    ),
    Row(
        number=None,
        name="avif",
        function=camera.avif,
        parameters=(60, 45, 30, 15, 0),
        policy="descending",
        source="Even steps down to the least quality that there is: our choice, for "
        "about 34, 32, 29, 27, 25 dB over the embedded photos.",
    ),
    Row(
        number=None,
        name="banding",
        function=camera.banding,
        parameters=(5.0, 4.5, 4.0, 3.5, 3.0),
        policy="descending",
        source="32, 23, 16, 11 and 8 tones, half a bit less each time: our choice.",
    ),
    Row(
        number=None,
        name="jitter",
        function=camera.jitter,
        parameters=(0.12, 0.22, 0.45, 1.0, 2.0),
        policy="descending",
        source="Our choice, for about 33, 30, 27, 24, 22 dB over the embedded photos; "
        "KADID-10k has 0.05, 0.1, 0.2, 0.5 and 1.",
    ),
    Row(
        number=None,
        name="color_diffusion",
        function=camera.color_diffusion,
        parameters=((2.0, 1.0), (4.0, 1.0), (8.0, 1.2), (14.0, 1.6), (24.0, 2.4)),
        policy="descending",
        source="Our choice: about twice the blur each time, and a gain that makes up "
        "for what it makes pale, and more. KADID-10k begins with a sigma of 3.5 and "
        "goes on to 20 and a gain of 12.",
    ),
    Row(
        number=None,
        name="color_shift",
        function=camera.color_shift,
        parameters=(1.0, 2.0, 4.0, 8.0, 16.0),
        policy="descending",
        source="Twice as far each time: our choice. KADID-10k has 1, 3, 6, 8 and 12 "
        "pixels.",
    ),
)

CAMERA = Preset(
    name="camera",
    source="What cameras do to photos, in the order in which it happens, and what "
    "happens to photos afterwards, in files, on screens and in programs.",
    rows=(*_LIGHT_ROWS, *_LENS_ROWS, *_SENSOR_ROWS, *_FILE_ROWS),
)
