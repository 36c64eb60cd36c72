"""Misplaced patches and blocks. The contract of images and seeds is the package's."""

import tensorflow as tf

from distortions import chance
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

# How far a pixel of `pattern_noise` or `block_distortion` may be from those it depends
# on: the patch's side minus one, and for a copy also its displacement. A crop with this
# margin gets as many patches, of the same kind, as the photo.
PATTERN_MARGIN = 23
BLOCK_MARGIN = 31

_PATCH = 15
_BLOCK = 32
# Maximum number of pixels along each axis. Displacements are uniform over this square,
# so their mean length is 6.9, close to the 7.1 of RankIQA's constant (5, 5).
_RADIUS = 9

DENSITY = Parameter(none=0, above=0, unit="patches a megapixel", log=True)


# With a shared seed, a denser level has the patches of the others and more.
@kind(reach=Reach(lambda _: PATTERN_MARGIN), events=True, density=DENSITY)
def pattern_noise(image: tf.Tensor, density: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Copies patches of 15 x 15 to nearby places (non-eccentricity pattern noise).

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: patches per megapixel (counting places where one can begin); more than
            0. There is at least one patch. TID2013's 512 x 384 pixels get one at 5.4.
        seed: int32 [2].

    Returns:
        The image, with patches of itself. Each comes from up to 9 pixels away in each
        direction, from the original image, and never from its own place; where two
        overlap, one covers the other. Images under 29 pixels have smaller patches.

    Raises:
        ValueError: if the density is not more than 0.

    RankIQA's supplement has patches of 15 x 15 "randomly moved to nearby regions", 30,
    70, 150 and 300 of them; its code moves all by (5, 5), and none in the last 16 rows
    and columns. Here places and displacements are random everywhere. With a density,
    photos of every size, and crops of them, look alike; with a count they do not.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    seeds = chance.split(seed, 2)
    sides = _sides(height, width, _PATCH)
    tops, lefts = _corners(height, width, sides, density, seeds[0])
    # Possible sources are the corners within reach of the patch, except its own.
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
    # The offset of the source from the pixel in the flat image, and 0 for no patch.
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
        density: blocks per megapixel (counting places where one can begin); more than
            0. There is at least one block. TID2013's 512 x 384 pixels get one at 5.9.
        opacity: weight of the colour in a block, the rest being the image; more than 0
            and at most 1. It scales the contrast of blocks with what they cover.
        seed: int32 [2].

    Returns:
        The image with blocks. Their colours are uniform over the RGB cube; where two
        overlap, one covers the other. Images under 63 pixels have smaller blocks.

    Raises:
        ValueError: if the density is not more than 0, or the opacity not in 0..1.

    TID2013 calls these "local block-wise distortions of different intensity". From
    level to level there are more of them with less contrast, and people prefer the
    image. RankIQA has 2, 4, 8 and 16 opaque blocks of 32 x 32. Here there is a density,
    so that photos of every size look alike, and an opacity, as contrast has to fall.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    seeds = chance.split(seed, 2)
    sides = _sides(height, width, _BLOCK)
    tops, lefts = _corners(height, width, sides, density, seeds[0])
    block = _topmost(height, width, sides, tops, lefts)
    colours = chance.uniform([tf.size(tops), 3], seeds[1])
    # Row 0 stands for no block.
    colours = tf.pad(colours, [[1, 0], [0, 0]])
    share = tf.where(block > 0, tf.cast(opacity, tf.float32), 0.0)[:, tf.newaxis]
    pixels = tf.reshape(image, [-1, 3])
    pixels += share * (tf.gather(colours, block) - pixels)
    pixels = tf.clip_by_value(pixels, 0.0, 1.0)  # Rounding may exceed it by 1e-7.
    return tf.ensure_shape(tf.reshape(pixels, tf.shape(image)), image.shape)


@kind(
    reach=Reach(lambda *_: BLOCK_MARGIN),
    density=DENSITY,
    shift=Parameter(none=0, least=0, most=1),
)
def mean_blocks(
    image: tf.Tensor, density: Scalar, shift: Scalar, *, seed: tf.Tensor
) -> tf.Tensor:
    """Replaces blocks of 32 x 32 pixels with their mean colour, lighter or darker.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        density: blocks per megapixel (counting places where one can begin); more than
            0. There is at least one block. TID2013's 512 x 384 pixels get one at 5.9.
        shift: randomly added to or subtracted from the mean of each channel of a block,
            on the scale of [0, 1]; in 0..1.
        seed: int32 [2].

    Returns:
        The image with blocks, clipped to [0, 1]. Where two overlap, one covers the
        other; both have the means of the original image. Images under 63 pixels have
        smaller blocks.

    Raises:
        ValueError: if the density is not more than 0, or the shift not in 0..1.

    In TID2013's local block-wise distortions (#15), blocks get fewer and stronger from
    level to level. There they lie in busy areas of the photo; here they lie anywhere,
    so that a crop has its share.
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
    colours = tf.pad(colours, [[1, 0], [0, 0]])  # Row 0 stands for no block.
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
    # Per place, not per pixel: the middle of a photo is then as densely covered as that
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
    """Returns the first corner a patch may come from, and the number of corners."""
    first = tf.maximum(corners - _RADIUS, 0)
    return first, tf.minimum(corners + _RADIUS, last) - first + 1


def _covered(
    width: tf.Tensor,
    sides: tuple[tf.Tensor, tf.Tensor],
    tops: tf.Tensor,
    lefts: tf.Tensor,
) -> tf.Tensor:
    """Returns the pixels of each patch in the flat image: int32 [patches, *sides]."""
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
    """Numbers patches from 1 and returns which one is on top at each pixel, 0 for none.

    Returns:
        int32 [height * width]; where patches overlap, the highest number, as if they
        had been laid one after another.
    """
    covered = _covered(width, sides, tops, lefts)
    numbers = tf.broadcast_to(
        tf.range(1, tf.size(tops) + 1)[:, tf.newaxis, tf.newaxis], tf.shape(covered)
    )
    # Unlike an update, a maximum does not depend on the order.
    return tf.tensor_scatter_nd_max(
        tf.zeros([height * width], tf.int32), covered[..., tf.newaxis], numbers
    )
