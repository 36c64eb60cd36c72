"""The presets: which distortions there are, and what their levels mean.

To add a distortion, write its function as a kind (`distortions.kinds`) and add a row to
a table here; the tests then check that it fulfils the package's contract. Your own
distortions do not need a place here: make a `Preset` and name it as module:NAME.
"""

import dataclasses
import types
from collections.abc import Sequence

import tensorflow as tf

from distortions import user_modules
from distortions.presets.camera import CAMERA
from distortions.presets.camera_mixed import CAMERA_MIXED
from distortions.presets.csiq import CSIQ
from distortions.presets.kadid10k import KADID10K
from distortions.presets.live import LIVE
from distortions.presets.live import LIVE_MD
from distortions.presets.paper import PAPER
from distortions.presets.paper import RELEASED_CODE
from distortions.presets.tid2013 import TID2013
from distortions.registry import Preset

PRESETS = types.MappingProxyType(
    {
        preset.name: preset
        for preset in (
            LIVE,
            TID2013,
            CSIQ,
            LIVE_MD,
            PAPER,
            RELEASED_CODE,
            KADID10K,
            CAMERA,
            CAMERA_MIXED,
        )
    }
)


def distort(
    image: tf.Tensor,
    name: str,
    level: int,
    *,
    preset: str = "live",
    seed: tf.Tensor | None = None,
) -> tf.Tensor:
    """Distorts an image as a preset's table says.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        name: a distortion of the preset, such as "jpeg".
        level: 0, which is the image itself, up to the preset's `num_levels`.
        preset: as for `find_preset`.
        seed: int32 [2] or a pair of ints; only random distortions need it.

    Returns:
        The distorted image, with the shape, dtype and range of `image`.

    Raises:
        ValueError: if there is no such preset, distortion or level, the image is
            invalid, or a random distortion has no seed.
    """
    return find_preset(preset).row(name).distort(image, level, seed=seed)


def find_preset(name: str) -> Preset:
    """Returns a preset by name.

    Args:
        name: a key of PRESETS; or your own as module:NAME, where the module can be
            imported and NAME is a `Preset` in it; or several joined by commas, whose
            distortions are then named preset.distortion.

    Raises:
        ValueError: if there is no such preset.
    """
    if name in PRESETS:
        return PRESETS[name]
    if "," in name:
        return _joined([find_preset(part.strip()) for part in name.split(",")])
    if ":" not in name:
        raise ValueError(
            f"no preset {name!r}; there are: {', '.join(PRESETS)}, and any of your own "
            "as module:NAME"
        )
    return user_modules.find(
        name, Preset, what="preset", kind_name="distortions.Preset"
    )


def _joined(presets: Sequence[Preset]) -> Preset:
    """Joins the rows of several presets into one."""
    return Preset(
        name=",".join(preset.name for preset in presets),
        rows=tuple(
            dataclasses.replace(row, name=f"{preset.name}.{row.name}")
            for preset in presets
            for row in preset.rows
        ),
        source="; ".join(preset.source for preset in presets),
    )
