"""Batches that join photos with human scores and ranked images."""

from pathlib import Path

import tensorflow as tf

from rankiqa_tf.data.batches import Batch
from rankiqa_tf.data.batches import Batches


class JoinedBatches:
    """Joins two sources; in a batch, images of the first come first.

    All images go through the network together. Other entries stay as in their source,
    and their names have to differ; their lengths tell how many images each source has.
    A part of a batch joins the corresponding parts of both sources.

    Args:
        scored: batches with `mos`; see `scored`.
        ranked: ranked batches with images of the same size; see `ranked`.
    """

    def __init__(self, scored: Batches, ranked: Batches):
        self._scored, self._ranked = scored, ranked
        self.size = scored.size + ranked.size

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of steps first_step to last_step - 1."""
        sources = (
            each.dataset(first_step, last_step) for each in (self._scored, self._ranked)
        )
        return tf.data.Dataset.zip(tuple(sources)).map(_join)

    def part(self, number: int, count: int) -> "JoinedBatches":
        """Returns one of several equal parts of each source's batches."""
        return JoinedBatches(
            self._scored.part(number, count), self._ranked.part(number, count)
        )

    def photos(self, number: int) -> list[Path | str]:
        """Returns the photos of a step, counted from 1."""
        return [*self._scored.photos(number), *self._ranked.photos(number)]


def split(
    scores: tf.Tensor, batch: Batch, *, parts: int = 1
) -> tuple[tf.Tensor, tf.Tensor]:
    """Separates the scores of images with human scores from those of ranked ones.

    Args:
        scores: float [M], of the parts of a batch one after the other.
        batch: the parts' other entries, one part after the other.
        parts: number of parts.
    """
    count = batch["mos"].shape[0] // parts
    of_parts = tf.reshape(scores, [parts, -1])
    scored, ranked = of_parts[:, :count], of_parts[:, count:]
    return tf.reshape(scored, [-1]), tf.reshape(ranked, [-1])


def _join(scored: Batch, ranked: Batch) -> Batch:
    def follow(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
        return tf.concat([first, second], 0)

    images = tf.nest.map_structure(follow, scored["image"], ranked["image"])
    return scored | ranked | {"image": images}
