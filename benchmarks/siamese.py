"""What efficient Siamese backpropagation saves: one training step, two ways.

    python -m benchmarks.siamese > benchmarks/siamese.md

All n(n - 1)/2 pairs of a photo at n levels of Gaussian blur are ranked with the hinge
loss. Efficient: each image goes through the network once, and the loss uses all pairs
of scores. Standard: each pair sends its two images through two branches with shared
weights, n(n - 1) passes. Both steps are first checked to give the same gradients, to
1e-5 of their norm. Times are medians of alternating steps, including a step of gradient
descent. The required ratio (bar) is 0.8 (n - 1). Normalisation uses fixed statistics,
as batch statistics would depend on the other images.
"""

import statistics
import time

import keras
import tensorflow as tf

from distortions import blur
from rankiqa_tf import models
from rankiqa_tf.data import crops
from rankiqa_tf.data import decode
from rankiqa_tf.data import references
from rankiqa_tf.training import losses

# Network, side of crops, numbers of levels.
NETWORKS = (("shallow", 227, (3, 6, 12)), ("efficientnet_lite0", 192, (3, 6, 12)))
MARGIN = 1.0
ROUNDS = 5


def ladder(count, size):
    """Returns crops of a photo, ever more blurred: [count, size, size, 3].

    Each is cut from a different place.
    """
    path = str(references.embedded_photos()[0])
    photo = tf.cast(decode.decode_photo(tf.io.read_file(path)), tf.float32) / 255
    images = [photo] + [
        blur.gaussian_blur(photo, 0.5 * 1.4**level) for level in range(count - 1)
    ]
    return tf.stack(
        [
            crops.random_crop(image, size, seed=tf.constant([0, number]))
            for number, image in enumerate(images)
        ]
    )


def efficient_loss(model, images):
    """Passes every image once; the loss uses all pairs."""
    level = tf.range(len(images))
    mask = level[:, tf.newaxis] < level
    return losses.ranking_hinge(model(images, training=False), mask, margin=MARGIN)


def standard_loss(model, images):
    """Passes every pair: better images through one branch, worse through another."""
    level = tf.range(len(images))
    better, worse = tf.unstack(tf.where(level[:, tf.newaxis] < level), axis=1)
    ahead = model(tf.gather(images, better), training=False)
    behind = model(tf.gather(images, worse), training=False)
    return tf.reduce_mean(tf.nn.relu(MARGIN - (ahead - behind)))


def make_step(loss, model, images):
    """Makes a training step, which returns the gradients and updates the weights."""
    weights = [variable.value for variable in model.trainable_variables]

    @tf.function
    def step(rate):
        with tf.GradientTape() as tape:
            value = loss(model, images)
        gradients = tape.gradient(value, weights)
        for weight, slope in zip(weights, gradients, strict=True):
            weight.assign_sub(rate * slope)
        return gradients

    return step


def difference(gradients, expected):
    """Returns the norm of the difference relative to the norm."""
    apart = [one - other for one, other in zip(gradients, expected, strict=True)]
    return float(tf.linalg.global_norm(apart) / tf.linalg.global_norm(expected))


def seconds(step):
    start = time.perf_counter()
    step(tf.constant(1e-6))[-1].numpy()
    return time.perf_counter() - start


def compare(name, size, count):
    """Returns a row of the table."""
    keras.utils.set_random_seed(0)
    model = models.build(name)
    images = ladder(count, size)
    steps = [make_step(loss, model, images) for loss in (efficient_loss, standard_loss)]
    apart = difference(*(step(tf.constant(0.0)) for step in steps))
    if not apart < 1e-5:
        raise ValueError(f"gradients of {name} at n = {count} differ by {apart}")
    times = [[seconds(step) for step in steps] for _ in range(ROUNDS)]
    efficient, standard = (statistics.median(each) for each in zip(*times, strict=True))
    ratio, bar = standard / efficient, 0.8 * (count - 1)
    return (
        f"| {name}, {size} | {count} | {count * (count - 1) // 2} | {apart:.0e} "
        f"| {efficient:.3f} | {standard:.3f} | {ratio:.1f} | {bar:.1f} |"
    )


def main():
    print(f"# Efficient Siamese backpropagation\n\n{__doc__}")
    print(
        "| network, crop | n | pairs | difference of gradients | efficient, s "
        "| standard, s | ratio | bar |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, size, levels in NETWORKS:
        for count in levels:
            print(compare(name, size, count), flush=True)


if __name__ == "__main__":
    main()
