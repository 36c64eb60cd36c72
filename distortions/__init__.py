"""Image distortions with physical parameters, and presets of their levels.

Every distortion is a pure function of one image, float32 [height, width, 3] in [0, 1],
and physical parameters, Python numbers (sigma in pixels, variance, quality, ratio).
It returns an image of the same shape, dtype and range, and keeps what is known of the
shape. It works eagerly, in a tf.function and in Dataset.map. A random one also takes
`seed`, int32 [2], by keyword; the same seed gives the same image.

Levels exist only in the presets, where level 0 is the image itself:

    import distortions

    noisy = distortions.distort(image, "white_noise", 2, seed=(1, 2))
    for row in distortions.PRESETS["live"].rows:
        worst = row.distort(image, len(row.parameters), seed=(1, 2))
    blurred = distortions.blur.gaussian_blur(image, 2.5)

Importing the package imports no TensorFlow; what is here does when it is first used.
"""

import importlib
import os
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from distortions import blur
    from distortions import camera
    from distortions import color
    from distortions import denoising
    from distortions import jpeg
    from distortions import jpeg2000
    from distortions import noise
    from distortions import palette
    from distortions import patches
    from distortions import released_code
    from distortions import sparse_sampling
    from distortions import transmission
    from distortions.composition import chain
    from distortions.composition import compose
    from distortions.kinds import Kind
    from distortions.kinds import Parameter
    from distortions.kinds import kind
    from distortions.presets import PRESETS
    from distortions.presets import distort
    from distortions.presets import find_preset
    from distortions.reach import Reach
    from distortions.registry import Policy
    from distortions.registry import Preset
    from distortions.registry import Row
    from distortions.registry import Setting

__all__ = [
    "PRESETS",
    "Kind",
    "Parameter",
    "Policy",
    "Preset",
    "Reach",
    "Row",
    "Setting",
    "blur",
    "camera",
    "chain",
    "color",
    "compose",
    "denoising",
    "distort",
    "find_preset",
    "jpeg",
    "jpeg2000",
    "kind",
    "noise",
    "palette",
    "patches",
    "released_code",
    "sparse_sampling",
    "transmission",
]

# TensorFlow reads it as it is imported: else it prints ten lines about GPUs first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# The modules that the names are in which are no modules themselves.
_HOMES = {
    "Kind": "distortions.kinds",
    "PRESETS": "distortions.presets",
    "Parameter": "distortions.kinds",
    "Policy": "distortions.registry",
    "Preset": "distortions.registry",
    "Reach": "distortions.reach",
    "Row": "distortions.registry",
    "Setting": "distortions.registry",
    "chain": "distortions.composition",
    "compose": "distortions.composition",
    "distort": "distortions.presets",
    "find_preset": "distortions.presets",
    "kind": "distortions.kinds",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
