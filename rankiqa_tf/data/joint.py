"""Batches of two sources in one, so that one step learns to rank and to score."""

import tensorflow as tf

from rankiqa_tf.data import parallel
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches


class JointBatches:
    """Puts a ranked batch and a scored batch into one.

    A batch holds the images of both, the ranked ones first, and the other keys of each
    as they are. So the first `ranked.size` scores are those of the ranked images, and
    the rest those of the scored ones.

    Args:
        ranked: a source of ranked batches.
        scored: a source of photos with scores; its crops are of the same size.
    """

    def __init__(self, ranked: Batches, scored: Batches):
        self._ranked, self._scored = ranked, scored
        self.size = ranked.size + scored.size

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1, prefetched.

        Raises:
            ValueError: if the crops of the two are not of the same size.
        """
        ranked = self._ranked.dataset(first_step, last_step)
        scored = self._scored.dataset(first_step, last_step)
        sides = [each.element_spec["image"].shape[1] for each in (ranked, scored)]
        if sides[0] != sides[1]:
            raise ValueError(
                f"ranked crops of {sides[0]} pixels and scored ones of {sides[1]} do "
                "not fit into one batch: give both the same crop size"
            )
        both = tf.data.Dataset.zip((ranked, scored))
        return both.map(_joined).prefetch(parallel.AHEAD)


def _joined(ranked: Batch, scored: Batch) -> Batch:
    images = tf.concat([ranked["image"], scored["image"]], 0)
    return {**ranked, **scored, "image": images}
