"""The names that options choose from, for what must not import TensorFlow.

The tables that these are the names of import it. A test holds them to be the same.
"""

from distortions.preset_names import PRESETS

__all__ = ["CROPS", "MEASURES", "METHODS", "NETWORKS", "PRESETS"]

CROPS = ("grid", "whole", "random")  # What a photo is scored by; see `Model.score`.
NETWORKS = (
    "shallow",
    "alexnet",
    "vgg16",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
)
MEASURES = ("mdsi", "haarpsi", "gmsd", "ms_ssim")
METHODS = ("baseline", "rankiqa", "rankiqa_ft")
