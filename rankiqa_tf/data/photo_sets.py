"""A photo and all of its versions, cut from one place, to compare one by one.

A ranked batch cuts each image from a place of its own, so that a network cannot compare
pixels. Where the network stays as it is, and only its features are weighed, there is no
such danger, and the same place tells best what a distortion changes.
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
    """The sets of photos, each a batch with the keys of a ranked one (`ranked`).

    A set has 1 + kinds * levels images and begins with the photo itself, as level 0 of
    the first kind; then come the levels of the first kind.

    Args:
        of: where the versions come from.
        size: side of the crops in pixels; smaller photos are mirrored.
        count: how many photos, no more than there are.
        kinds: how many kinds of distortion of each, drawn anew for each photo; 0 for
            all.
        seed: decides which photos, kinds, places and noise.
        quality: what else is to be known of the images.
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

    # Not the first ones: photos of one name may be of one sort.
    numbers = tf.data.Dataset.range(count).map(
        lambda n: order.shuffled(n, of.num_photos, seed, "photo sets")
    )
    return parallel.map_in_order(numbers, photo_set).prefetch(1)


def size(of: Versions, kinds: int = 0) -> int:
    """How many images a set has of so many kinds; 0 for all."""
    return 1 + (kinds or len(of.names)) * of.num_levels


def pairs(of: Versions) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of a set that say the most: with the photo, and of neighbours.

    Returns:
        int [p] and [p], the places in a set of the better image of each pair and of the
        worse one. Of two levels of a kind, one is level 0, or nothing known lies
        between them.
    """
    levels = np.arange(of.num_levels + 1)
    found = []
    for kind, known in enumerate(of.better):
        between = known.astype(int) @ known.astype(int) > 0
        told = np.argwhere(known & ((levels[:, np.newaxis] == 0) | ~between))
        found.append(np.where(told == 0, 0, kind * of.num_levels + told))
    return tuple(np.concatenate(found).T)
