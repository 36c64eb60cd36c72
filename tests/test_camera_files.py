"""Resampling, modern file formats, few tones and misplaced colours."""

import io

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from pictures import make_photo
from pictures import psnr
from PIL import Image
from PIL import features

from distortions import PRESETS
from distortions import _lab
from distortions import color
from distortions import jpeg
from distortions.camera import chroma
from distortions.camera import codecs
from distortions.camera import displacement
from distortions.camera import resampling
from distortions.camera import tone
from distortions.sets.version import Version
from rankiqa_tf.data import decode

SEED = (3, 14)
HEIGHT, WIDTH = 37, 53


@pytest.fixture(scope="module")
def photo():
    return make_photo(HEIGHT, WIDTH)


def to_bytes(image):
    return np.rint(np.asarray(image) * 255).astype(np.uint8)


# Resampling.


def pillow_resized(image, sides, method):
    """Each channel by Pillow, which takes floats one channel at a time."""
    planes = [
        Image.fromarray(plane).resize(sides[::-1], method)
        for plane in np.moveaxis(image, -1, 0)
    ]
    return np.stack(planes, axis=-1)


@pytest.mark.parametrize("factor", [1.3, 2.0, 4.5, 100.0])
@pytest.mark.parametrize(
    ("function", "method"),
    [
        (resampling.resampling_bilinear, Image.Resampling.BILINEAR),
        (resampling.resampling_bicubic, Image.Resampling.BICUBIC),
        (resampling.resampling_lanczos, Image.Resampling.LANCZOS),
    ],
)
def test_resampling_is_pillows_both_ways(photo, function, method, factor):
    small = [max(round(side / factor), 1) for side in photo.shape[:2]]
    reduced = pillow_resized(photo, small, method)
    expected = pillow_resized(reduced, photo.shape[:2], method)
    # To enlarge by a cubic TensorFlow takes its weights from a table of 1024 places.
    atol = 3e-4 if method == Image.Resampling.BICUBIC else 2e-6
    np.testing.assert_allclose(
        function(photo, factor), np.clip(expected, 0, 1), atol=atol
    )


def test_resampling_by_the_nearest_repeats_every_third_pixel_by_hand():
    image = make_photo(9, 12)
    expected = image[1::3, 1::3].repeat(3, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(resampling.resampling_nearest(image, 3), expected)


@pytest.mark.parametrize(
    "function",
    [
        resampling.resampling_nearest,
        resampling.resampling_bilinear,
        resampling.resampling_bicubic,
        resampling.resampling_lanczos,
        resampling.pixelation,
    ],
)
def test_a_factor_of_one_changes_nothing(photo, function):
    np.testing.assert_allclose(function(photo, 1), photo, atol=1e-7)


def test_pixelation_shows_the_mean_of_each_block(photo):
    found = resampling.pixelation(photo, 8).numpy()
    for top in range(0, HEIGHT, 8):
        for left in range(0, WIDTH, 8):
            block = np.s_[top : top + 8, left : left + 8]
            mean = photo[block].mean(axis=(0, 1))
            np.testing.assert_allclose(
                found[block], np.broadcast_to(mean, found[block].shape), atol=1e-6
            )


# Files.


def test_jpeg_twice_is_two_files_with_the_grid_moved_in_between():
    photo = make_photo(64, 80)
    # What lies above and to the left of the photo is its mirror image.
    larger = np.pad(photo, ((5, 0), (3, 0), (0, 0)), "symmetric")
    files = []
    for image, quality in ((larger, 30), (None, 20)):
        if image is None:
            image = np.asarray(Image.open(files[0]))[5:, 3:]
        else:
            image = to_bytes(image)
        file = io.BytesIO()
        Image.fromarray(image).save(file, format="JPEG", quality=quality)
        files.append(file)
    expected = np.asarray(Image.open(files[1]))
    np.testing.assert_array_equal(to_bytes(codecs.jpeg_twice(photo, 30, 20)), expected)


def test_two_grids_do_more_harm_than_one():
    photo = make_photo(128, 160)
    once = jpeg.jpeg(photo, 15)
    assert psnr(codecs.jpeg_twice(photo, 15, 15), photo) < psnr(once, photo)
    # With the same grid, the second file changes next to nothing.
    assert psnr(jpeg.jpeg(once, 15), photo) > psnr(
        codecs.jpeg_twice(photo, 15, 15), photo
    )


CODECS = pytest.mark.parametrize(
    ("function", "encode", "name"),
    [
        (codecs.webp, codecs.encode_webp, "WEBP"),
        (codecs.avif, codecs.encode_avif, "AVIF"),
    ],
)


@CODECS
@pytest.mark.parametrize("size", [(37, 53), (1, 1), (5, 7)])
def test_a_file_of_today_holds_the_distorted_image(function, encode, name, size):
    photo = make_photo(*size)
    for quality in (0, 50, 100):
        file = Image.open(io.BytesIO(encode(photo, quality).numpy()))
        assert file.format == name
        np.testing.assert_array_equal(
            np.asarray(file.convert("RGB")), to_bytes(function(photo, quality))
        )


@CODECS
def test_less_quality_is_less_quality_in_a_smaller_file(function, encode, name):
    photo = make_photo(96, 128)
    qualities = (0, 10, 30, 60, 90)
    likeness = [psnr(function(photo, quality), photo) for quality in qualities]
    sizes = [len(encode(photo, quality).numpy()) for quality in qualities]
    assert likeness == sorted(likeness)
    assert sizes == sorted(sizes)


@CODECS
def test_a_set_holds_the_file_itself_and_training_reads_it(function, encode, name):
    photo = to_bytes(make_photo(37, 53))
    row = PRESETS["camera"].row(function.__name__)
    version = Version("photo.png", row, 3, None)
    assert version.format == name.lower()
    file = version.encode(photo)
    assert Image.open(io.BytesIO(file)).format == name
    expected = row.distort(photo.astype(np.float32) / 255, 3)
    np.testing.assert_array_equal(decode.decode_photo(file), to_bytes(expected))


@CODECS
def test_a_pillow_that_cannot_write_them_is_said_at_once(
    function, encode, name, monkeypatch
):
    monkeypatch.setattr(features, "check", lambda feature: False)
    for call in (function, encode, tf.function(function)):
        with pytest.raises(RuntimeError, match=r"cannot write .*Pillow 11\.3"):
            call(tf.constant(make_photo(5, 7)), 50)


# Tones.


def test_banding_leaves_as_many_tones_as_its_bits_say(photo):
    for bits in (1, 3, 5):
        tones = np.unique(np.asarray(tone.banding(photo, bits)) * (2**bits - 1))
        np.testing.assert_allclose(tones, np.rint(tones), atol=1e-4)
        assert len(tones) <= 2**bits


def test_a_noisy_sky_falls_into_bands_and_not_into_a_mix():
    ramp = np.linspace(0.3, 0.7, 96, dtype=np.float32)
    sky = np.broadcast_to(ramp[:, None, None], (96, 64, 3)).copy()
    noise = np.random.default_rng(0).normal(scale=0.012, size=sky.shape)
    noisy = np.clip(sky + noise, 0, 1).astype(np.float32)

    def changes(image):
        """How often neighbours in a row of the sky, alike but for noise, differ."""
        return np.mean(np.diff(np.asarray(image), axis=1) != 0)

    step = 1 / (2**4 - 1)
    assert changes(color.quantization(noisy, step)) > 0.1
    assert changes(tone.banding(noisy, 4)) < 0.03


# Pixels out of place.


def test_jitter_of_a_ramp_has_the_deviation_of_five_steps():
    # On a plane, interpolation is exact and the steps add up.
    rows, columns = np.mgrid[:200, :210] / 400
    ramp = np.stack([rows, columns, rows + columns], -1).astype(np.float32) * 0.9
    found = displacement.jitter(ramp, 0.3, seed=SEED).numpy()
    moved = (found - ramp)[20:-20, 20:-20] * 400 / 0.9
    # Between pixels, displacements of the passes before are mixed: less than sqrt(5) *
    # 0.3. As scipy does it, with chance of its own:
    generator = np.random.default_rng(0)
    expected = rows
    for _ in range(5):
        places = np.mgrid[:200, :210] + generator.normal(0, 0.3, (2, 200, 210))
        expected = scipy.ndimage.map_coordinates(expected, places, order=1)
    deviation = ((expected - rows)[20:-20, 20:-20] * 400).std()
    assert 0.3 < deviation < 5**0.5 * 0.3
    for axis in (0, 1):
        assert moved[..., axis].std() == pytest.approx(deviation, rel=0.015)
        assert abs(moved[..., axis].mean()) < 0.03
    # A pixel's channels move together, and its axes do not.
    np.testing.assert_allclose(moved[..., 2], moved[..., 0] + moved[..., 1], atol=2e-3)
    assert abs(np.corrcoef(moved[..., 0].ravel(), moved[..., 1].ravel())[0, 1]) < 0.02


def test_jitter_leaves_a_flat_photo_as_it_is():
    flat = np.full((HEIGHT, WIDTH, 3), 0.3, np.float32)
    found = displacement.jitter(flat, 1.5, seed=SEED)
    np.testing.assert_allclose(found, flat, atol=1e-6)


def test_jitter_of_nothing_changes_nothing(photo):
    np.testing.assert_array_equal(displacement.jitter(photo, 0, seed=SEED), photo)


# Colours out of place.


def lightness(image):
    """L* by the definition, of sRGB's luminance."""
    image = np.asarray(image, np.float64)
    light = np.where(image > 0.04045, ((image + 0.055) / 1.055) ** 2.4, image / 12.92)
    luminance = light @ [0.2126, 0.7152, 0.0722]
    return np.where(
        luminance > (6 / 29) ** 3,
        116 * np.cbrt(luminance) - 16,
        (29 / 3) ** 3 * luminance,
    )


def test_color_diffusion_keeps_the_lightness_where_nothing_is_clipped(photo):
    dull = 0.4 + 0.1 * photo
    found = chroma.color_diffusion(dull, 4, 1).numpy()
    np.testing.assert_allclose(lightness(found), lightness(dull), atol=2e-3)
    assert np.abs(found - dull).max() > 0.003


def test_color_diffusion_leaves_grey_grey(photo):
    grey = np.repeat(photo[..., :1], 3, axis=-1)
    found = chroma.color_diffusion(grey, 5, 6).numpy()
    np.testing.assert_allclose(found, grey, atol=2e-4)


def test_color_diffusion_multiplies_colors_by_its_gain():
    flat = np.full((20, 30, 3), (0.5, 0.45, 0.4), np.float32)
    before, after = (
        _lab.from_rgb(image).numpy()
        for image in (flat, chroma.color_diffusion(flat, 3, 2))
    )
    np.testing.assert_allclose(after, before * [1, 2, 2], rtol=1e-3, atol=1e-3)


def test_colors_run_over_an_edge_as_far_as_the_blur_is_wide():
    image = np.full((20, 100, 3), 0.5, np.float32)
    image[:, :50] = (0.6, 0.45, 0.5)
    found = chroma.color_diffusion(image, 5, 1).numpy()
    tint = found[10, :, 0] - found[10, :, 2]
    # Cut at two sigma: ten pixels to either side.
    np.testing.assert_allclose(tint[61:], 0, atol=1e-4)
    np.testing.assert_allclose(tint[:39], 0.1, atol=1e-3)
    assert (np.diff(tint[40:60]) < 0).all()


def test_color_shift_moves_green_alone_and_at_edges_alone():
    image = np.full((90, 120, 3), 0.2, np.float32)
    image[:, 60:] = 0.8
    found = chroma.color_shift(image, 6, seed=SEED).numpy()
    np.testing.assert_array_equal(found[..., 0::2], image[..., 0::2])
    changed = np.nonzero(np.abs(found[..., 1] - image[..., 1]) > 1e-3)[1]
    assert changed.size
    assert 60 - 7 <= changed.min() <= changed.max() < 60 + 7


def test_color_shift_leaves_weak_edges_as_they_are():
    image = np.full((90, 160, 3), 0.2, np.float32)
    image[:, 40:] = 0.22
    image[:, 110:] = 0.82
    found = chroma.color_shift(image, 6, seed=SEED).numpy()
    # One edge has a thirtieth of the other's strength, and a tenth is the least.
    np.testing.assert_array_equal(found[:, :80], image[:, :80])
    assert np.abs(found - image)[:, 80:].max() > 0.1


def test_color_shift_goes_all_ways_and_as_far_as_it_says():
    # In a texture that is alike everywhere, the mask's middle is not 0.
    generator = np.random.default_rng(1)
    texture = scipy.ndimage.gaussian_filter(
        generator.normal(size=(128, 128)), 1.5, mode="wrap"
    )
    texture = (texture - texture.min()) / np.ptp(texture)
    image = np.repeat(texture[..., None], 3, axis=-1).astype(np.float32)
    directions = []
    for number in range(12):
        found = chroma.color_shift(image, 8, seed=(number, 1)).numpy()
        change = found[..., 1] - image[..., 1]
        # Green is more of what came: the strongest correlation is where it came from.
        spectrum = np.fft.fft2(change) * np.conj(np.fft.fft2(texture - texture.mean()))
        correlation = np.fft.ifft2(spectrum).real
        place = np.array(np.unravel_index(correlation.argmax(), (128, 128)))
        place = (place + 64) % 128 - 64
        assert np.hypot(*place) == pytest.approx(8, abs=1.6)
        directions.append(np.arctan2(*place))
    assert np.ptp(directions) > 3


def test_color_shift_of_a_photo_has_one_direction_at_all_levels():
    assert chroma.color_shift.kind.events
