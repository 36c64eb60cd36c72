"""Full-reference measures: how far a distorted image is from the pristine one.

While photos are distorted the pristine one is there, so that what a level does not know
can be measured: noise hides in texture, and blur does not show in the sky. Nothing else
here scores photos by them.
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
    """A measure, and how it is made quality.

    Attributes:
        measure: of images and their references, float32 [N, h, w, 3] in 0..1, to
            float32 [N], as its authors define it.
        quality: of its values to quality: 0 for the pristine image, less the worse, by
            about 1 from one of TID2013's levels to the next.
        smallest: the least side of images it takes, in pixels.
    """

    measure: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    quality: Callable[[tf.Tensor], tf.Tensor]
    smallest: int = 8


# The mean difference of two levels, of `benchmarks/measures.py`; MDSI's square rises
# as evenly with the levels as the others.
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
