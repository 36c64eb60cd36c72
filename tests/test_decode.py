"""Photos of every kind, decoded as Pillow decodes them."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from photo_kinds import BROKEN
from photo_kinds import GREY
from photo_kinds import KINDS
from photo_kinds import KINDS_OF_16_BITS
from photo_kinds import RGB
from photo_kinds import by_pillow
from PIL import Image

from distortions import photo_decoding
from distortions import photo_header
from rankiqa_tf.data import decode

EVERY = pytest.mark.parametrize("contents", KINDS.values(), ids=KINDS.keys())


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
