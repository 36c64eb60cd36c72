"""Transmission errors of JPEG and JPEG 2000."""

import io
import itertools
import math
import re

import numpy as np
import pytest
import tensorflow as tf
from pictures import assert_same_everywhere
from pictures import make_photo
from pictures import psnr
from PIL import Image

from distortions import _pillow_worker
from distortions.jpeg import jpeg
from distortions.transmission import jpeg2000_transmission_errors
from distortions.transmission import jpeg_transmission_errors

SEED = (3, 14)
SIZES = ((37, 53), (5, 7), (16, 16), (1, 1))

EVERY = pytest.mark.parametrize(
    ("function", "compression", "rates"),
    [
        (jpeg_transmission_errors, 90, (1.9e-5, 3.7e-5, 6.9e-5, 1.3e-4, 2.7e-4)),
        (jpeg2000_transmission_errors, 12, (2.1e-4, 3.4e-4, 5.1e-4, 8.2e-4, 1.3e-3)),
    ],
    ids=["jpeg", "jpeg2000"],
)


def picture(height, width):
    return Image.fromarray(np.rint(make_photo(height, width) * 255).astype(np.uint8))


def jpeg_file(height, width):
    return _pillow_worker.encode_jpeg(
        picture(height, width), 90, restart_marker_blocks=8
    )


def codestream(height, width, ratio=12):
    return _pillow_worker.encode_jpeg2000(
        picture(height, width), ratio, codeblock_size=(16, 16), no_jp2=True
    )


def flipped(one, two):
    """Positions of the bits in which two byte strings of one length differ."""
    return set(
        np.flatnonzero(
            np.unpackbits(np.frombuffer(one, np.uint8))
            != np.unpackbits(np.frombuffer(two, np.uint8))
        )
    )


# What both must do.


@EVERY
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_is_the_same_however_it_is_called(function, compression, rates, size):
    image = tf.constant(make_photo(*size))
    assert_same_everywhere(
        lambda image: function(image, compression, 0.01, seed=SEED), image
    )


@EVERY
def test_seed_decides(function, compression, rates):
    image = make_photo(137, 153)
    first, again, other = (
        function(image, compression, 1e-3, seed=seed).numpy()
        for seed in (SEED, tf.constant(SEED), (3, 15))
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


@EVERY
def test_seed_may_be_any_pair_of_int32_and_come_from_the_dataset(
    function, compression, rates
):
    image = make_photo(137, 153)
    seeds = [(-(2**31), 5), (2**31 - 1, 5), (5, -1)]
    dataset = tf.data.Dataset.from_tensor_slices(tf.constant(seeds)).map(
        lambda seed: function(image, compression, 1e-3, seed=seed)
    )
    images = [distorted.numpy() for distorted in dataset]
    for seed, distorted in zip(seeds, images, strict=True):
        expected = function(image, compression, 1e-3, seed=seed)
        np.testing.assert_array_equal(distorted, expected)
    assert np.any(images[0] != images[1])


@EVERY
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_there_is_an_image_whatever_is_flipped(function, compression, rates, size):
    image = tf.constant(make_photo(*size))
    for number, rate in enumerate((1e-3, 0.01, 0.1, 0.5) * 5):
        distorted = function(image, compression, rate, seed=(number, 0))
        assert distorted.shape == image.shape
        assert 0 <= tf.reduce_min(distorted) <= tf.reduce_max(distorted) <= 1


@EVERY
def test_more_errors_are_further_from_the_photo(function, compression, rates):
    image = tf.constant(make_photo(200, 300))
    quality = [
        np.mean(
            [
                psnr(function(image, compression, rate, seed=(number, 5)), image)
                for number in range(6)
            ]
        )
        for rate in rates
    ]
    assert np.all(np.diff(quality) < 0), quality
    assert quality[0] - quality[-1] > 4


@EVERY
@pytest.mark.parametrize("rate", [-1, 0.51, math.nan, math.inf])
def test_refuses_error_rates_out_of_range(function, compression, rates, rate):
    message = rf"error_rate must be in 0\.\.0\.5, not {rate}"
    with pytest.raises(ValueError, match=message):
        function(tf.constant(make_photo(5, 7)), compression, rate, seed=SEED)


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_refuses_compression_out_of_range(value):
    image = tf.constant(make_photo(5, 7))
    with pytest.raises(ValueError, match=f"quality must be .*, not {value}"):
        jpeg_transmission_errors(image, value, 0.1, seed=SEED)
    with pytest.raises(ValueError, match=f"ratio must be .*, not {value}"):
        jpeg2000_transmission_errors(image, value, 0.1, seed=SEED)


# Without errors only the compression is left.


def test_jpeg_without_errors_is_jpeg():
    image = make_photo(37, 153)
    np.testing.assert_array_equal(
        jpeg_transmission_errors(image, 75, 0, seed=SEED), jpeg(image, 75)
    )


def test_jpeg2000_without_errors_is_jpeg2000_of_small_code_blocks():
    image = make_photo(137, 153)
    received = jpeg2000_transmission_errors(image, 12, 0, seed=SEED)
    expected = Image.open(io.BytesIO(codestream(137, 153)))
    np.testing.assert_array_equal(np.rint(received * 255), expected)


# Which bits are flipped.


def test_flips_the_share_of_bits_that_is_asked_for():
    before = bytes(100_000)
    after = bytearray(before)
    _pillow_worker.flip_bits(after, 1e-3, 3, 14)
    # 800 of 800,000, but a bit may be hit twice: that is seldom.
    assert 790 <= len(flipped(before, after)) <= 801


def test_half_an_error_is_one_half_of_the_time():
    counts = []
    for number in range(400):
        data = bytearray(125)
        _pillow_worker.flip_bits(data, 0.5 / 1000, number, 0)
        counts.append(int.from_bytes(data, "big").bit_count())
    assert set(counts) == {0, 1}
    assert np.mean(counts) == pytest.approx(0.5, abs=0.125)  # Five standard errors.


def test_the_errors_of_a_lower_rate_are_among_those_of_a_higher_one():
    before = codestream(137, 153)
    few, many = (
        flipped(before, _pillow_worker.damage_jpeg2000(before, rate, *SEED))
        for rate in (1e-4, 1e-3)
    )
    assert len(few) >= 1
    assert few < many


def test_jpeg_errors_leave_headers_and_markers_as_they_were():
    before = jpeg_file(137, 353)
    after = _pillow_worker.damage_jpeg(before, 0.02, *SEED)
    start = before.index(b"\xff\xda") + 14  # Of three components.
    assert after[:start] == before[:start]
    assert after[start:] != before[start:]
    # A marker is 255 and anything but the stuffed 0.
    marks = [re.findall(b"\xff[^\x00]", file[start:]) for file in (before, after)]
    assert marks[0] == marks[1]
    assert len(marks[0]) == (23 * 9 - 1) // 8 + 1  # And the end of the file.


def test_a_jpeg_error_ends_at_the_next_restart_marker():
    file = jpeg_file(64, 320)  # 4 x 20 blocks, of which 8 make a segment.
    second = file.index(b"\xff\xd0") + 20
    spoilt = bytearray(file)
    spoilt[second] ^= 16
    one, two = (np.asarray(Image.open(io.BytesIO(f)), int) for f in (file, spoilt))
    rows, columns = np.nonzero(np.any(one != two, axis=-1))
    # The segment is blocks 8 to 15 of the first row; libjpeg interpolates colours, by
    # a pixel, across its border.
    assert rows.max() <= 16
    assert 127 <= columns.min() < columns.max() <= 256


def test_jpeg2000_errors_are_in_code_blocks_only():
    before = codestream(137, 153)
    after = _pillow_worker.damage_jpeg2000(before, 0.4, *SEED)
    inside = np.zeros(len(before), bool)
    for block in _pillow_worker.code_blocks(before):
        inside[block] = True
    changed = np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8)
    assert not np.any(changed & ~inside)
    assert np.mean(changed[inside]) > 0.9


@pytest.mark.parametrize("ratio", [1, 12, 200, 1200])
@pytest.mark.parametrize("size", [*SIZES, (300, 517), (1, 200)], ids=str)
def test_finds_all_code_blocks_of_a_codestream(size, ratio):
    file = codestream(*size, ratio=ratio)
    blocks = list(_pillow_worker.code_blocks(file))
    assert all(one.stop <= two.start for one, two in itertools.pairwise(blocks))
    # Behind them are but the headers of empty packets, and the mark of the file's end.
    end = blocks[-1].stop if blocks else len(file) - 2
    assert file[end:].lstrip(b"\x80\x00") == b"\xff\xd9"
    if math.prod(size) * 3 / ratio > 5000:
        assert sum(block.stop - block.start for block in blocks) > 0.9 * len(file)


def test_refuses_a_codestream_of_another_form():
    file = io.BytesIO()
    options = {"precinct_size": (64, 64), "codeblock_size": (16, 16), "no_jp2": True}
    picture(300, 517).save(file, format="JPEG2000", **options)
    with pytest.raises((ValueError, IndexError)):
        list(_pillow_worker.code_blocks(file.getvalue()))
