"""A preset of one's own, as a person has it who adds kinds outside the package."""

import tensorflow as tf

import distortions
from distortions import chance


@distortions.kind(
    reach=distortions.Reach(lambda _: 0),
    share=distortions.Parameter(none=0, least=0, most=1),
)
def dead_pixels(image, share, *, seed):
    """Makes a share of the pixels black."""
    drawn = chance.uniform(tf.shape(image)[:2], seed)
    return tf.where((drawn < tf.cast(share, tf.float32))[..., tf.newaxis], 0.0, image)


def washed_out(image, share):
    """Takes so much of the colours away; a plain function, which has levels only."""
    grey = tf.reduce_mean(image, axis=-1, keepdims=True)
    return image + share * (grey - image)


PRESET = distortions.Preset(
    name="toy",
    source="tests/toy_preset.py",
    rows=(
        distortions.Row(
            number=None,
            name="dead_pixels",
            function=dead_pixels,
            parameters=(0.01, 0.1, 0.5),
            policy="descending",
            source="By hand.",
        ),
        distortions.Row(
            number=None,
            name="washed_out",
            function=washed_out,
            parameters=(0.2, 0.5, 1.0),
            policy="descending",
            source="By hand.",
        ),
    ),
)
