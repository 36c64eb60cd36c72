"""A photo and all its versions, cut from the same place.

In a ranked batch each image is cut from a different place, so that a network cannot
compare pixels. If the network is fixed and only the weights of its features are fitted,
there is no such danger, and the same place shows best what a distortion changes.
"""

import numpy as np
import tensorflow as tf

from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.data import versions
from rankiqa_tf.data.quality import Quality
from rankiqa_tf.data.versions import Versions


def dataset(
    of: Versions,
    *,
    size: int,
    count: int,
    kinds: int = 0,
    seed: int,
    quality: Quality | None = None,
) -> tf.data.Dataset:
    """Returns photo sets, each a batch with the keys of a ranked one (`ranked`).

    A set has 1 + kinds * levels images and starts with the photo itself, as level 0 of
    the first kind, followed by the levels of the first kind.

    Args:
        of: the source of versions.
        size: side of the crops in pixels; smaller photos are mirrored.
        count: number of photos, no more than there are.
        kinds: number of kinds of distortion per photo, drawn anew for each; 0 for all.
        seed: decides which photos, kinds, places and noise are drawn.
        quality: what other information on quality to add.
    """
    every, levels = tf.range(len(of.names)), of.num_levels
    kinds = kinds or len(of.names)
    level = tf.concat([[0], tf.tile(tf.range(1, levels + 1), [kinds])], 0)
    strength = tf.cast(level, tf.float32)

    def photo_set(content: tf.Tensor) -> dict[str, tf.Tensor]:
        drawn = every
        if kinds < len(of.names):
            kinds_seed = order.seed_of(seed, "kinds of a set", content)
            drawn = tf.random.experimental.stateless_shuffle(every, kinds_seed)
            drawn = tf.sort(drawn[:kinds])
        kind = tf.concat([drawn[:1], tf.repeat(drawn, levels)], 0)
        images = versions.several_crops(
            of,
            of.photo(content),
            kind,
            strength,
            size=size,
            seed=order.seed_of(seed, "photo set", content),
            same_place=True,
        )
        batch = {
            "image": images,
            "distortion": kind,
            "level": level,
            "strength": strength,
            "content": tf.fill(level.shape, content),
        }
        if quality is not None:
            photo = tf.repeat(images[:1], len(level), axis=0)
            batch["quality"] = quality.of(images, lambda: photo, kind, strength)
        return batch

    # Not simply the first photos: neighbours in name may be similar.
    numbers = tf.data.Dataset.range(count).map(
        lambda n: order.shuffled(n, of.num_photos, seed, "photo sets")
    )
    return parallel.map_in_order(numbers, photo_set).prefetch(1)


def size(of: Versions, kinds: int = 0) -> int:
    """Returns how many images a set with so many kinds has; 0 for all kinds."""
    return 1 + (kinds or len(of.names)) * of.num_levels


def pairs(of: Versions) -> tuple[np.ndarray, np.ndarray]:
    """Returns the most informative pairs of a set: with the photo, and of neighbours.

    Returns:
        int [p] and [p], indices in a set of the better and the worse image of each
        pair. Of two levels of a kind, either one is level 0, or no level is known to
        lie between them.
    """
    levels = np.arange(of.num_levels + 1)
    found = []
    for kind, known in enumerate(of.better):
        between = known.astype(int) @ known.astype(int) > 0
        told = np.argwhere(known & ((levels[:, np.newaxis] == 0) | ~between))
        found.append(np.where(told == 0, 0, kind * of.num_levels + told))
    return tuple(np.concatenate(found).T)
