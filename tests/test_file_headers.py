"""The bytes signature of SavedModels: each file right, or refused by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from photo_kinds import KINDS
from photo_kinds import KINDS_OF_16_BITS
from photo_kinds import LARGE_APP2
from photo_kinds import RGB
from photo_kinds import encode
from photo_kinds import half_of_zeros
from photo_kinds import with_segments
from photo_kinds import with_sides
from photo_kinds import without_adobe
from photo_kinds import xmp
from PIL import Image

from distortions import photo_decoding
from distortions import photo_header
from export import file_headers
from export import saved_model
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    features = keras.layers.Flatten()(keras.layers.Conv2D(4, 3, strides=2)(image))
    score = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    metadata = Metadata(
        network="tiny",
        crop_size=24,
        levels="last",
        score_range=None,
        trained_on="nothing",
        stages=(),
    )
    return Model(keras.Model(image, score), metadata)


@pytest.fixture(scope="module")
def score_files(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "saved_model"
    saved_model.write(model, path)
    loaded = tf.saved_model.load(path)

    def score(files):
        answer = loaded.signatures["serving_default"](tf.constant(files, tf.string))
        return answer["score"].numpy(), [
            text.decode() for text in answer["error"].numpy()
        ]

    return score


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data


# As far as its operations read them right.
READ = (
    "jpeg",
    "jpeg grey",
    "jpeg progressive",
    "jpeg turned",
    "png",
    "png grey",
    "png grey and alpha",
    "png alpha",
    "png palette",
    "png palette with transparency",
    "png 1 bit",
    "png turned",
    "png 16 bits",
    "gif",
    "gif animated",
    "bmp",
    "bmp that ends in zeros",
    "1 x 1",
    "30 x 20",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_scored_as_by_the_model_or_refused(score_files, model, kind):
    (score,), (error,) = score_files([KINDS[kind]])
    if kind in READ:
        assert error == ""
        assert score == pytest.approx(model.score(KINDS[kind]), abs=1e-5)
    else:
        assert np.isnan(score)
        assert "use the pixels signature" in error


REFUSED = {
    "empty": (b"", "empty"),
    "junk": (b"This is not a photo. " * 20, "reads JPEG, PNG"),
    "palette bmp": (encode(RGB.quantize(16), "BMP"), "BMP of 24 bits"),
    "bmp of 32 bits": (encode(RGB.convert("RGBA"), "BMP"), "BMP of 24 bits"),
    "transparent gif": (
        encode(RGB.quantize(16), "GIF", transparency=3),
        "reads JPEG, PNG",
    ),
    "cmyk": (KINDS["jpeg cmyk"], "4 components"),
    "cmyk without a marker": (without_adobe(KINDS["jpeg cmyk"]), "4 components"),
    "turned by xmp": (
        with_segments(encode(RGB, "JPEG"), *LARGE_APP2, (0xE1, xmp(6))),
        "turned",
    ),
    "half of zeros": (half_of_zeros(KINDS["jpeg"]), "damaged"),
    "half a jpeg": (KINDS["jpeg"][: len(KINDS["jpeg"]) // 2], "damaged"),
    "half a png": (KINDS["png"][: len(KINDS["png"]) // 2], "damaged"),
    "half a bmp": (KINDS["bmp"][: len(KINDS["bmp"]) // 2], "damaged"),
    "no frame": (KINDS["jpeg"][:30], "damaged"),
    "jpeg of side 0": (with_sides("jpeg", 0, 64), "pixels"),
    "png of side 0": (with_sides("png", 64, 0), "pixels"),
    "bmp of side 0": (with_sides("bmp", 0, 64), "pixels"),
    "large jpeg": (with_sides("jpeg", 65_000, 65_000), "too many pixels"),
    "large png": (with_sides("png", 100_000, 100_000), "too many pixels"),
    "large bmp": (with_sides("bmp", 100_000, 100_000), "too many pixels"),
    "larger than any number": (with_sides("png", 2**31, 2**31 + 5), "too many"),
}


def bitfields():
    """A BMP of 24 bits that says that masks of colours follow."""
    file = bytearray(encode(RGB, "BMP"))
    file[30] = 3
    return bytes(file)


@pytest.mark.parametrize("name", [*REFUSED, "bitfields"])
def test_what_cannot_be_read_right_is_refused_in_words(score_files, name):
    file, words = REFUSED.get(name) or (bitfields(), "BMP of 24 bits")
    (score,), (error,) = score_files([file])
    assert np.isnan(score)
    assert words in error


def test_good_photos_have_their_scores_whatever_their_neighbours(score_files, model):
    good = [KINDS[kind] for kind in READ]
    bad = [file for file, _ in REFUSED.values()]
    order = np.random.default_rng(0).permutation(len(good) + len(bad))
    scores, errors = score_files([(good + bad)[number] for number in order])
    for number, score, error in zip(order, scores, errors, strict=True):
        if number < len(good):
            assert error == ""
            assert score == pytest.approx(model.score(good[number]), abs=1e-5)
        else:
            assert np.isnan(score)
            assert error != ""


def test_an_empty_request_has_an_empty_answer(score_files):
    scores, errors = score_files([])
    assert scores.shape == (0,)
    assert scores.dtype == np.float32
    assert errors == []


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_turned_photo_is_scored_upright(score_files, model, kind, orientation):
    file = encode(RGB, kind, exif=exif(orientation))
    upright = photo_decoding.by_pillow(file)
    (score,), (error,) = score_files([file])
    assert error == ""
    assert score == pytest.approx(model.score(upright), abs=1e-5)


def test_a_jpeg_is_turned_behind_80_kb_of_other_segments(score_files, model):
    segments = (*LARGE_APP2, (0xE1, exif(6).tobytes()))
    file = with_segments(encode(RGB, "JPEG"), *segments)
    (score,), _ = score_files([file])
    assert score == pytest.approx(model.score(photo_decoding.by_pillow(file)), abs=1e-5)


def odd_headers():
    """Every file of the tests, whole, and with a number of its header replaced."""
    generator = np.random.default_rng(0)
    files = [*KINDS.values(), *KINDS_OF_16_BITS.values()]
    yield from files
    for _ in range(1_500):
        file = bytearray(files[generator.integers(len(files))])
        place = generator.integers(min(len(file), 250))
        value = generator.choice([0, 1, 2, 8, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1])
        width = int(generator.choice([1, 2, 4]))
        number = int(value) % 256**width
        file[place : place + width] = number.to_bytes(width, "big")
        yield bytes(file)


def header_of(file):
    try:
        return photo_header.read(file)
    except photo_header.PhotoError:
        return None


def test_headers_are_read_as_by_the_reader_of_files():
    """What is taken is plain there, and turned likewise."""
    taken = 0
    for file in odd_headers():
        problem, orientation, _ = file_headers.read(tf.constant(file))
        if problem.numpy() != b"" or not file.startswith((b"\xff\xd8", b"\x89PNG")):
            continue
        header = header_of(file)
        if header is None:  # The decoder has to refuse it, too.
            with pytest.raises(tf.errors.OpError):
                tf.io.decode_image(file)
        else:
            assert header.is_plain
            assert header.orientation == orientation
            taken += 1
    assert taken > 200
