"""Headers of photo files, read by the structure of their formats."""

import contextlib
import struct
import time

import numpy as np
import pytest
from photo_kinds import KINDS
from photo_kinds import LARGE_APP2
from photo_kinds import RGB
from photo_kinds import TURNED
from photo_kinds import encode
from photo_kinds import jp2_that_lies
from photo_kinds import with_segments
from photo_kinds import with_sides
from photo_kinds import xmp
from PIL import Image

from distortions import photo_header
from distortions.photo_header import PhotoError

OF_KINDS = ("jpeg", "png", "webp", "jp2", "ppm")


def turned_exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", OF_KINDS)
def test_the_sides_are_those_of_the_photo(kind):
    header = photo_header.read(KINDS[kind])
    assert (header.width, header.height) == RGB.size
    assert header.is_plain
    assert not header.is_grey


@pytest.mark.parametrize("kind", ["jpeg grey", "png grey", "jp2 grey", "pgm"])
def test_grey_is_known(kind):
    assert photo_header.read(KINDS[kind]).is_grey


@pytest.mark.parametrize(
    "kind",
    [
        "jpeg cmyk",
        "webp alpha",
        "webp animated",
        "jp2 alpha",
        "jp2 grey and alpha",
        "ppm with a comment",
        "ppm of 7 bits",
    ],
)
def test_what_decoders_read_otherwise_is_not_plain(kind):
    assert not photo_header.read(KINDS[kind]).is_plain


def test_a_jpeg_2000_whose_parts_differ_is_not_plain():
    assert not photo_header.read(jp2_that_lies()).is_plain


@pytest.mark.parametrize("kind", ["webp", "webp lossless", "jp2"])
@pytest.mark.parametrize("change", [lambda f: f + bytes(10), lambda f: f[:-10]])
def test_a_file_longer_or_shorter_than_it_says_is_not_plain(kind, change):
    assert not photo_header.read(change(KINDS[kind])).is_plain


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_how_a_photo_is_turned_is_read_from_exif(kind, orientation):
    file = encode(RGB, kind, exif=turned_exif(orientation))
    assert photo_header.read(file).orientation == orientation


def test_how_a_photo_is_turned_is_read_behind_80_kb_of_other_segments():
    app1 = b"Exif\0\0" + TURNED.tobytes().removeprefix(b"Exif\0\0")
    file = encode(RGB, "JPEG")
    for segment in (app1, xmp(6)):
        behind = with_segments(file, *LARGE_APP2, (0xE1, segment))
        assert len(behind) > 80_000
        assert photo_header.read(behind).orientation == 6


def test_a_word_about_turning_elsewhere_in_a_file_turns_nothing():
    text = b'tiff:Orientation="6"'
    file = with_segments(encode(RGB, "JPEG"), (0xFE, text), (0xE2, text))
    assert photo_header.read(file).orientation == 1


@pytest.mark.parametrize("kind", OF_KINDS)
@pytest.mark.parametrize("sides", [(0, 64), (64, 0), (0, 0)])
def test_refuses_a_side_of_zero(kind, sides):
    if kind == "webp":
        file = bytearray(KINDS["webp"])
        file[26:30] = struct.pack("<HH", *sides)
    else:
        file = with_sides(kind, *sides)
    with pytest.raises(PhotoError, match=rf"pixels, not {sides[0]} x {sides[1]}"):
        photo_header.read(bytes(file))


@pytest.mark.parametrize("kind", ["jpeg", "png", "jp2", "ppm"])
def test_refuses_more_pixels_than_can_be_read(kind):
    side = 65_000 if kind == "jpeg" else 100_000
    with pytest.raises(PhotoError, match=rf"{side} x {side} .* at most 500,000,000"):
        photo_header.read(with_sides(kind, side, side))


@pytest.mark.parametrize("boxes", [True, False])
def test_refuses_a_jpeg_2000_of_more_pixels_than_its_bytes_can_show(boxes):
    file = with_sides("jp2", 20_000, 20_000)
    if not boxes:
        file = file[file.index(b"\xff\x4f\xff\x51") :]
    with pytest.raises(PhotoError, match=r"20000 x 20000 pixels in \d+ bytes"):
        photo_header.read(file)


def test_refuses_a_webp_larger_than_webp_can_be():
    file = bytearray(KINDS["webp animated"])
    file[24:30] = b"\xff\x4f\0\xff\x4f\0"
    with pytest.raises(PhotoError, match="20480 x 20480 pixels, but at most 16383"):
        photo_header.read(bytes(file))


def test_a_pnm_needs_all_of_its_pixels():
    with pytest.raises(PhotoError, match="6 bytes of pixels are needed, 5 are there"):
        photo_header.read(b"P6 1 2 255 \1\2\3\4\5")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_read_or_refused_wherever_it_is_cut(kind):
    for end in range(min(len(KINDS[kind]), 700)):
        with contextlib.suppress(PhotoError):
            photo_header.read(KINDS[kind][:end])


def test_numbers_of_any_size_end_in_a_header_or_an_error():
    generator = np.random.default_rng(0)
    began = time.monotonic()
    for _ in range(3_000):
        file = bytearray(KINDS[generator.choice(list(KINDS))])
        place = generator.integers(min(len(file), 300))
        value = generator.choice([0, 1, 2, 8, 2**15, 2**31 - 1, 2**31, 2**32 - 1])
        file[place : place + 4] = struct.pack(">I", int(value))
        with contextlib.suppress(PhotoError):
            photo_header.read(bytes(file))
    assert time.monotonic() - began < 30


def test_junk_between_segments_is_passed_over_fast():
    file = KINDS["jpeg"]
    began = time.monotonic()
    header = photo_header.read(file[:20] + bytes(50_000_000) + file[20:])
    assert (header.width, header.height) == RGB.size
    assert time.monotonic() - began < 1


def test_refuses_an_empty_file():
    with pytest.raises(PhotoError, match="empty"):
        photo_header.read(b"")
