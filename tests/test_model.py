"""The model object: its file, and the scores of photos."""

import dataclasses
import hashlib
import io
import json
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

from distortions import photo_decoding
from rankiqa_tf import models
from rankiqa_tf import scoring
from rankiqa_tf.data.decode import PhotoError
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.model import Model
from rankiqa_tf.models import heads

METADATA = Metadata(
    network="mean",
    crop_size=16,
    levels="last",
    score_range=(1.0, 9.0),
    trained_on="made pictures",
    stages=("rank", "finetune"),
    curve=((-1.5, 2.0), (0.0, 5.5), (1.0, 6.0)),
)
PHOTO = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)


def mean_of_red(side: int | None = 16) -> keras.Model:
    image = keras.Input([side, side, 3])
    red = keras.layers.GlobalAveragePooling2D()(image)[:, 0]
    return keras.Model(image, red)


@pytest.fixture(scope="module")
def model():
    return Model(mean_of_red(), METADATA)


@pytest.fixture(scope="module")
def lite0():
    """A real network, fully convolutional, whose features are standardised."""
    keras.utils.set_random_seed(3)
    network = models.build("efficientnet_lite0", levels="all")
    heads.fit_standardisation(
        network, [np.resize(p, (1, 64, 64, 3)) / 255 for p in several_photos()]
    )
    return Model(
        network,
        dataclasses.replace(METADATA, network="efficientnet_lite0", crop_size=64),
    )


# The file.


def test_what_is_loaded_is_what_was_saved(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = Model.load(tmp_path / "model.keras")
    assert loaded.metadata == METADATA
    assert loaded.score(PHOTO) == model.score(PHOTO)


def test_a_model_of_a_file_has_its_fingerprint(model, tmp_path):
    model.save(tmp_path / "model.keras")
    digest = hashlib.sha256((tmp_path / "model.keras").read_bytes()).hexdigest()
    assert Model.load(tmp_path / "model.keras").fingerprint == digest
    assert model.fingerprint == ""


def test_keras_alone_opens_the_file(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.output_shape == (None,)


def test_saving_replaces_the_file_and_leaves_nothing_else(model, tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("an older file")
    model.save(path)
    Model.load(path)
    assert list(tmp_path.iterdir()) == [path]


def test_refuses_to_save_under_another_suffix(model, tmp_path):
    with pytest.raises(ValueError, match=r"end in \.keras, not model\.h5"):
        model.save(tmp_path / "model.h5")


def test_refuses_to_save_a_model_of_other_scores(tmp_path):
    image = keras.Input([8, 8, 3])
    network = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    with pytest.raises(ValueError, match=r"scores \[n\], not \(None, 3\)"):
        Model(network, METADATA).save(tmp_path / "model.keras")


def test_refuses_to_load_what_is_no_model_file(tmp_path):
    path = tmp_path / "model.keras"
    with pytest.raises(ValueError, match=r"no such model file: .*model\.keras"):
        Model.load(path)
    path.write_text("text")
    with pytest.raises(ValueError, match=r"model\.keras is not a \.keras file"):
        Model.load(path)
    mean_of_red().save(path)
    with pytest.raises(ValueError, match=r"it has no rankiqa\.json"):
        Model.load(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b"\x1c\0\0\0TFL3\0\0"), "an export to TFLite"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n\0"), "HDF5"),
        (lambda path: zipfile.ZipFile(path, "w").close(), "another archive"),
        (lambda path: path.mkdir(), r"is a folder without a model\.keras"),
        (
            lambda path: touch(path / "saved_model.pb"),
            "is a SavedModel, which is an export",
        ),
        (lambda path: touch(path / "options.json"), "is the folder of a run that has"),
        (lambda path: touch(path / "checkpoints/1"), "the run's command resumes"),
    ],
)
def test_says_what_is_given_in_place_of_a_model_file(tmp_path, make, message):
    make(tmp_path / "given")
    with pytest.raises(ValueError, match=message) as error:
        Model.load(tmp_path / "given")
    assert str(tmp_path / "given") in str(error.value)
    assert "\n" not in str(error.value)


def touch(path):
    path.parent.mkdir(parents=True)
    path.touch()


@pytest.mark.parametrize("batch", [1, 3, None])
def test_doubts_come_with_their_photo_and_before_its_score(
    model, monkeypatch, tmp_path, batch
):
    """Of a decoder that doubts every file that is not the first."""
    decode = photo_decoding.decode

    def doubtful(contents, *, warn=None):
        if contents != files[0]:
            warn(f"{len(contents)} bytes")
            warn("and more")
        return decode(contents, warn=warn)

    files = [encoded((20 + n, 31, 3)) for n in range(4)]
    monkeypatch.setattr(photo_decoding, "decode", doubtful)
    (tmp_path / "a.png").write_bytes(files[3])
    photos = [*files, tmp_path / "a.png", b"text"]
    told: list = []
    for number, score in enumerate(
        model.score_many(photos, batch=batch, warn=lambda *each: told.append(each))
    ):
        expected = []
        if number:
            length = len(files[3] if number == 4 else photos[number])
            expected = [f"{length} bytes", "and more"]
        assert told == [(photos[number], text) for text in expected]
        told.clear()
        assert isinstance(score, PhotoError) == (number == 5)
    assert len(list(model.score_many(photos[:2]))) == 2


def encoded(shape) -> bytes:
    """A PNG file of this shape."""
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def test_refuses_a_file_without_weights(model, tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rankiqa.json", METADATA.to_json())
    with pytest.raises(ValueError, match=r"Keras cannot open .*damaged"):
        Model.load(path)


def hostile_layer() -> dict:
    """What Keras would make a layer of, if it ran any function that a file names."""
    return {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "system",
    }


def test_a_file_that_holds_a_program_is_refused(tmp_path):
    mark, path = tmp_path / "was_run", tmp_path / "model.keras"
    image = keras.Input([16, 16, 3])
    code = f"lambda x: (open({str(mark)!r}, 'w'), x)[1]"
    hidden = keras.layers.Lambda(eval(code), output_shape=(16, 16, 3))(image)
    score = keras.layers.GlobalAveragePooling2D()(hidden)[:, 0]
    mark.unlink(missing_ok=True)  # Keras called it while it made the model.
    Model(keras.Model(image, score), METADATA).save(path)
    with pytest.raises(ValueError, match=r"not opened: it names keras\.layers\.Lambda"):
        Model.load(path)
    assert not mark.exists()


def test_a_file_that_names_a_function_of_python_is_refused(model, tmp_path):
    good, path = tmp_path / "good.keras", tmp_path / "model.keras"
    model.save(good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            contents = source.read(name)
            if name == "config.json":
                config = json.loads(contents)
                config["config"]["layers"][1] |= hostile_layer()
                contents = json.dumps(config).encode()
            target.writestr(name, contents)
    with pytest.raises(ValueError, match=r"not opened: it names os\.system"):
        Model.load(path)


# What the file says of the model.


def changed(**entries):
    return json.dumps(json.loads(METADATA.to_json()) | entries)


def test_metadata_come_back():
    assert Metadata.from_json(METADATA.to_json()) == METADATA
    plain = dataclasses.replace(METADATA, score_range=None, curve=None, stages=())
    assert Metadata.from_json(plain.to_json()) == plain


def test_metadata_of_a_later_version_are_read():
    assert Metadata.from_json(changed(invented_later=1)) == METADATA


def test_metadata_of_before_recipes_had_versions_are_read():
    entries = json.loads(METADATA.to_json())
    del entries["recipe_version"], entries["version"]
    found = Metadata.from_json(json.dumps(entries))
    assert dataclasses.replace(found, version=METADATA.version) == METADATA


def test_metadata_say_which_scores_are_good_and_how_photos_are_cut():
    assert METADATA.direction == "higher is better"
    assert "at most 4, evenly spaced" in METADATA.recipe
    assert METADATA.version


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"direction": "lower is better"}, "direction must be 'higher is better'"),
        ({"recipe_version": 2}, "recipe of crops is version 2; .* by version 1"),
        ({"crop_size": "16"}, "crop_size must be a whole number of 1 or more, not 16"),
        ({"crop_size": 0}, "crop_size must be a whole number of 1 or more, not 0"),
        ({"crop_size": True}, "crop_size must be a whole number"),
        ({"network": 3}, "network must be a text, not 3"),
        ({"stages": "rank"}, "stages must be a list of texts, not 'rank'"),
        ({"stages": [1]}, "stages must be a text, not 1"),
        ({"score_range": [9, 1]}, "score_range must be two rising numbers"),
        ({"score_range": [1]}, "score_range must be two rising numbers"),
        ({"curve": [[0, 1]]}, "curve must be 2 or more pairs of numbers"),
        ({"curve": [[0, 1], [1, 0]]}, "curve must be two rising numbers"),
    ],
)
def test_metadata_that_would_score_silently_wrong_are_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        Metadata.from_json(changed(**entries))


def test_a_recipe_in_other_words_without_a_version_is_refused():
    entries = json.loads(changed(recipe="Resize to 224 x 224."))
    del entries["recipe_version"]
    with pytest.raises(ValueError, match="recipe of crops is version another"):
        Metadata.from_json(json.dumps(entries))


def test_missing_metadata_are_named():
    with pytest.raises(ValueError, match="crop_size, levels, score_range, trained_on"):
        Metadata.from_json('{"network": "tiny"}')
    with pytest.raises(ValueError, match="must be a JSON object"):
        Metadata.from_json("[]")


# One score.


def test_score_is_the_mean_over_the_grid_of_crops(model):
    # 37 by 16: offsets 0, 10.5 rounded up, 21. 53 by 16: 0, 12.3, 24.7, 37.
    crops = [
        PHOTO[y : y + 16, x : x + 16, 0] for y in (0, 11, 21) for x in (0, 12, 25, 37)
    ]
    assert model.score(PHOTO) == pytest.approx(np.mean(crops) / 255, rel=1e-6)


def test_a_photo_may_be_a_path_bytes_a_pil_image_or_pixels(model, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(PHOTO).save(path)
    expected = model.score(PHOTO)
    for photo in (path, str(path), path.read_bytes(), Image.fromarray(PHOTO)):
        assert model.score(photo) == expected


def test_a_pil_image_is_read_as_its_file_would_be(model):
    # Turned by EXIF, with transparency, and in grey: each as `decode` has it.
    grey = Image.fromarray(PHOTO[..., 0])
    transparent = Image.fromarray(np.dstack([PHOTO, PHOTO[..., :1]]))
    turned = Image.fromarray(PHOTO)
    turned.getexif()[0x0112] = 6
    for image, exif in ((grey, None), (transparent, None), (turned, turned.getexif())):
        file = io.BytesIO()
        image.save(file, "png", **({"exif": exif} if exif else {}))
        assert model.score(image) == model.score(file.getvalue())


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (16, 16), (300, 200)])
def test_photos_of_any_size_have_a_score(model, shape):
    assert model.score(np.full((*shape, 3), 51, np.uint8)) == pytest.approx(
        0.2, rel=1e-5
    )


def test_score_does_not_depend_on_what_was_scored_before(model):
    first = model.score(PHOTO)
    model.score(PHOTO[:5])
    assert model.score(PHOTO) == first
    assert Model(mean_of_red(), METADATA).score(PHOTO) == first


def test_layers_for_training_are_off():
    image = keras.Input([16, 16, 3])
    dropped = keras.layers.Dropout(0.9)(image)
    network = keras.Model(image, keras.layers.GlobalAveragePooling2D()(dropped)[:, 0])
    score = Model(network, METADATA).score(np.full((40, 40, 3), 51, np.uint8))
    assert score == pytest.approx(0.2, rel=1e-5)


class Counted:
    """Gives the first red pixel of each crop, and counts how often it is traced."""

    input_shape = (None, None, None, 3)

    def __init__(self):
        self.times = 0

    def __call__(self, images, training):
        self.times += 1
        return images[:, 0, 0, 0]


def test_photos_of_new_sizes_trace_no_new_graph():
    network = Counted()
    model = Model(network, METADATA)
    for side in range(10, 40, 7):
        assert model.score(PHOTO[:side, :16]) <= 1
    assert network.times == 1


@pytest.mark.parametrize("shape", [(37, 53), (1, 1), (300, 200)])
def test_a_photo_may_be_scored_as_a_whole(shape):
    image = keras.Input([None, None, 3])
    greatest = keras.layers.GlobalMaxPooling2D()(image)[:, 0]
    metadata = dataclasses.replace(METADATA, network="efficientnet_lite0")
    model = Model(keras.Model(image, greatest), metadata)
    photo = np.resize(PHOTO, (*shape, 3))
    expected = photo[..., 0].max() / 255
    assert model.score(photo, crops="whole") == pytest.approx(expected)
    (many,) = model.score_many([photo], crops="whole")
    assert many == pytest.approx(expected)


def test_a_network_of_one_size_refuses_whole_photos(model):
    with pytest.raises(ValueError, match="network mean takes crops of 16 pixels only"):
        model.score(PHOTO, crops="whole")


def test_random_crops_are_decided_by_the_seed_alone(model):
    found = [model.score(PHOTO, crops="random", seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    again = Model(mean_of_red(), METADATA).score(PHOTO, crops="random", seed=1)
    assert again == found[0]


def test_random_crops_are_30_with_places_all_over_the_photo(model):
    # A ramp from left to right, of which a crop's mean tells its place.
    ramp = np.zeros((20, 115, 3), np.uint8)
    ramp[..., 0] = 2 * np.arange(115)
    means = [model.score(ramp, crops="random", seed=n) * 255 for n in range(12)]
    # Crops begin at 0..99 alike: means of 30 have deviations of 2 * 28.9 / 30 ** 0.5.
    assert np.mean(means) == pytest.approx(2 * (49.5 + 7.5), abs=4 * 10.5 / 12**0.5)
    assert 5 < np.std(means) < 18


def test_refuses_crops_that_it_does_not_know(model):
    with pytest.raises(ValueError, match="grid, whole, random, not 'some'"):
        model.score(PHOTO, crops="some")


@pytest.mark.parametrize(
    "photo",
    [PHOTO / 255, PHOTO[..., 0], PHOTO[..., :1], PHOTO[np.newaxis], PHOTO[:0], None],
    ids=["float", "plane", "one channel", "batch", "empty", "nothing"],
)
def test_refuses_what_is_no_photo(model, photo):
    with pytest.raises(ValueError, match="a photo must "):
        model.score(photo)


# Many scores.


def several_photos():
    """Photos with 1 to 16 crops of 64 pixels, of uneven quality."""
    random = np.random.default_rng(1)
    sizes = ((37, 53), (64, 64), (70, 131), (260, 301), (65, 64), (129, 200))
    return [
        random.integers(0, 40 * (n + 1), (*size, 3)).astype(np.uint8)
        for n, size in enumerate(sizes)
    ]


@pytest.mark.parametrize("batch", [1, 3, 7, 64, None])
def test_scores_of_many_are_those_of_one_by_one(lite0, batch):
    photos = several_photos()
    one_by_one = np.array([lite0.score(photo) for photo in photos])
    many = np.array(list(lite0.score_many(photos, batch=batch)))
    np.testing.assert_allclose(many, one_by_one, rtol=0, atol=1e-5 * np.ptp(one_by_one))


def test_crops_of_many_may_be_random(model):
    found = list(model.score_many([PHOTO, PHOTO[:20]], crops="random", seed=4))
    expected = [model.score(p, crops="random", seed=4) for p in (PHOTO, PHOTO[:20])]
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_bad_photo_of_many_is_its_error_and_the_others_have_their_scores(
    model, tmp_path
):
    Image.fromarray(PHOTO).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xffjunk")
    paths = [tmp_path / name for name in ("good.png", "bad.jpg", "none.png")]
    good, bad, missing, after = model.score_many([*paths, b""], batch=2)
    assert good == pytest.approx(model.score(PHOTO), rel=1e-6)
    assert isinstance(bad, PhotoError)
    assert str(tmp_path / "bad.jpg") in str(bad)
    assert isinstance(missing, PhotoError)
    assert "No such file" in str(missing)
    assert "the file is empty" in str(after)


def test_scores_of_many_come_before_all_photos_were_asked_for(model):
    asked = []

    def endless():
        while True:
            asked.append(len(asked))
            yield PHOTO

    scores = model.score_many(endless(), batch=12)  # A photo's.
    assert next(scores) == pytest.approx(model.score(PHOTO), rel=1e-6)
    scores.close()
    assert len(asked) < 80


def test_no_photos_have_no_scores(model):
    assert list(model.score_many([])) == []


def test_what_is_no_photo_ends_many(model):
    with pytest.raises(ValueError, match="a photo must "):
        list(model.score_many([PHOTO, PHOTO / 255]))


# Where a photo is bad.


def test_a_map_has_the_score_of_each_crop(model):
    found = Model(mean_of_red(None), named("efficientnet_lite0")).score_map(
        PHOTO, crop_size=30, stride=10
    )
    # 37 - 30 = 7 and 53 - 30 = 23 are the last places.
    np.testing.assert_array_equal(found.tops, [0, 7])
    np.testing.assert_array_equal(found.lefts, [0, 10, 20, 23])
    expected = [[PHOTO[y : y + 30, x : x + 30, 0].mean() / 255 for x in found.lefts]
                for y in found.tops]  # fmt: skip
    np.testing.assert_allclose(found.scores, expected, rtol=1e-5)
    assert found.crop_size == 30


def named(network):
    return dataclasses.replace(METADATA, network=network)


def test_a_map_steps_a_quarter_of_the_networks_own_crop():
    found = Model(mean_of_red(None), named("efficientnet_lite0")).score_map(
        np.zeros((224, 400, 3), np.uint8)
    )
    np.testing.assert_array_equal(found.tops, [0])
    np.testing.assert_array_equal(found.lefts, [0, 56, 112, 168, 176])


def test_a_map_of_a_small_photo_is_one_score():
    model = Model(mean_of_red(None), named("efficientnet_lite0"))
    found = model.score_map(PHOTO, crop_size=64)
    assert found.scores.shape == (1, 1)
    mirrored = np.pad(PHOTO, ((13, 14), (5, 6), (0, 0)), mode="symmetric")
    assert found.scores[0, 0] == pytest.approx(mirrored[..., 0].mean() / 255, rel=1e-5)


def test_a_map_refuses_crops_that_the_network_does_not_take(lite0):
    fixed = Model(mean_of_red(), named("efficientnet_lite0"))
    with pytest.raises(ValueError, match="takes crops of 16 pixels, not of 64"):
        fixed.score_map(PHOTO, crop_size=64)
    shallow = Model(mean_of_red(None), named("shallow"))
    with pytest.raises(
        ValueError, match=r"takes crops of 219 or more pixels, not of 8"
    ):
        shallow.score_map(PHOTO, crop_size=8)
    with pytest.raises(ValueError, match="stride must be 1 pixel or more, not 0"):
        lite0.score_map(PHOTO, crop_size=64, stride=0)
    with pytest.raises(ValueError, match="most_crops must be 4 or more, not 3"):
        lite0.score_map(PHOTO, crop_size=64, most_crops=3)


def test_a_map_of_few_crops_still_reaches_all_corners():
    model = Model(mean_of_red(None), named("efficientnet_lite0"))
    found = model.score_map(PHOTO, crop_size=16, stride=1, most_crops=4)
    np.testing.assert_array_equal(found.tops, [0, 37 - 16])
    np.testing.assert_array_equal(found.lefts, [0, 53 - 16])


def test_crops_of_a_large_photo_are_scored_so_many_at_once():
    passed = []

    def score_crops(crops):
        passed.append(len(crops))
        return crops[:, 0, 0, 0].astype(np.float32)

    options = {
        "cut": lambda photo: np.repeat(photo[:, :1], 3, axis=1)[:, np.newaxis],
        "score_crops": score_crops,
        "batch": 6,
    }
    photo = np.arange(16, dtype=np.uint8)[:, np.newaxis, np.newaxis].repeat(3, 2)
    assert scoring.score(photo, **options) == 7.5
    assert list(scoring.score_many([photo, photo[:5]], **options)) == [7.5, 2.0]
    assert passed == [6, 6, 4, 6, 6, 4, 5]
