"""Sparse sampling. The contract of images and seeds is that of the package."""

import tensorflow as tf

from distortions import blur
from distortions import chance
from distortions import denoising
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

# Of the coefficients of windows, from coarse to fine. Eight steps of twice as many
# windows gain 1 dB where half the pixels are known, 0.2 where few are.
_THRESHOLDS = (0.1, 0.05, 0.025)


def margin(share: Scalar) -> tf.Tensor:
    """How many pixels away `sparse_sampling` looks, for a share of pixels kept."""
    steps = len(_THRESHOLDS) * denoising.THRESHOLD_MARGIN
    return blur.kernel_radius(_sigma(share)) + steps


def _sigma(share: Scalar) -> tf.Tensor:
    """Half the mean distance of known pixels: less leaves dots, more blurs."""
    return 0.5 / tf.sqrt(tf.cast(share, tf.float64))


@kind(
    reach=Reach(margin, grid=denoising.GRID),
    share=Parameter(none=1, above=0, most=1, log=True),
)
def sparse_sampling(image: tf.Tensor, share: Scalar, *, seed: tf.Tensor) -> tf.Tensor:
    """Keeps pixels at random and restores the others from them.

    First each pixel is the mean of the known ones around it, weighted by a Gaussian as
    wide as the gaps. Then, three times, the known ones are put back, and small
    coefficients of the cosine transform of sliding windows are set to 0. Edges become
    ragged, texture goes, and in the end the image is one of blotches.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        share: of the pixels that are kept, all three channels of each; more than 0 and
            at most 1, which keeps all. At least one pixel is kept.
        seed: int32 [2].

    Returns:
        The restored image, known pixels as they were. A pixel depends on those at most
        `margin(share)` away and on where the image begins modulo `denoising.GRID`; but
        if none so near is known it depends on the mean of all.

    Raises:
        ValueError: if the share is not more than 0 and at most 1.

    TID2013 calls it "sparse sampling and reconstruction". Compressive sensing restores
    images from few samples by their being sparse in a transform; this does the same,
    with pixels for samples and the cosine transform. How TID2013 made its images we do
    not know, so they are alike in kind only. RankIQA does without this distortion.
    """
    drawn = chance.uniform(tf.shape(image)[:2], seed)[..., tf.newaxis]
    # All is less than 1; the minimum makes sure of a pixel where images are small.
    known = drawn < tf.cast(share, tf.float32)
    known |= drawn <= tf.reduce_min(drawn)
    counts = tf.broadcast_to(tf.cast(known, tf.float32), tf.shape(image))
    samples = image * counts
    # Mean of all known pixels, for those that have none in reach.
    restored = tf.reduce_sum(samples, [0, 1]) / tf.reduce_sum(counts, [0, 1])
    density = blur.gaussian_blur(counts, _sigma(share))
    nearby = blur.gaussian_blur(samples, _sigma(share)) / density
    # The quotient may leave [0, 1] by rounding.
    restored = tf.minimum(tf.where(density > 0, nearby, restored), 1.0)
    for threshold in _THRESHOLDS:
        restored = tf.where(known, image, restored)
        restored = denoising.dct_threshold(restored, threshold)
    return tf.ensure_shape(tf.where(known, image, restored), image.shape)
