"""Camera distortions in realistic combinations of two."""

import itertools

from distortions.composition import compose
from distortions.presets.camera import CAMERA
from distortions.presets.live import LIVE
from distortions.registry import Preset


def _grid(
    first: tuple[float, ...], second: tuple[float, ...]
) -> tuple[tuple[float, ...], ...]:
    """The nine combinations of three strengths each; level 3 a + b + 1 has a and b."""
    return tuple(itertools.product(first, second))


_BLUR = (1.5, 2.5, 3.5)
_NOISE = (1, 2.5, 4)
_JPEG = (1, 1.7, 2)  # Quality 43, 21, 12: less is seldom met.

CAMERA_MIXED = Preset(
    name="camera_mixed",
    source="Two distortions of the preset camera each, or one and JPEG as in live, "
    "in the order in which a camera applies them: light, lens, sensor, file. "
    "The combinations and strengths are our choice.",
    rows=(
        compose(
            "low_light",
            (CAMERA.row("underexposure"), CAMERA.row("sensor_noise")),
            _grid((1, 2, 3), _NOISE),
            source="Levels 1, 2, 3 of underexposure, then 1, 2.5, 4 of sensor_noise.",
        ),
        compose(
            "out_of_focus_jpeg",
            (CAMERA.row("defocus"), LIVE.row("jpeg")),
            _grid(_BLUR, _JPEG),
            source="Levels 1.5, 2.5, 3.5 of defocus, then JPEG of quality 43, 21, 12.",
        ),
        compose(
            "shaken_noise",
            (CAMERA.row("camera_shake"), CAMERA.row("sensor_noise")),
            _grid(_BLUR, _NOISE),
            source="Levels 1.5, 2.5, 3.5 of camera_shake, then 1, 2.5, 4 of "
            "sensor_noise.",
        ),
        compose(
            "hazy_jpeg",
            (CAMERA.row("haze"), LIVE.row("jpeg")),
            _grid((0.5, 1, 2), _JPEG),
            source="Levels 0.5, 1, 2 of haze, then JPEG of quality 43, 21, 12.",
        ),
    ),
)
