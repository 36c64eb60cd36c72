"""Shuffling and seeds as functions of a number, so that any step can be made alone."""

import zlib

import tensorflow as tf


def shuffled(slot: tf.Tensor, count: int, seed: int, purpose: str) -> tf.Tensor:
    """Returns which of `count` things is at position `slot` of endless shuffled epochs.

    Args:
        slot: int64 scalar, 0 or more.
        count: how many things there are.
        seed: decides the order; each epoch has its own.
        purpose: what is being shuffled; each purpose has its own order.

    Returns:
        int32 scalar in 0..count - 1; each value comes once in every `count` slots.
    """
    epoch_seed = seed_of(seed, purpose, slot // count)
    place = tf.cast(slot % count, tf.int32)
    return tf.random.experimental.index_shuffle(place, epoch_seed, count - 1)


def seed_of(seed: int, purpose: str, number: tf.Tensor) -> tf.Tensor:
    """Returns a seed, int32 [2], for one purpose and one step, photo or image."""
    root = tf.constant([seed, zlib.crc32(purpose.encode()) >> 1])
    return tf.random.fold_in(root, tf.cast(number, tf.int32))
