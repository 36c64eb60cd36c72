"""Patches: read back from images that say of each pixel where it came from."""

import math

import numpy as np
import pytest
import scipy.ndimage
import scipy.spatial
import tensorflow as tf
from pictures import make_photo

from distortions import patches
from distortions.patches import block_distortion
from distortions.patches import mean_blocks
from distortions.patches import pattern_noise

SEED = (3, 14)

ALL = pytest.mark.parametrize(
    "function",
    [
        pattern_noise,
        lambda image, density, seed: block_distortion(image, density, 0.5, seed=seed),
        lambda image, density, seed: mean_blocks(image, density, 0.3, seed=seed),
    ],
    ids=["pattern_noise", "block_distortion", "mean_blocks"],
)


def places(height, width):
    """An image whose pixels hold their row and column, exactly."""
    rows, columns = np.mgrid[:height, :width] / 1024
    return np.stack([rows, columns, 0 * rows], axis=-1).astype(np.float32)


def displacements(height, width, density, seeds=(SEED,)):
    """Yields how far below and right of each pixel pattern_noise took it from."""
    image = places(height, width)
    function = tf.function(lambda seed: pattern_noise(image, density, seed=seed))
    for seed in seeds:
        moved = function(tf.constant(seed)).numpy() - image
        yield np.rint(moved[..., :2] * 1024).astype(int)


def one_patch(moved):
    """The sides of the only patch, and its displacement."""
    rows, columns = np.nonzero(np.any(moved != 0, axis=-1))
    rectangle = moved[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert len(np.unique(rectangle.reshape(-1, 2), axis=0)) == 1
    return rectangle.shape[:2], rectangle[0, 0]


# Pattern noise.


def test_pattern_noise_moves_a_patch_of_15_by_15_whole():
    (moved,) = displacements(101, 131, 1e-6)
    assert one_patch(moved)[0] == (15, 15)


@pytest.mark.parametrize(
    ("size", "sides"), [((5, 7), (3, 4)), ((16, 16), (8, 8)), ((20, 90), (10, 15))]
)
def test_pattern_noise_moves_smaller_patches_where_images_are_small(size, sides):
    (moved,) = displacements(*size, 1e-6)
    assert one_patch(moved)[0] == sides


def test_pattern_noise_comes_from_anywhere_near_but_never_from_the_same_place():
    seeds = [(1, number) for number in range(300)]
    found = np.array([one_patch(m)[1] for m in displacements(64, 64, 1e-6, seeds)])
    assert np.abs(found).max() == 9
    assert np.all(np.any(found != 0, axis=1))
    # Up and down, left and right: half of 300 each, five standard errors of 8.7.
    for axis in (0, 1):
        assert abs(np.sum(np.sign(found[:, axis]))) < 2 * 5 * 8.7
    # Of the sum of x^2 over -9..9, 570 / 19 = 30 a direction; the edges cost a little.
    assert np.mean(found**2) == pytest.approx(30, rel=0.2)


def test_pattern_noise_reaches_the_edges():
    # Five patches for each place where one can begin, four times: even a corner, which
    # only one place covers, is left out with a probability of exp(-20).
    seeds = [(1, number) for number in range(4)]
    moved = np.stack(list(displacements(32, 40, 5e6, seeds)))
    assert np.any(moved != 0, axis=(0, -1)).all()


def test_pattern_noise_takes_all_pixels_from_the_image_as_given():
    # With patches over patches, a copy of a copy would come from further away.
    (moved,) = displacements(101, 131, 1e5)
    assert np.any(moved[14:-14, 14:-14] != 0, axis=-1).all()
    assert np.abs(moved).max() <= 9


@pytest.mark.parametrize("density", [200, 1500])
def test_pattern_noise_covers_what_its_density_says(density):
    # Of patches of 225 pixels at random, none lies on a pixel with the probability
    # exp(-225 density); patches in the outermost 14 pixels are fewer.
    (moved,) = displacements(700, 900, density)
    covered = np.mean(np.any(moved[14:-14, 14:-14] != 0, axis=-1))
    assert covered == pytest.approx(1 - math.exp(-225e-6 * density), rel=0.1)


def test_pattern_noise_leaves_a_single_pixel():
    pixel = np.float32([[[0.1, 0.2, 0.3]]])
    np.testing.assert_array_equal(pattern_noise(pixel, 100, seed=SEED), pixel)


def test_pattern_noise_of_one_colour_is_that_colour():
    grey = tf.fill([37, 53, 3], 0.3)
    np.testing.assert_array_equal(pattern_noise(grey, 5000, seed=SEED), grey)


# Blocks.


def test_blocks_are_of_one_colour_and_32_by_32():
    black = tf.zeros([101, 131, 3])
    blocks = block_distortion(black, 1e-6, 1, seed=SEED).numpy()
    colours, counts = np.unique(blocks.reshape(-1, 3), axis=0, return_counts=True)
    assert len(colours) == 2
    assert sorted(counts) == [32 * 32, 101 * 131 - 32 * 32]
    rows, columns = np.nonzero(blocks.any(axis=-1))
    assert (np.ptp(rows), np.ptp(columns)) == (31, 31)


@pytest.mark.parametrize(("size", "area"), [((5, 7), 3 * 4), ((40, 90), 20 * 32)])
def test_blocks_are_smaller_where_images_are_small(size, area):
    blocks = block_distortion(tf.zeros([*size, 3]), 1e-6, 1, seed=SEED).numpy()
    assert np.sum(blocks.any(axis=-1)) == area


def test_a_block_is_image_and_colour_by_its_opacity():
    image = make_photo(101, 131)
    opaque = block_distortion(image, 100, 1, seed=SEED).numpy()
    faint = block_distortion(image, 100, 0.3, seed=SEED).numpy()
    np.testing.assert_allclose(faint, 0.7 * image + 0.3 * opaque, atol=1e-6)
    assert np.any(opaque != image)


def test_colours_of_blocks_are_even_over_the_cube():
    blocks = block_distortion(tf.zeros([2000, 2000, 3]), 500, 1, seed=SEED).numpy()
    colours = np.unique(blocks[::16, ::16].reshape(-1, 3), axis=0)[1:]
    # Five standard errors: means of 0.5 and standard deviations of 12^-1/2, about.
    count = len(colours)
    assert count > 1000
    np.testing.assert_allclose(colours.mean(0), 0.5, atol=5 / math.sqrt(12 * count))
    np.testing.assert_allclose(colours.var(0), 1 / 12, rtol=5 / math.sqrt(count))
    correlations = np.corrcoef(colours.T)[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 5 / math.sqrt(count)


def test_of_blocks_one_over_another_the_same_is_on_top_every_time():
    black = tf.zeros([101, 131, 3])
    first = block_distortion(black, 1e4, 1, seed=SEED).numpy()
    for _ in range(5):
        again = block_distortion(black, 1e4, 1, seed=SEED)
        np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("density", [20, 400])
def test_blocks_cover_what_their_density_says(density):
    blocks = block_distortion(tf.zeros([1000, 1500, 3]), density, 1, seed=SEED)
    covered = np.mean(np.any(blocks.numpy()[31:-31, 31:-31] != 0, axis=-1))
    assert covered == pytest.approx(1 - math.exp(-1024e-6 * density), rel=0.25)


# Blocks of their own mean.


@pytest.mark.parametrize("shift", [0, 0.1, 0.9])
def test_a_mean_block_is_flat_at_its_mean_more_or_less_the_shift(shift):
    image = 0.1 + 0.8 * make_photo(101, 131)
    blocked = mean_blocks(image, 1e-6, shift, seed=SEED).numpy()
    rows, columns = np.nonzero((blocked != image).any(axis=-1))
    block = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert blocked[block].shape == (32, 32, 3)
    outside = np.ones((101, 131), bool)
    outside[block] = False
    np.testing.assert_array_equal(blocked[outside], image[outside])
    (colour,) = np.unique(blocked[block].reshape(-1, 3), axis=0)
    mean = image[block].mean(axis=(0, 1), dtype=np.float64)
    either = np.clip([mean - shift, mean + shift], 0, 1)
    assert np.isclose(colour, either, atol=1e-6).any(axis=0).all()


def test_mean_blocks_are_lighter_as_often_as_darker_channel_by_channel():
    grey = tf.fill([2000, 2000, 3], 0.5)
    blocks = mean_blocks(grey, 30, 0.25, seed=SEED).numpy()[::8, ::8].reshape(-1, 3)
    colours, counts = np.unique(blocks, axis=0, return_counts=True)
    of_blocks = (colours != 0.5).all(axis=-1)
    # Eight colours of about 15 blocks each; of one, four times its deviation of 3.6.
    assert of_blocks.sum() == 8
    shares = counts[of_blocks] / counts[of_blocks].sum()
    np.testing.assert_allclose(shares, 1 / 8, atol=4 * 3.6 / 120)


def test_of_mean_blocks_one_over_another_both_have_means_of_the_image():
    image = make_photo(101, 131)
    blocked = mean_blocks(image, 1e4, 0, seed=SEED).numpy()
    means = scipy.ndimage.uniform_filter(
        image.astype(np.float64), (32, 32, 0), mode="constant"
    )[16 : 101 - 15, 16 : 131 - 15]
    colours = np.unique(blocked[31:-31, 31:-31].reshape(-1, 3), axis=0)
    nearest = scipy.spatial.KDTree(means.reshape(-1, 3)).query(colours)[0]
    assert len(colours) > 10
    assert nearest.max() < 1e-5


# What all must do.


@ALL
def test_a_crop_with_its_margin_is_covered_as_densely_as_the_photo(function):
    crop, inner = make_photo(160, 170), slice(31, -31)
    assert patches.BLOCK_MARGIN == 31
    assert patches.PATTERN_MARGIN == 14 + 9
    whole = np.tile(crop, (6, 6, 1))
    covered = [
        np.mean(np.any(function(image, 300, seed=(1, seed)) != image, -1)[inner, inner])
        for image, seeds in ((whole, 1), (crop, 36))
        for seed in range(seeds)
    ]
    assert np.mean(covered[1:]) == pytest.approx(covered[0], rel=0.15)
