"""Full-reference measures: how far a distorted image is from the pristine one.

When photos are distorted, the pristine one is available, so effects that a level does
not capture can be measured: noise hides in texture, and blur does not show in the sky.
These measures are not used to score photos.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping
from types import MappingProxyType

import tensorflow as tf

from rankiqa_tf.measures.gmsd import gmsd
from rankiqa_tf.measures.haarpsi import haarpsi
from rankiqa_tf.measures.mdsi import mdsi
from rankiqa_tf.measures.ms_ssim import SMALLEST
from rankiqa_tf.measures.ms_ssim import ms_ssim


@dataclasses.dataclass(frozen=True)
class Measure:
    """A measure, and its conversion to quality.

    Attributes:
        measure: from images and their references, float32 [N, h, w, 3] in 0..1, to
            float32 [N], as its authors define it.
        quality: from its values to quality: 0 for the pristine image, falling by about
            1 from one of TID2013's levels to the next.
        smallest: minimum side of the images it accepts, in pixels.
    """

    measure: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    quality: Callable[[tf.Tensor], tf.Tensor]
    smallest: int = 8


# Scaled by the mean difference between two levels, from `benchmarks/measures.py`. MDSI
# is squared because its square rises as evenly with the levels as the others.
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "mdsi": Measure(mdsi, lambda values: -tf.square(values) / 0.03),
        "haarpsi": Measure(haarpsi, lambda values: (values - 1) / 0.08),
        "gmsd": Measure(gmsd, lambda values: -values / 0.025),
        "ms_ssim": Measure(
            ms_ssim, lambda values: (values - 1) / 0.03, smallest=SMALLEST
        ),
    }
)
