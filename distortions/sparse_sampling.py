"""Sparse sampling. The contract of images and seeds is that of the package."""

import tensorflow as tf

from distortions import blur
from distortions import chance
from distortions import denoising
from distortions.kinds import Parameter
from distortions.kinds import Scalar
from distortions.kinds import kind
from distortions.reach import Reach

# For coefficients of windows, from coarse to fine. Eight steps with twice as many
# windows gain 1 dB if half the pixels are known, 0.2 dB if few are.
_THRESHOLDS = (0.1, 0.05, 0.025)


def margin(share: Scalar) -> tf.Tensor:
    """How many pixels away `sparse_sampling` looks, for a share of kept pixels."""
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
    """Keeps random pixels and reconstructs the others from them.

    First each pixel becomes the mean of the known ones around it, weighted by a
    Gaussian as wide as the gaps. Then, three times, the known pixels are put back, and
    small coefficients of the cosine transform of sliding windows are set to 0. Edges
    become ragged, texture disappears, and at the strongest level only blotches remain.

    Args:
        image: float32 [height, width, 3], in [0, 1].
        share: fraction of pixels to keep, with all three channels; more than 0 and at
            most 1, which keeps all. At least one pixel is kept.
        seed: int32 [2].

    Returns:
        The reconstructed image, with known pixels unchanged. A pixel depends on those
        at most `margin(share)` away and on where the image begins modulo
        `denoising.GRID`; but if none within that distance is known, it depends on the
        mean of all.

    Raises:
        ValueError: if the share is not more than 0 and at most 1.

    TID2013 calls it "sparse sampling and reconstruction". Compressive sensing
    reconstructs images from few samples because they are sparse in a transform domain;
    this does the same, with pixels as samples and the cosine transform. How TID2013
    made its images is unknown, so these resemble them only in kind. RankIQA does not
    use this distortion.
    """
    drawn = chance.uniform(tf.shape(image)[:2], seed)[..., tf.newaxis]
    # All values are below 1; the minimum guarantees a pixel in small images.
    known = drawn < tf.cast(share, tf.float32)
    known |= drawn <= tf.reduce_min(drawn)
    counts = tf.broadcast_to(tf.cast(known, tf.float32), tf.shape(image))
    samples = image * counts
    # Mean of all known pixels, for pixels with none within reach.
    restored = tf.reduce_sum(samples, [0, 1]) / tf.reduce_sum(counts, [0, 1])
    density = blur.gaussian_blur(counts, _sigma(share))
    nearby = blur.gaussian_blur(samples, _sigma(share)) / density
    # The quotient may leave [0, 1] by rounding.
    restored = tf.minimum(tf.where(density > 0, nearby, restored), 1.0)
    for threshold in _THRESHOLDS:
        restored = tf.where(known, image, restored)
        restored = denoising.dct_threshold(restored, threshold)
    return tf.ensure_shape(tf.where(known, image, restored), image.shape)
