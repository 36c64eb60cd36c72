"""Photos of every kind, decoded as Pillow decodes them."""

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL import ImageOps

from distortions import photo_decoding
from distortions import photo_header
from rankiqa_tf.data import decode

NOISE = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
RGB = Image.fromarray(NOISE).resize((53, 37), Image.Resampling.BICUBIC)
GREY = RGB.convert("L")
RGBA = RGB.copy()
RGBA.putalpha(GREY)
TURNED = Image.Exif()
TURNED[0x0112] = 6  # Orientation: the first row is the right side.


def grey_16_bits() -> Image.Image:
    values = np.asarray(GREY).astype(np.uint16) * 256 + 77
    return Image.fromarray(values)


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rgb_png_16_bits() -> bytes:
    """A PNG written by TensorFlow, as Pillow writes no colour in 16 bits."""
    values = np.asarray(RGB).astype(np.uint16) * 256 + 200
    return tf.io.encode_png(values).numpy()


def palette_with_transparency() -> bytes:
    return encode(RGB.convert("P"), "PNG", transparency=bytes(range(256)))


KINDS = {
    "jpeg": encode(RGB, "JPEG", quality=60),
    "jpeg grey": encode(GREY, "JPEG"),
    "jpeg progressive": encode(RGB, "JPEG", progressive=True, subsampling=0),
    "jpeg cmyk": encode(RGB.convert("CMYK"), "JPEG"),
    "jpeg turned": encode(RGB, "JPEG", exif=TURNED),
    "png": encode(RGB, "PNG"),
    "png grey": encode(GREY, "PNG"),
    "png grey and alpha": encode(GREY.convert("LA"), "PNG"),
    "png alpha": encode(RGBA, "PNG"),
    "png palette": encode(RGB.convert("P"), "PNG"),
    "png palette with transparency": palette_with_transparency(),
    "png 1 bit": encode(RGB.convert("1"), "PNG"),
    "png turned": encode(RGB, "PNG", exif=TURNED),
    "png 16 bits": rgb_png_16_bits(),
    "webp": encode(RGB, "WEBP"),
    "webp lossless": encode(RGB, "WEBP", lossless=True),
    "webp alpha": encode(RGBA, "WEBP"),
    "webp lossless alpha": encode(RGBA, "WEBP", lossless=True, exact=True),
    "webp turned": encode(RGB, "WEBP", exif=TURNED),
    "webp animated": encode(RGB, "WEBP", save_all=True, append_images=[RGBA]),
    "tiff": encode(RGB, "TIFF"),
    "tiff lzw": encode(RGB, "TIFF", compression="tiff_lzw"),
    "tiff alpha": encode(RGBA, "TIFF"),
    "tiff cmyk": encode(RGB.convert("CMYK"), "TIFF"),
    "tiff turned": encode(RGB, "TIFF", tiffinfo={0x0112: 6}),
    "jp2": encode(RGB, "JPEG2000"),
    "jp2 lossy": encode(RGB, "JPEG2000", irreversible=True, quality_layers=[20]),
    "jp2 grey": encode(GREY, "JPEG2000"),
    "jp2 grey and alpha": encode(GREY.convert("LA"), "JPEG2000"),
    "jp2 alpha": encode(RGBA, "JPEG2000"),
    "j2k": encode(RGB, "JPEG2000", no_jp2=True),
    "ppm": encode(RGB, "PPM"),
    "pgm": encode(GREY, "PPM"),
    "pbm": encode(RGB.convert("1"), "PPM"),
    "ppm with a comment": b"P6\n# made by hand\n1 2\n255\n\1\2\3\4\5\6",
    "ppm of 7 bits": b"P6 1 2 127 \1\2\3\4\5\6",
    "bmp": encode(RGB, "BMP"),
    "bmp that ends in zeros": encode(Image.new("RGB", (3, 2)), "BMP"),
    "gif": encode(RGB, "GIF"),
    "gif animated": encode(GREY, "GIF", save_all=True, append_images=[RGB]),
    "avif": encode(RGB, "AVIF"),
    "1 x 1": encode(RGB.resize((1, 1)), "PNG"),
    "30 x 20": encode(RGB.resize((30, 20)), "JPEG"),
}
KINDS_OF_16_BITS = {
    "png": encode(grey_16_bits(), "PNG"),
    "tiff": encode(grey_16_bits(), "TIFF"),
    "jp2": encode(grey_16_bits(), "JPEG2000"),
    "pgm": encode(grey_16_bits(), "PPM"),
}
EVERY = pytest.mark.parametrize("contents", KINDS.values(), ids=KINDS.keys())
BROKEN = {
    "empty": (b"", "empty"),
    "text": (b"This is not a photo. " * 20, "not a photo"),
    "short": (b"\xff\xd8", "not a photo"),
    "jpeg": (KINDS["jpeg"][:-300], "cut short"),
    "png": (KINDS["png"][:-300], "cut short"),
    "webp": (KINDS["webp"][:-100], "cut short"),
    "tiff": (KINDS["tiff"][:-300], "cut short"),
    "jp2": (KINDS["jp2"][:-300], "cut short"),
    "ppm": (KINDS["ppm"][:-300], "cut short"),
    "bmp": (KINDS["bmp"][:-300], "cut short"),
    "float": (encode(GREY.convert("F"), "TIFF"), "floating-point"),
}


def by_pillow(contents: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return np.asarray(image.convert("RGB"))


@EVERY
def test_pixels_are_those_of_pillow(contents):
    np.testing.assert_array_equal(decode.decode_photo(contents), by_pillow(contents))


def decoded_in_a_dataset(contents):
    files = tf.data.Dataset.from_tensor_slices(list(contents))
    return files.map(decode.decode_photo)


@pytest.mark.parametrize("with_tfio", [True, False])
def test_pixels_are_the_same_in_a_dataset(with_tfio, monkeypatch):
    if not with_tfio:
        monkeypatch.setattr(decode, "_tensorflow_io", lambda: None)
    photos = decoded_in_a_dataset(KINDS.values())
    assert photos.element_spec.shape.as_list() == [None, None, 3]
    for image, contents in zip(photos, KINDS.values(), strict=True):
        np.testing.assert_array_equal(image, by_pillow(contents))


@pytest.mark.parametrize("kind", ["webp", "webp lossless", "jp2", "jp2 grey", "ppm"])
def test_tensorflow_io_decodes_in_the_graph(kind, monkeypatch):
    if decode._tensorflow_io() is None:
        pytest.skip("tensorflow-io does not load here")
    monkeypatch.setattr(photo_decoding, "by_pillow", lambda contents: 1 / 0)
    (image,) = decoded_in_a_dataset([KINDS[kind]])
    np.testing.assert_array_equal(image, by_pillow(KINDS[kind]))


@pytest.mark.parametrize("kind", KINDS_OF_16_BITS)
def test_grey_of_16_bits_keeps_its_upper_8(kind):
    image = decode.decode_photo(KINDS_OF_16_BITS[kind])
    np.testing.assert_array_equal(image, np.stack([np.asarray(GREY)] * 3, axis=-1))


def test_a_turned_photo_stands_upright():
    assert decode.decode_photo(KINDS["jpeg turned"]).shape == (53, 37, 3)


def test_transparency_is_left_out():
    np.testing.assert_array_equal(decode.decode_photo(KINDS["png alpha"]), RGB)


@pytest.mark.parametrize(("contents", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_file_is_named_in_plain_words(contents, words, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(contents)
    with pytest.raises(decode.PhotoError, match=words) as caught:
        decode.read_photo(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "node" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(decode.PhotoError, match=r"none\.jpg: No such file"):
        decode.read_photo(tmp_path / "none.jpg")


def test_broken_file_stops_a_dataset_with_an_error():
    photos = tf.data.Dataset.from_tensors(b"not a photo").map(decode.decode_photo)
    with pytest.raises(tf.errors.OpError):
        list(photos)


def test_a_photo_of_100_megapixels_gives_no_warning(tmp_path):
    path = tmp_path / "large.gif"
    Image.new("L", (12_500, 8_000), 7).save(path)
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode.read_photo(path).shape == (8_000, 12_500, 3)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_refuses_more_pixels_than_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_header, "MAX_PIXELS", 1_000)
    path = tmp_path / "photo.bmp"
    path.write_bytes(KINDS["bmp"])
    with pytest.raises(decode.PhotoError, match=r"53 x 37 pixels .* at most 1,000"):
        decode.read_photo(path)


def test_finds_files_as_given_and_photos_in_folders(tmp_path):
    names = ["b/2.PNG", "b/1.jpg", "a.webp", "notes.txt", "._a.webp", ".trash/3.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    notes = tmp_path / "notes.txt"
    found = decode.find_photos([notes, str(tmp_path)])
    assert found == [notes] + [tmp_path / n for n in ("a.webp", "b/1.jpg", "b/2.PNG")]


def test_refuses_a_missing_path_and_a_folder_without_photos(tmp_path):
    with pytest.raises(ValueError, match="no such file or folder: nowhere"):
        decode.find_photos([Path("nowhere")])
    with pytest.raises(ValueError, match=r"no photos in .*\.jpg"):
        decode.find_photos([tmp_path])
