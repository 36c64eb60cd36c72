"""What goes wrong in a camera: light, lens, sensor, and what is made of it."""

from distortions import camera
from distortions.registry import Preset
from distortions.registry import Row

# Level 1 is far enough from the photo to look worse. Less may please, or mend a photo
# that is too dark or has a cast: so the levels are in order, but not, as where quality
# is descending, what lies between them.
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

CAMERA = Preset(
    name="camera",
    source="What cameras do to photos, in the order in which it happens.",
    rows=(*_LIGHT_ROWS, *_LENS_ROWS, *_SENSOR_ROWS),
)
