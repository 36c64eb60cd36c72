"""Photos of each format and of odd sorts: their pixels, or why there are none."""

import io
import os
import threading
import warnings

import numpy as np
import pytest
import tensorflow as tf
from photo_kinds import GREY
from photo_kinds import KINDS
from photo_kinds import LARGE_APP2
from photo_kinds import RGB
from photo_kinds import RGBA
from photo_kinds import encode
from photo_kinds import grey_16_bits
from photo_kinds import half_of_zeros
from photo_kinds import tiff
from photo_kinds import with_segments
from photo_kinds import with_sides
from photo_kinds import without_adobe
from photo_kinds import xmp
from PIL import Image
from PIL import ImageOps

from distortions import decoder_warnings
from distortions import photo_decoding
from distortions.photo_header import PhotoError
from rankiqa_tf.data import decode

PIXELS, GREYS = np.asarray(RGB), np.asarray(GREY)
Turn = Image.Transpose
# How an upright photo is to be stored for each orientation: the reverse of what turns
# it upright.
STORED_AS = {
    1: None,
    2: Turn.FLIP_LEFT_RIGHT,
    3: Turn.ROTATE_180,
    4: Turn.FLIP_TOP_BOTTOM,
    5: Turn.TRANSPOSE,
    6: Turn.ROTATE_90,
    7: Turn.TRANSVERSE,
    8: Turn.ROTATE_270,
}
TURNS = pytest.mark.parametrize("orientation", STORED_AS)


def stored(image, orientation):
    method = STORED_AS[orientation]
    return image if method is None else image.transpose(method)


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data


def everywhere(contents):
    """Yields the pixels that each way to read a photo gives."""
    yield photo_decoding.decode(contents)
    yield from tf.data.Dataset.from_tensors(contents).map(decode.decode_photo)


def assert_refused_everywhere(contents, words):
    with pytest.raises(PhotoError, match=words):
        photo_decoding.decode(contents)
    photos = tf.data.Dataset.from_tensors(contents).map(decode.decode_photo)
    with pytest.raises(tf.errors.OpError):
        list(photos)


def psnr(one, two):
    difference = np.asarray(one, float) - np.asarray(two, float)
    return 10 * np.log10(255**2 / np.mean(difference**2))


def wide(values, *, order="<u2"):
    """Samples of 16 bits whose upper halves are these of 8."""
    return (np.asarray(values).astype(np.uint16) * 256 + 77).astype(order)


# The same photo in every format and depth that keeps all of it, by how it is written.
LOSSLESS = {
    "png": lambda photo, **turn: encode(photo, "PNG", **turn),
    "png of 16 bits": lambda photo: tf.io.encode_png(
        wide(photo).astype(np.uint16)
    ).numpy(),
    "webp": lambda photo, **turn: encode(photo, "WEBP", lossless=True, **turn),
    "tiff": lambda photo, **turn: encode(photo, "TIFF", **turn),
    "tiff lzw": lambda photo, **turn: encode(
        photo, "TIFF", compression="tiff_lzw", **turn
    ),
    "tiff deflate": lambda photo, **turn: encode(
        photo, "TIFF", compression="tiff_adobe_deflate", **turn
    ),
    "tiff packbits": lambda photo, **turn: encode(
        photo, "TIFF", compression="packbits", **turn
    ),
    "tiff of 16 bits": lambda photo: tiff(
        wide(photo), photo.size, bits=(16, 16, 16), photometric=2
    ),
    "bmp": lambda photo: encode(photo, "BMP"),
    "jp2": lambda photo: encode(photo, "JPEG2000"),
    "j2k": lambda photo: encode(photo, "JPEG2000", no_jp2=True),
    "ppm": lambda photo: encode(photo, "PPM"),
}
# With the least PSNR, in dB, that such a small photo keeps.
LOSSY = {
    "jpeg": (lambda photo, **turn: encode(photo, "JPEG", quality=95, **turn), 27),
    "jpeg of full colour": (
        lambda photo, **turn: encode(photo, "JPEG", quality=95, subsampling=0, **turn),
        38,
    ),
    "jpeg cmyk": (
        lambda photo, **turn: encode(photo.convert("CMYK"), "JPEG", quality=95, **turn),
        38,
    ),
    "mpo": (
        lambda photo, **turn: encode(
            photo, "MPO", quality=95, save_all=True, append_images=[photo], **turn
        ),
        27,
    ),
    "webp": (lambda photo, **turn: encode(photo, "WEBP", quality=95, **turn), 27),
    "avif": (lambda photo, **turn: encode(photo, "AVIF", quality=95, **turn), 27),
    "jp2": (
        lambda photo: encode(photo, "JPEG2000", irreversible=True, quality_layers=[4]),
        30,
    ),
    "gif": (lambda photo: encode(photo, "GIF"), 25),
}
WITH_TURNS = ("png", "webp", "tiff", "tiff lzw", "tiff deflate", "tiff packbits")


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_photo_is_the_same_in_each_lossless_format(name):
    for image in everywhere(LOSSLESS[name](RGB)):
        np.testing.assert_array_equal(image, PIXELS)


def test_a_ppm_of_16_bits_is_the_same_within_a_level():
    # Pillow rounds to 8 bits, instead of taking the upper ones.
    header = b"P6 %d %d 65535 " % RGB.size
    for image in everywhere(header + wide(RGB, order=">u2").tobytes()):
        np.testing.assert_allclose(np.asarray(image, int), PIXELS, atol=1)


@TURNS
@pytest.mark.parametrize("name", WITH_TURNS)
def test_a_photo_is_the_same_however_a_lossless_format_turns_it(name, orientation):
    file = LOSSLESS[name](stored(RGB, orientation), exif=exif(orientation))
    for image in everywhere(file):
        np.testing.assert_array_equal(image, PIXELS)


@pytest.mark.parametrize("name", LOSSY)
def test_a_photo_is_nearly_the_same_in_each_lossy_format(name):
    write, least = LOSSY[name]
    file = write(RGB)
    own = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
    for image in everywhere(file):
        np.testing.assert_array_equal(image, own)
        assert psnr(image, PIXELS) > least


@TURNS
@pytest.mark.parametrize(
    "name", ["jpeg", "jpeg of full colour", "jpeg cmyk", "mpo", "webp", "avif"]
)
def test_a_photo_is_nearly_the_same_however_a_lossy_format_turns_it(name, orientation):
    write, least = LOSSY[name]
    file = write(stored(RGB, orientation), exif=exif(orientation))
    own = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
    for image in everywhere(file):
        np.testing.assert_array_equal(image, own)
        assert psnr(image, PIXELS) > least


@TURNS
def test_heic_is_read_and_turned(orientation):
    heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow-heif")
    heif.register_heif_opener()
    # It makes boxes that turn the photo of what EXIF bytes say.
    turn = exif(orientation).tobytes()
    file = encode(stored(RGB, orientation), "HEIF", quality=95, chroma=444, exif=turn)
    own = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
    for image in everywhere(file):
        np.testing.assert_array_equal(image, own)
        assert psnr(image, PIXELS) > 27


@pytest.mark.parametrize("mode", ["grey", "16 bits", "12 bits", "white is zero"])
def test_grey_of_every_depth_is_the_same(mode):
    files = {
        "grey": [
            encode(GREY, kind) for kind in ("PNG", "TIFF", "BMP", "JPEG2000", "PPM")
        ],
        "16 bits": [
            encode(grey_16_bits(), kind) for kind in ("PNG", "TIFF", "JPEG2000", "PPM")
        ],
        "12 bits": [twelve_bits()],
        "white is zero": [
            tiff(255 - GREYS, GREY.size, bits=(8,), photometric=0),
            tiff(65535 - wide(GREY), GREY.size, bits=(16,), photometric=0),
        ],
    }
    for file in files[mode]:
        for image in everywhere(file):
            np.testing.assert_array_equal(image, np.stack([GREYS] * 3, axis=-1))


def twelve_bits():
    """A TIFF of 12 bits a sample, two in three bytes, each row filled up to a byte."""
    samples = GREYS.astype(np.uint16) * 16 + 5
    samples = np.pad(samples, ((0, 0), (0, samples.shape[1] % 2)))
    first, second = samples[:, ::2], samples[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1)
    rows = packed.reshape(len(packed), -1)[:, : -(-GREY.width * 3 // 2)]
    return tiff(rows.astype(np.uint8), GREY.size, bits=(12,), photometric=1)


@pytest.mark.parametrize(
    ("samples", "bits", "sample_format", "words"),
    [
        (np.int8, 8, 2, "signed or floating-point samples"),
        (np.int16, 16, 2, "signed or floating-point samples"),
        (np.int32, 32, 2, "signed or floating-point samples"),
        (np.float32, 32, 3, "signed or floating-point samples"),
        (np.uint32, 32, 1, "32 bits a sample is not read; at most 16 are"),
    ],
)
def test_tiff_of_unknown_range_is_refused_as_such(samples, bits, sample_format, words):
    file = tiff(
        GREYS.astype(samples),
        GREY.size,
        bits=(bits,),
        photometric=1,
        sample_format=sample_format,
    )
    assert_refused_everywhere(file, words)


def test_of_a_tiff_the_largest_full_page_is_read():
    small, large = RGB.resize((20, 14)), RGB
    pages = io.BytesIO()
    thumbnail = {254: 1}
    small.save(
        pages,
        "TIFF",
        save_all=True,
        append_images=[RGB.resize((9, 8)), large, small],
        tiffinfo=thumbnail,
    )
    file = bytearray(pages.getvalue())
    for image in everywhere(without_marks_but_the_first(file)):
        np.testing.assert_array_equal(image, PIXELS)


def without_marks_but_the_first(file):
    """Marks as a thumbnail the first page only."""
    with Image.open(io.BytesIO(file)) as pages:
        offsets = []
        for page in range(pages.n_frames):
            pages.seek(page)
            offsets.append(pages.tag_v2._offset)
    for offset in offsets[1:]:
        (count,) = np.frombuffer(file[offset : offset + 2], "<u2")
        for number in range(count):
            entry = offset + 2 + 12 * number
            if file[entry : entry + 2] == (254).to_bytes(2, "little"):
                file[entry + 8 : entry + 12] = bytes(4)
    return bytes(file)


def test_of_a_tiff_a_larger_picture_marked_as_reduced_is_not_read():
    larger = RGB.resize((99, 71))
    file = io.BytesIO()
    larger.save(file, "TIFF", save_all=True, append_images=[RGB], tiffinfo={254: 1})
    for image in everywhere(without_marks_but_the_first(bytearray(file.getvalue()))):
        np.testing.assert_array_equal(image, PIXELS)


@pytest.mark.parametrize("segment", ["exif", "xmp"])
@TURNS
def test_a_jpeg_is_turned_behind_80_kb_of_other_segments(segment, orientation):
    plain = encode(stored(RGB, orientation), "JPEG", quality=95)
    app1 = {"exif": exif(orientation).tobytes(), "xmp": xmp(orientation)}[segment]
    file = with_segments(plain, *LARGE_APP2, (0xE1, app1))
    expected = photo_decoding.decode(encode(RGB, "JPEG", quality=95)).shape
    for image in everywhere(file):
        assert image.shape == expected
        assert psnr(image, PIXELS) > 27


def test_a_cmyk_jpeg_is_the_same_without_its_adobe_marker():
    file = encode(RGB.convert("CMYK"), "JPEG", quality=95)
    bare = without_adobe(file)
    assert b"Adobe" not in bare
    for image in everywhere(bare):
        np.testing.assert_array_equal(image, photo_decoding.decode(file))
        assert psnr(image, PIXELS) > 38


DAMAGED = {
    "jpeg": KINDS["jpeg"],
    "jpeg progressive": KINDS["jpeg progressive"],
    "jpeg cmyk": KINDS["jpeg cmyk"],
    "png": KINDS["png"],
    "png alpha": KINDS["png alpha"],
    "webp": KINDS["webp"],
    "webp lossless": KINDS["webp lossless"],
    "tiff lzw": KINDS["tiff lzw"],
    "tiff deflate": encode(RGB, "TIFF", compression="tiff_adobe_deflate"),
    "jp2": KINDS["jp2"],
    "j2k": KINDS["j2k"],
    "gif": KINDS["gif"],
    "avif": KINDS["avif"],
}
UNCOMPRESSED = ("bmp", "ppm", "tiff")


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_file_whose_second_half_is_zeros_is_damaged(kind):
    assert_refused_everywhere(half_of_zeros(DAMAGED[kind]), "damaged")


@pytest.mark.parametrize("kind", [*DAMAGED, *UNCOMPRESSED])
def test_a_file_whose_second_half_is_missing_is_damaged(kind):
    file = DAMAGED.get(kind) or KINDS[kind]
    assert_refused_everywhere(file[: len(file) // 2], "damaged")


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "gif", "tiff", "jp2", "ppm"])
@pytest.mark.parametrize("sides", [(0, 64), (64, 0)])
def test_a_side_of_zero_is_refused(kind, sides):
    assert_refused_everywhere(with_sides(kind, *sides), "pixels|damaged|is not read")


def test_an_unsupported_kind_is_not_called_damaged():
    with pytest.raises(PhotoError) as caught:
        photo_decoding.decode(
            tiff(bytes(53 * 37 * 6), (53, 37), bits=(12,) * 3, photometric=2)
        )
    assert "damaged" not in str(caught.value)


# Warnings.


def with_a_bad_code(jpeg):
    """Ends a JPEG half-way, before its data do, which libjpeg tells of and reads on."""
    half = len(jpeg) // 2
    return jpeg[:half] + b"\xff\xd9" + jpeg[half:]


def bad_group_4():
    file = bytearray(encode(RGB.convert("1"), "TIFF", compression="group4"))
    file[40] ^= 0x10
    return bytes(file)


def extra_tag():
    """A TIFF with a tag that points behind its end."""
    file = tiff(PIXELS, RGB.size, bits=(8, 8, 8), photometric=2)
    entry = 10 + 9 * 12  # The last, instead of the sample format.
    tag = (700).to_bytes(2, "little") + b"\1\0" + (99).to_bytes(4, "little")
    return file[:entry] + tag + (2**30).to_bytes(4, "little") + file[entry + 12 :]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (with_a_bad_code(encode(RGB, "JPEG", quality=95)), "premature end"),
        (
            with_a_bad_code(encode(RGB.convert("CMYK"), "JPEG", quality=95)),
            "premature end",
        ),
        (bad_group_4(), "Fax4Decode"),
        (extra_tag(), "Truncated File Read"),
    ],
    ids=["libjpeg", "libjpeg for cmyk", "libtiff", "Pillow"],
)
def test_a_decoders_warning_is_told_and_not_printed(file, words, capfd):
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo_decoding.decode(file, warn=told.append)
    assert any(words in text for text in told), told
    assert not any("\n" in text for text in told)
    assert capfd.readouterr().err == ""


def test_a_good_photo_gives_no_warning():
    told = []
    for contents in KINDS.values():
        photo_decoding.decode(contents, warn=told.append)
    assert told == []


def test_warnings_of_photos_read_in_threads_are_not_mixed_up():
    bad, good = bad_group_4(), encode(RGB, "TIFF", compression="tiff_lzw")
    told = {"bad": [], "good": []}

    def read(name, file):
        for _ in range(40):
            photo_decoding.decode(file, warn=told[name].append)

    threads = [
        threading.Thread(target=read, args=each)
        for each in (("bad", bad), ("good", good))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told["bad"]) >= 40
    assert told["good"] == []


def test_lines_that_are_muted_are_kept_back_and_others_written(capfd):
    with decoder_warnings.muted("INFO: "):
        os.write(2, b"INFO: a delegate.\nan error\n")
    assert capfd.readouterr().err == "an error\n"


def test_what_others_write_meanwhile_is_passed_on(capfd):
    with decoder_warnings.collected() as messages:
        os.write(2, b"120 of 300 photos\nCorrupt JPEG data: bad Huffman code\n")
    assert messages == ["Corrupt JPEG data: bad Huffman code"]
    assert capfd.readouterr().err == "120 of 300 photos\n"


def test_transparency_of_every_format_is_left_out():
    for file in (
        encode(RGBA, "PNG"),
        encode(RGBA, "TIFF"),
        encode(RGBA, "WEBP", lossless=True, exact=True),
    ):
        for image in everywhere(file):
            np.testing.assert_array_equal(image, PIXELS)
