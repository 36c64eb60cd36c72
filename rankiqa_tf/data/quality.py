"""The quality of distorted images as known from sources other than level order.

A level says nothing across kinds of distortion, and little across photos. Two sorts of
sources do: full-reference measures of an image against its pristine photo, and
TID2013's published mean opinions of kinds and levels. All are converted to quality in
levels, which falls by about 1 from one level to the next.
"""

from collections.abc import Callable
from collections.abc import Sequence

import tensorflow as tf

from rankiqa_tf import measures
from rankiqa_tf.datasets import opinion_table

LEVELS = "levels"
OPINIONS = "opinions"
SOURCES = (OPINIONS, *measures.MEASURES)


class Quality:
    """The quality of distorted images according to one or more sources.

    Args:
        sources: names from `SOURCES`, one or more.
        distortions: names of the distortions, as in `Versions.names`.
        preset: name of their preset.
    """

    def __init__(self, sources: Sequence[str], distortions: Sequence[str], preset: str):
        self._measures = [measures.MEASURES[n] for n in sources if n != OPINIONS]
        self._opinions = None
        if OPINIONS in sources:
            table = opinion_table.quality(distortions, preset)
            self._opinions = tf.constant(table, tf.float32)

    def of(
        self,
        images: tf.Tensor,
        references: Callable[[], tf.Tensor],
        distortion: tf.Tensor,
        strength: tf.Tensor,
    ) -> tf.Tensor:
        """Returns the quality of images.

        Args:
            images: uint8 [M, h, w, 3].
            references: returns the pristine images, uint8 [M, h, w, 3], if they are
                needed.
            distortion: int32 [M], numbers of the distortions.
            strength: float32 [M], as for `distortions.Row.at`.

        Returns:
            float32 [M, sources], opinions first; higher is better, nan where a source
            has no information.
        """
        found = []
        if self._opinions is not None:
            found.append(_between_levels(self._opinions, distortion, strength))
        if self._measures:
            pair = [
                tf.image.convert_image_dtype(each, tf.float32)
                for each in (images, references())
            ]
            found += [m.quality(m.measure(*pair)) for m in self._measures]
        return tf.stack(found, -1)


def _between_levels(
    table: tf.Tensor, distortion: tf.Tensor, strength: tf.Tensor
) -> tf.Tensor:
    """Interpolates values [M] in a table [kinds, levels + 1] linearly."""
    below = tf.floor(strength)
    low, high = (
        tf.gather_nd(table, tf.stack([distortion, tf.cast(level, tf.int32)], 1))
        for level in (below, tf.math.ceil(strength))
    )
    return low + (high - low) * (strength - below)
