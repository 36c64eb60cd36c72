"""A distortion from outside the package: a ghost image, as reflected light gives.

    python -m distortions.generate --preset=distortion:GHOSTS --input=. --output=set

Run this in the folder that holds the file. docs/extending/distortion.md explains it.
"""

import tensorflow as tf

import distortions


@distortions.kind(
    # A pixel of the result depends on the photo up to `shift` pixels away.
    reach=distortions.Reach(lambda shift, opacity: shift),
    shift=distortions.Parameter(none=0, least=0, whole=True, unit="pixels"),
    opacity=distortions.Parameter(none=0, least=0, most=1),
)
def ghost(image: tf.Tensor, shift: tf.Tensor, opacity: tf.Tensor) -> tf.Tensor:
    """Blends the photo with a copy of itself, shifted to the right.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        shift: how far the copy is shifted, in whole pixels; at least 0.
        opacity: the share of the copy in each pixel, 0 to 1.

    Returns:
        The photo with its ghost, mirrored at the left edge.

    Raises:
        ValueError: if a parameter is out of its range.
    """
    width = tf.shape(image)[1]
    columns = tf.minimum(tf.abs(tf.range(width) - shift), width - 1)
    moved = tf.gather(image, columns, axis=1)
    return image + tf.cast(opacity, tf.float32) * (moved - image)


GHOSTS = distortions.Preset(
    name="ghosts",
    source="examples/extensions/distortion.py",
    rows=(
        distortions.Row(
            number=None,  # It is not one of TID2013's distortions.
            name="ghost",
            function=ghost,
            # The parameters of levels 1 to 4, (shift, opacity) each.
            parameters=((3, 0.1), (4, 0.2), (6, 0.3), (8, 0.4)),
            policy="descending",  # Each level looks worse than the one before.
            source="an example",
        ),
    ),
)
