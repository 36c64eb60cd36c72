"""Transmission errors of JPEG and JPEG 2000."""

import io
import itertools
import math
import re

import numpy as np
import pytest
import tensorflow as tf
from pictures import make_photo
from PIL import Image

from distortions import _pillow_worker
from distortions.jpeg import jpeg
from distortions.transmission import jpeg2000_transmission_errors
from distortions.transmission import jpeg_transmission_errors

SEED = (3, 14)
SIZES = ((37, 53), (5, 7), (16, 16), (1, 1))

EVERY = pytest.mark.parametrize(
    ("function", "compression"),
    [(jpeg_transmission_errors, 90), (jpeg2000_transmission_errors, 12)],
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
def test_there_is_an_image_whatever_is_flipped(function, compression, size):
    image = tf.constant(make_photo(*size))
    for number, rate in enumerate((1e-3, 0.01, 0.1, 0.5) * 5):
        distorted = function(image, compression, rate, seed=(number, 0))
        assert distorted.shape == image.shape
        assert 0 <= tf.reduce_min(distorted) <= tf.reduce_max(distorted) <= 1


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


# With errors, it is what is left of a file with so many.


def test_jpeg_is_sent_with_a_restart_marker_after_every_eight_blocks():
    received = jpeg_transmission_errors(make_photo(137, 153), 90, 1e-3, seed=SEED)
    file = _pillow_worker.damage_jpeg(jpeg_file(137, 153), 1e-3, *SEED)
    expected = Image.open(io.BytesIO(file))
    np.testing.assert_array_equal(np.rint(received * 255), expected)


def test_jpeg2000_is_sent_in_small_code_blocks():
    received = jpeg2000_transmission_errors(make_photo(137, 153), 12, 1e-3, seed=SEED)
    file = _pillow_worker.damage_jpeg2000(codestream(137, 153), 1e-3, *SEED)
    expected = Image.open(io.BytesIO(file))
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
