"""Misplaced patches and blocks. The contract of images and seeds is the package's."""

import tensorflow as tf

from distortions import chance
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

# How far a pixel of `pattern_noise` and of `block_distortion` may be from those that
# decide on it: one less than the patch's side, and for a copy its displacement too. A
# crop with so much around it gets as many patches, of the same kinds, as the photo.
PATTERN_MARGIN = 23
BLOCK_MARGIN = 31

_PATCH = 15
_BLOCK = 32
# Pixels along each axis, at most. Displacements are even over this square, so that
# their mean length is 6.9, near to the 7.1 of RankIQA's constant one of (5, 5).
_RADIUS = 9

DENSITY = Parameter(none=0, above=0, unit="patches a megapixel", log=True)


# With a seed in common, a denser level has the patches of the others and more.
@kind(reach=Reach(lambda _: PATTERN_MARGIN), events=True, density=DENSITY)
def pattern_noise(image: tf.Tensor, density: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Copies patches of 15 x 15 to places nearby (non-eccentricity pattern noise).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: patches a megapixel (of the places where one can begin); more than 0.
            There is at least one patch. TID2013's 512 x 384 pixels take a patch at 5.4.
        seed: int32 [2].

    Returns:
        The image, with patches of itself. Each comes from up to 9 pixels away in each
        direction, from the image as given, and never from its own place; where two
        overlap one covers the other. Images under 29 pixels have smaller patches.

    Raises:
        ValueError: if the density is not more than 0.

    RankIQA's supplement has patches of 15 x 15 "randomly moved to nearby regions", 30,
    70, 150 and 300 of them; its code moves all by (5, 5), and none in the last 16 rows
    and columns. Here places and displacements are random everywhere. A density makes
    photos of every size, and crops of them, look alike, which a count does not.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    seeds = chance.split(seed, 2)
    sides = _sides(height, width, _PATCH)
    tops, lefts = _corners(height, width, sides, density, seeds[0])
    # Sources in reach are the rectangle of corners around the patch, less its own.
    first_top, num_tops = _reach(tops, height - sides[0])
    first_left, num_lefts = _reach(lefts, width - sides[1])
    num_sources = num_tops * num_lefts
    own = (tops - first_top) * num_lefts + lefts - first_left
    drawn = chance.uniform(tf.shape(tops), seeds[1])
    source = tf.cast(drawn * tf.cast(num_sources - 1, tf.float32), tf.int32)
    source += tf.cast(source >= own, tf.int32)
    # A single pixel has no other source.
    source = tf.minimum(source, num_sources - 1)
    down = first_top + source // num_lefts - tops
    right = first_left + source % num_lefts - lefts
    # How far the source is from the pixel in the flat image, and 0 for no patch.
    steps = tf.concat([[0], down * width + right], axis=0)
    patch = _topmost(height, width, sides, tops, lefts)
    sources = tf.range(height * width) + tf.gather(steps, patch)
    pixels = tf.gather(tf.reshape(image, [-1, 3]), sources)
    return tf.ensure_shape(tf.reshape(pixels, tf.shape(image)), image.shape)


@kind(
    reach=Reach(lambda *_: BLOCK_MARGIN),
    events=True,
    density=DENSITY,
    opacity=Parameter(none=0, above=0, most=1),
)
def block_distortion(
    image: tf.Tensor, density: Scalar, opacity: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Lays blocks of 32 x 32 pixels, each of one random colour, over the image.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: blocks a megapixel (of the places where one can begin); more than 0.
            There is at least one block. TID2013's 512 x 384 pixels take one at 5.9.
        opacity: share of the colour in a block, the rest being the image; more than 0
            and at most 1. It scales the contrast of blocks to what they cover.
        seed: int32 [2].

    Returns:
        The image with blocks. Their colours are even over the cube of RGB; where two
        overlap one covers the other. Images under 63 pixels have smaller blocks.

    Raises:
        ValueError: if the density is not more than 0, or the opacity not in 0..1.

    TID2013 calls these "local block-wise distortions of different intensity". There are
    more of them from level to level, with less contrast, and people then find the image
    better. RankIQA has 2, 4, 8 and 16 opaque blocks of 32 x 32. Here it is a density,
    so that photos of every size look alike, and opacity, as contrast has to fall.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    seeds = chance.split(seed, 2)
    sides = _sides(height, width, _BLOCK)
    tops, lefts = _corners(height, width, sides, density, seeds[0])
    block = _topmost(height, width, sides, tops, lefts)
    colours = chance.uniform([tf.size(tops), 3], seeds[1])
    # Row 0 is that of no block.
    colours = tf.pad(colours, [[1, 0], [0, 0]])
    share = tf.where(block > 0, tf.cast(opacity, tf.float32), 0.0)[:, tf.newaxis]
    pixels = tf.reshape(image, [-1, 3])
    pixels += share * (tf.gather(colours, block) - pixels)
    pixels = tf.clip_by_value(pixels, 0.0, 1.0)  # Rounding may leave it by 1e-7.
    return tf.ensure_shape(tf.reshape(pixels, tf.shape(image)), image.shape)


@kind(
    reach=Reach(lambda *_: BLOCK_MARGIN),
    density=DENSITY,
    shift=Parameter(none=0, least=0, most=1),
)
def mean_blocks(
    image: tf.Tensor, density: Scalar, shift: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Makes blocks of 32 x 32 pixels flat: their own mean, and lighter or darker.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: blocks a megapixel (of the places where one can begin); more than 0.
            There is at least one block. TID2013's 512 x 384 pixels take one at 5.9.
        shift: added to the mean of a channel of a block or taken from it, at random, on
            the scale of [0, 1]; of 0..1.
        seed: int32 [2].

    Returns:
        The image with blocks, clipped to [0, 1]. Where two overlap one covers the
        other, and both have the means of the image as given. Images under 63 pixels
        have smaller blocks.

    Raises:
        ValueError: if the density is not more than 0, or the shift not of 0..1.

    In TID2013's local block-wise distortions (#15) blocks get fewer from level to
    level, and each stronger. There they are where the photo is busy; here they are
    anywhere, so that a crop has as many as its part of the photo.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    seeds = chance.split(seed, 2)
    sides = _sides(height, width, _BLOCK)
    tops, lefts = _corners(height, width, sides, density, seeds[0])
    block = _topmost(height, width, sides, tops, lefts)
    pixels = tf.reshape(image, [-1, 3])
    covered = _covered(width, sides, tops, lefts)
    means = tf.reduce_mean(tf.gather(pixels, covered), axis=(1, 2))  # [blocks, 3]
    lighter = chance.bits(tf.shape(means), seeds[1]) < 0
    shift = tf.cast(shift, tf.float32)
    colours = tf.clip_by_value(means + tf.where(lighter, shift, -shift), 0.0, 1.0)
    colours = tf.pad(colours, [[1, 0], [0, 0]])  # Row 0 is that of no block.
    flat = tf.where((block > 0)[:, tf.newaxis], tf.gather(colours, block), pixels)
    return tf.ensure_shape(tf.reshape(flat, tf.shape(image)), image.shape)


def _sides(
    height: tf.Tensor, width: tf.Tensor, largest: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Patches' height and width: at most half the image's, so that they can move."""
    return tf.minimum((height + 1) // 2, largest), tf.minimum((width + 1) // 2, largest)


def _corners(
    height: tf.Tensor,
    width: tf.Tensor,
    sides: tuple[tf.Tensor, tf.Tensor],
    density: tf.Tensor,
    seed: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws the top left corners of patches, int32 [count] each."""
    num_tops = height - sides[0] + 1
    num_lefts = width - sides[1] + 1
    # Per place, not per pixel: then the middle of a photo is as densely covered as that
    # of a crop, whatever their sizes.
    megapixels = tf.cast(num_tops * num_lefts, tf.float32) / 1e6
    count = tf.maximum(
        tf.cast(tf.round(tf.cast(density, tf.float32) * megapixels), tf.int32), 1
    )
    seeds = chance.split(seed, 2)
    tops, lefts = (
        chance.whole([count], seeds[axis], places)
        for axis, places in enumerate((num_tops, num_lefts))
    )
    return tops, lefts


def _reach(corners: tf.Tensor, last: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the first corner from which a patch may come, and how many there are."""
    first = tf.maximum(corners - _RADIUS, 0)
    return first, tf.minimum(corners + _RADIUS, last) - first + 1


def _covered(
    width: tf.Tensor,
    sides: tuple[tf.Tensor, tf.Tensor],
    tops: tf.Tensor,
    lefts: tf.Tensor,
) -> tf.Tensor:
    """The pixels of each patch, in the flat image: int32 [patches, *sides]."""
    rows = tops[:, tf.newaxis] + tf.range(sides[0])
    columns = lefts[:, tf.newaxis] + tf.range(sides[1])
    return rows[:, :, tf.newaxis] * width + columns[:, tf.newaxis, :]


def _topmost(
    height: tf.Tensor,
    width: tf.Tensor,
    sides: tuple[tf.Tensor, tf.Tensor],
    tops: tf.Tensor,
    lefts: tf.Tensor,
) -> tf.Tensor:
    """Numbers the patches from 1; returns which lies on each pixel, 0 where none does.

    Returns:
        int32 [height * width]; of several patches the one with the greatest number, as
        if they had been laid one after another.
    """
    covered = _covered(width, sides, tops, lefts)
    numbers = tf.broadcast_to(
        tf.range(1, tf.size(tops) + 1)[:, tf.newaxis, tf.newaxis], tf.shape(covered)
    )
    # Unlike an update, a maximum is the same in whatever order it is taken.
    return tf.tensor_scatter_nd_max(
        tf.zeros([height * width], tf.int32), covered[..., tf.newaxis], numbers
    )
