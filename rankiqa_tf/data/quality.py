"""What is known of the quality of distorted images beside the order of their levels.

A level says nothing across kinds of distortion, and little across photos. Two sorts of
sources do: full-reference measures of an image and its pristine photo, and TID2013's
published mean opinions of kinds and levels. All are quality in levels: by about 1 less
from one level to the next.
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
    """The quality of distorted images by one source or several.

    Args:
        sources: names of `SOURCES`, one or more.
        distortions: the names of the distortions, as of `Versions.names`.
        preset: the name of their preset.
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
        """Gives the quality of images.

        Args:
            images: uint8 [M, h, w, 3].
            references: gives the pristine images, likewise, where they are needed.
            distortion: int32 [M], the numbers of the distortions.
            strength: float32 [M], as of `distortions.Row.at`.

        Returns:
            float32 [M, sources], opinions first; higher is better, and not a number
            where a source knows nothing.
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
    """Values [M] of a table [kinds, levels + 1], straight from level to level."""
    below = tf.floor(strength)
    low, high = (
        tf.gather_nd(table, tf.stack([distortion, tf.cast(level, tf.int32)], 1))
        for level in (below, tf.math.ceil(strength))
    )
    return low + (high - low) * (strength - below)
