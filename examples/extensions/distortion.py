"""A distortion from outside the package: a ghost, as of light that is reflected.

    python -m distortions.generate --preset=distortion:GHOSTS --input=my --output=set

Run it in this folder. docs/extending/distortion.md goes through it line by line.
"""

import tensorflow as tf

import distortions


@distortions.kind(
    # A pixel shows what is up to `shift` pixels away from it.
    reach=distortions.Reach(lambda shift, opacity: shift),
    shift=distortions.Parameter(none=0, least=0, whole=True, unit="pixels"),
    opacity=distortions.Parameter(none=0, least=0, most=1),
)
def ghost(image: tf.Tensor, shift: tf.Tensor, opacity: tf.Tensor) -> tf.Tensor:
    """Lays a copy over the photo, moved to the right.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        shift: how far the copy is moved, in whole pixels; at least 0.
        opacity: the share of the copy in each pixel, 0 to 1.

    Returns:
        The photo with its ghost. Beyond the left edge the photo is taken as mirrored.

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
            number=None,  # It has none in TID2013.
            name="ghost",
            function=ghost,
            # The parameters of levels 1 to 4, (shift, opacity) each.
            parameters=((3, 0.1), (4, 0.2), (6, 0.3), (8, 0.4)),
            policy="descending",  # Each level looks worse than the one before.
            source="chosen by eye",
        ),
    ),
)
