"""Random pairs and hard-negative mining, which the paper compares with all pairs.

A standard Siamese network gets random pairs of distorted photos. A batch is like that
of `ranked`, with two additional keys:

    image       uint8 [M, crop, crop, 3]
    distortion  int32 [M], row of the preset
    level       int32 [M], 0 is the pristine photo
    content     int32 [M], number of the photo
    pair        int32 [M], number of the pair in the batch
    step        int64 scalar, number of the step, from 0

The two images of a pair are adjacent, the better one first. As with ranked batches,
everything is a function of the seed and the step number alone.
"""

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from rankiqa_tf.config import Config
from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.data import versions
from rankiqa_tf.data.batches import Batch
from rankiqa_tf.training import losses
from rankiqa_tf.training.stages import ranking


class RandomPairs:
    """Makes batches of random pairs of versions of photos.

    A pair is of one photo and one distortion, drawn uniformly from those with an order,
    at two levels, drawn uniformly from those whose order is known. Each epoch draws
    every photo once. `losses.pair_mask` with `pair` as its group compares each image
    only with its partner.

    Args:
        versions: the source of versions.
        pairs: number of pairs per batch; an epoch may end inside a batch.
        crop_size: side of the crops in pixels; smaller photos are mirrored.
        seed: decides order, draws, crops and noise.

    Raises:
        ValueError: if there are no pairs in a batch, or no distortion has an order.
    """

    def __init__(
        self, versions: versions.Versions, *, pairs: int, crop_size: int, seed: int
    ):
        if pairs < 1:
            raise ValueError(f"a batch must have 1 pair or more, not {pairs}")
        known = np.argwhere(versions.better).astype(np.int32)
        if not len(known):
            raise ValueError(
                "no distortion has levels of known order, so there are no pairs: "
                f"{', '.join(versions.names)}"
            )
        # Rows of (distortion, better level, worse level), distortion by distortion.
        self._known = tf.constant(known)
        _, firsts, counts = np.unique(
            known[:, 0], return_index=True, return_counts=True
        )
        self._firsts = tf.constant(firsts, tf.int32)
        self._counts = tf.constant(counts, tf.int32)
        self._versions = versions
        self._pairs = pairs
        self._crop_size = crop_size
        self._seed = seed
        self.size = 2 * pairs

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of steps first_step to last_step - 1, prefetched."""
        slots = tf.data.Dataset.range(first_step * self._pairs, last_step * self._pairs)
        return (
            parallel.map_in_order(slots, self._pair)
            .batch(self._pairs, drop_remainder=True)
            .map(self._joined)
            .prefetch(parallel.AHEAD)
        )

    def photos(self, number: int) -> list[Path | str]:
        """Returns the photos of a step, counted from 1."""
        slots = range((number - 1) * self._pairs, number * self._pairs)
        return [
            self._versions.contents[int(self._content(tf.constant(slot, tf.int64)))]
            for slot in slots
        ]

    def _content(self, slot: tf.Tensor) -> tf.Tensor:
        return order.shuffled(
            slot, self._versions.num_photos, self._seed, "photos of pairs"
        )

    def _pair(self, slot: tf.Tensor) -> dict[str, tf.Tensor]:
        content = self._content(slot)
        kind_seed, level_seed, crop_seed = (
            order.seed_of(self._seed, purpose, slot)
            for purpose in ("pair's kind", "pair's levels", "pair's crops")
        )
        kind = _draw(tf.size(self._counts), kind_seed)
        place = self._firsts[kind] + _draw(self._counts[kind], level_seed)
        distortion, better, worse = tf.unstack(self._known[place])
        distortions, levels = tf.stack([distortion] * 2), tf.stack([better, worse])
        return {
            "image": versions.several_crops(
                self._versions,
                self._versions.photo(content),
                distortions,
                levels,
                size=self._crop_size,
                seed=crop_seed,
            ),
            "distortion": distortions,
            "level": levels,
            "content": tf.fill([2], content),
            "pair": tf.fill([2], tf.cast(slot % self._pairs, tf.int32)),
            "step": slot // self._pairs,
        }

    def _joined(self, pairs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Reshapes [pairs, 2, ...] to [2 * pairs, ...]; the step stays a scalar."""
        step = pairs.pop("step")[0]
        joined = {
            name: tf.reshape(value, [self.size, *value.shape[2:]])
            for name, value in pairs.items()
        }
        return {**joined, "step": step}


def _draw(count: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws an int32 scalar uniformly from 0..count - 1."""
    return tf.random.stateless_uniform([], seed, 0, count, tf.int32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HardNegatives:
    """How the share of hardest pairs grows during training.

    Attributes:
        every: number of steps between increases.
        rise: size of an increase, as a fraction of the pairs of a batch.
    """

    every: int
    rise: float

    def count(self, step: tf.Tensor, pairs: int) -> tf.Tensor:
        """Returns the number of hard pairs in a step, int32 scalar; in the end all."""
        rises = tf.cast(step // self.every, tf.float32)
        share = tf.minimum(rises * self.rise, 1.0)
        return tf.cast(tf.round(share * pairs), tf.int32)


def make_loss(
    better: np.ndarray, config: Config, *, pairs: int, hard: HardNegatives | None = None
) -> ranking.Loss:
    """Returns the ranking loss named by the options, from scores and a batch of pairs.

    Args:
        better: of the versions.
        config: the options.
        pairs: number of pairs per batch.
        hard: how many of them are replaced by the hardest of all comparable pairs; None
            for none.
    """

    def loss(scores: tf.Tensor, batch: Batch) -> tf.Tensor:
        def known(group: tf.Tensor | None) -> tf.Tensor:
            kind, level = batch["distortion"], batch["level"]
            return losses.pair_mask(better, kind, level, group)

        mask = known(batch["pair"])
        if hard is not None:
            count = hard.count(batch["step"], pairs)
            comparable = known(batch["content"] if config.same_content_pairs else None)
            drawn = mask & (batch["pair"] < pairs - count)
            mask = with_hardest(scores, drawn, comparable, count=count)
        return ranking.loss_of_pairs(scores, mask, tf.ones(tf.shape(mask)), config)

    return loss


def with_hardest(
    scores: tf.Tensor, drawn: tf.Tensor, comparable: tf.Tensor, *, count: tf.Tensor
) -> tf.Tensor:
    """Adds the hardest of the other comparable pairs to those that were drawn.

    Args:
        scores: float [M].
        drawn: bool [M, M], the drawn pairs.
        comparable: bool [M, M], all pairs that may be used.
        count: int32 scalar, how many to add.

    Returns:
        bool [M, M]: the drawn pairs and `count` more, or fewer if there are not enough.
    """
    return drawn | hardest(scores, comparable & ~drawn, count=count)


def hardest(scores: tf.Tensor, mask: tf.Tensor, *, count: tf.Tensor | int) -> tf.Tensor:
    """Returns the pairs whose better image leads least, or trails most.

    They have the highest loss, with either loss function and any margin. The choice has
    no gradient.

    Args:
        scores: float [M].
        mask: bool [M, M], the pairs to choose from.
        count: int32 scalar, how many to choose, 0 or more.

    Returns:
        bool [M, M], true at `count` pairs of the mask, or at all if it has no more.
        Ties are resolved in order, row by row.
    """
    pairs = tf.size(mask)
    leads = scores[:, tf.newaxis] - scores[tf.newaxis]
    leads = tf.where(mask, leads, scores.dtype.max)
    order = tf.argsort(tf.reshape(leads, [pairs]), stable=True)
    ranks = tf.reshape(tf.math.invert_permutation(order), tf.shape(mask))
    return mask & (ranks < count)
