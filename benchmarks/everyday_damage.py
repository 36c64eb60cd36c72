"""A preset of everyday damage to photos: PRESET.

It can be used like any preset, as benchmarks.everyday_damage:PRESET;
benchmarks/everyday_falls.py measures on how many photos a score falls.
"""

from distortions.blur import gaussian_blur
from distortions.camera import camera_shake
from distortions.camera import exposure
from distortions.jpeg import jpeg
from distortions.noise import white_noise
from distortions.registry import Preset
from distortions.registry import Row

PRESET = Preset(
    name="everyday_damage",
    source="Our choice, for photos of about 512 pixels.",
    rows=(
        Row(
            number=None,
            name="jpeg",
            function=jpeg,
            parameters=(95, 80, 60, 40, 20),
            policy="descending",
            source="Qualities that programs and sites save photos in.",
        ),
        Row(
            number=None,
            name="gaussian_blur",
            function=gaussian_blur,
            parameters=(0.7, 1, 1.5, 2.5, 4),
            policy="descending",
            source="Standard deviations in pixels.",
        ),
        Row(
            number=None,
            name="white_noise",
            function=white_noise,
            parameters=tuple((sigma / 255) ** 2 for sigma in (5, 10, 15, 25, 40)),
            policy="descending",
            source="Standard deviations of 5 to 40 of 255.",
        ),
        Row(
            number=None,
            name="darkness",
            function=exposure,
            parameters=(-1, -2, -3, -4, -5),
            policy="descending",
            source="Stops.",
        ),
        Row(
            number=None,
            name="camera_shake",
            function=camera_shake,
            parameters=(3, 6, 10, 18, 32),
            policy="descending",
            source="Pixels of the path.",
        ),
    ),
)
