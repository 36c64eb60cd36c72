"""Square crops of photos in graphs, from random places or a fixed grid.

Images are [height, width, channels] of any dtype, which the crops keep. Height and
width may be unknown until the graph runs. An image smaller than a crop is first padded
by mirroring, never resized: resizing changes quality.

Uses only core operations, since these functions also run inside exported models.
Outside graphs, `crop_grid` cuts photos for scoring without TensorFlow.
"""

import tensorflow as tf

from distortions import mirror
from rankiqa_tf.data import order
from rankiqa_tf.data.crop_grid import MAX_CROPS_A_SIDE


def pad_to(image: tf.Tensor, size: int) -> tf.Tensor:
    """Pads an image by mirroring until both sides have at least `size` pixels.

    Args:
        image: [height, width, channels].
        size: minimum height and width, in pixels.

    Returns:
        [max(height, size), max(width, size), channels], with the image in the middle.
        The edge pixel is mirrored too, as often as needed, like numpy.pad with mode
        "symmetric". If the number of added pixels is odd, the extra one is at the
        bottom or right.
    """
    image = tf.convert_to_tensor(image)
    padded = tf.cond(
        tf.reduce_any(tf.shape(image)[:2] < size),
        lambda: _mirror(_mirror(image, size, axis=0), size, axis=1),
        lambda: image,
    )
    return tf.ensure_shape(padded, [None, None, image.shape[-1]])


def random_crop(image: tf.Tensor, size: int, *, seed: tf.Tensor) -> tf.Tensor:
    """Cuts a square crop from a random place, all being equally likely.

    Args:
        image: [height, width, channels]; padded if smaller than the crop.
        size: height and width of the crop, in pixels.
        seed: int32 [2]; the same one gives the same place.

    Returns:
        [size, size, channels].
    """
    image = tf.convert_to_tensor(image)
    top, left, height, width = tf.unstack(
        random_box(tf.shape(image)[:2], size, seed=seed)
    )
    crop = pad_to(image[top : top + height, left : left + width], size)
    return tf.ensure_shape(crop, [size, size, image.shape[-1]])


def random_crops(image: tf.Tensor, size: int, *, count: int, seed: int) -> tf.Tensor:
    """Cuts square crops from random places, the same for all photos of a size.

    Args:
        image: [height, width, channels]; padded if smaller than a crop.
        size: height and width of a crop, in pixels.
        count: how many.
        seed: decides the places, 0 or more.

    Returns:
        [count, size, size, channels].
    """
    image = tf.convert_to_tensor(image)

    def crop(number: tf.Tensor) -> tf.Tensor:
        return random_crop(image, size, seed=order.seed_of(seed, "crops", number))

    return tf.map_fn(crop, tf.range(count), fn_output_signature=image.dtype)


def random_box(sides: tf.Tensor, size: int, *, seed: tf.Tensor) -> tf.Tensor:
    """Draws the part of an image that a random crop covers.

    Args:
        sides: int32 [2], height and width of the image.
        size: height and width of the crop, in pixels.
        seed: int32 [2].

    Returns:
        int32 [4]: top, left, height and width of the part. It has the crop's size
        unless the image is smaller; then it is the whole image, still to be padded.
    """
    within = tf.minimum(sides, size)
    places = tf.cast(sides - within + 1, tf.uint32)
    bits = tf.random.stateless_uniform([2], seed, None, None, tf.uint32)
    return tf.concat([tf.cast(bits % places, tf.int32), within], 0)


def grid_crops(image: tf.Tensor, size: int) -> tf.Tensor:
    """Cuts square crops in a fixed grid, always the same for a given photo.

    Args:
        image: [height, width, channels]; padded if smaller than a crop.
        size: height and width of a crop, in pixels.

    Returns:
        [n, size, size, channels], row by row, from grid_offsets along each side.
    """
    image = pad_to(image, size)
    height, width = tf.unstack(tf.shape(image)[:2])
    within = tf.range(size)
    rows = grid_offsets(height, size)[:, tf.newaxis] + within  # [down, size]
    columns = grid_offsets(width, size)[:, tf.newaxis] + within  # [across, size]
    crops = tf.gather(tf.gather(image, rows), columns, axis=2)
    crops = tf.transpose(crops, [0, 2, 1, 3, 4])  # [down, across, size, size, channels]
    return tf.reshape(crops, [-1, size, size, image.shape[-1] or tf.shape(image)[-1]])


def grid_offsets(side: tf.Tensor, size: int) -> tf.Tensor:
    """Places crops along one side of an image.

    Args:
        side: int32 scalar, the side in pixels; size or more.
        size: the side of a crop.

    Returns:
        int32 [n]: evenly spaced from 0 to side - size, rounded (halves up). n is the
        smallest number of crops that covers the side, but at most MAX_CROPS_A_SIDE.
    """
    side = tf.convert_to_tensor(side, tf.int32)
    count = tf.clip_by_value(-(-side // size), 1, MAX_CROPS_A_SIDE)
    gaps = tf.maximum(count - 1, 1)
    return (2 * tf.range(count) * (side - size) + gaps) // (2 * gaps)


def _mirror(image: tf.Tensor, size: int, *, axis: int) -> tf.Tensor:
    side = tf.shape(image)[axis]
    missing = tf.maximum(size - side, 0)
    places = tf.range(side + missing) - missing // 2
    return tf.gather(image, mirror.mirrored(places, side), axis=axis)
