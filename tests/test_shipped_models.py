"""The models that ship with the package: what none of them may lose.

Golden scores are in golden/shipped_models.json. When a model has changed on purpose:

    PYTHONPATH=.:tests python tests/golden/make_shipped_models.py
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shipped_models
from PIL import Image

import distortions
import rankiqa_tf
from distortions import photo_decoding
from export.samples import Samples
from rankiqa_tf import library

GOLDEN = json.loads(
    Path(__file__).with_name("golden").joinpath("shipped_models.json").read_text()
)
NAMES = rankiqa_tf.list_models()
MOST_BYTES = 8_000_000

# What the order of versions is tested on: parts of two photos, and levels that are
# plainly seen.
DISTORTED = shipped_models.PHOTOS[::2]
LEVELS = (2, 4)
PART = (224, 224)
# The least share of versions that score below their photo, of a preset's kinds that are
# ranked from the photo down.
ORDER_KEPT = {"live": 1.0, "camera": 0.97}

# How far versions of a photo that look alike may be apart, as a share of the spread
# (greatest less least) of the scores of all distorted versions.
# lite0-photos learned that JPEG 95 costs something, from these photos among others.
JPEG_95 = 0.06
SIZES = 0.15  # Of photos of 3/4 and of 1/2 the height and width.


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name):
    return rankiqa_tf.load(name)


@pytest.fixture(scope="module")
def versions():
    """Images by preset, photo, distortion and level; of level 0 the photo, once."""
    found = {}
    for preset in ORDER_KEPT:
        those = Samples(DISTORTED, preset=preset, levels=LEVELS, cut=PART)
        for number in range(len(DISTORTED)):
            found[preset, number, None, 0] = those.photo(number)
            for kind, name in enumerate(those.names):
                for level in LEVELS:
                    image = those.version(number, kind, level)
                    found[preset, number, name, level] = image
    return found


@pytest.fixture(scope="module")
def scores(model, versions):
    return dict(zip(versions, model.score_many(versions.values()), strict=True))


@pytest.fixture(scope="module")
def spread(scores):
    return np.ptp(list(scores.values()))


def test_they_are_those_whose_golden_scores_are_known():
    assert sorted(GOLDEN) == NAMES
    assert not NAMES or library.DEFAULT in NAMES


def test_it_is_small(name):
    assert library.find(name).stat().st_size <= MOST_BYTES


def test_it_scores_photos_as_it_did(name, model):
    found = {path.name: model.score(path) for path in shipped_models.PHOTOS}
    assert found == pytest.approx(GOLDEN[name], abs=1e-3)


def test_it_says_what_its_scores_are(name, model):
    metadata = model.metadata
    assert metadata.direction == "higher is better"
    assert metadata.trained_on
    assert metadata.network == "efficientnet_lite0"


_ALONE = """
import json, sys
sys.modules |= {"rankiqa_tf": None, "distortions": None, "export": None}
import keras, numpy as np
crop = np.load(sys.argv[1])
for path in sys.argv[2:]:
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    dtypes = sorted({variable.dtype for variable in model.variables})
    print(json.dumps([float(model(crop)[0]), dtypes]))
"""


@pytest.mark.skipif(not NAMES, reason="the package carries no models")
def test_keras_opens_them_without_this_package(tmp_path):
    pixels = photo_decoding.decode(shipped_models.PHOTOS[0].read_bytes())
    crop = pixels[np.newaxis, :256, :288] / np.float32(255)
    np.save(tmp_path / "crop.npy", crop)
    paths = [library.find(name) for name in NAMES]
    program = [sys.executable, "-c", _ALONE, tmp_path / "crop.npy", *paths]
    output = subprocess.check_output(program, text=True, cwd=tmp_path)
    for name, line in zip(NAMES, output.splitlines(), strict=True):
        score, dtypes = json.loads(line)
        expected = float(rankiqa_tf.load(name).network(crop)[0])
        assert score == pytest.approx(expected, abs=1e-4)
        assert dtypes == ["float32"]


@pytest.mark.parametrize("preset", ORDER_KEPT)
def test_it_scores_distorted_versions_below_their_photo(scores, preset):
    # Not light, white balance and sharpening: some photos look better for a little.
    descending = [
        row.name
        for row in distortions.PRESETS[preset].rows
        if row.policy == "descending"
    ]
    above = [
        (name, level, number)
        for name in descending
        for level in LEVELS
        for number in range(len(DISTORTED))
        if scores[preset, number, name, level] >= scores[preset, number, None, 0]
    ]
    pairs = len(descending) * len(LEVELS) * len(DISTORTED)
    assert pairs >= 16
    assert len(above) <= (1 - ORDER_KEPT[preset]) * pairs, above


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_a_photo_has_one_score_in_png_and_turned_by_exif(model):
    path = shipped_models.PHOTOS[0]
    with Image.open(path) as photo:
        upright = Image.fromarray(photo_decoding.decode(path.read_bytes()))
        assert upright.size == photo.size
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned to the right.
    left = upright.transpose(Image.Transpose.ROTATE_90)
    expected = model.score(path)
    assert model.score(encoded(upright, "PNG", compress_level=1)) == expected
    turned = encoded(left, "PNG", compress_level=1, exif=exif)
    assert model.score(turned) == expected


def test_a_photo_in_jpeg_95_scores_nearly_the_same(model, spread):
    for path in DISTORTED:
        with Image.open(path) as photo:
            file = encoded(photo.convert("RGB"), "JPEG", quality=95)
        assert abs(model.score(file) - model.score(path)) <= JPEG_95 * spread


def test_smaller_versions_of_a_photo_score_alike(model, spread):
    for path in DISTORTED:
        with Image.open(path) as photo:
            width, height = photo.size
            smaller = [
                photo.convert("RGB").resize(
                    (width * share // 4, height * share // 4), Image.Resampling.LANCZOS
                )
                for share in (3, 2)
            ]
        for version in smaller:
            assert abs(model.score(version) - model.score(path)) <= SIZES * spread
