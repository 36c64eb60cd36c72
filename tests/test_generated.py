"""Versions read from a ranked set: training sees what was generated."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from batches import places
from PIL import Image

import distortions
from distortions.sets import generation
from distortions.sets import ranked_set
from rankiqa_tf.config import Config
from rankiqa_tf.data import generated
from rankiqa_tf.data import ranked
from rankiqa_tf.data import versions
from rankiqa_tf.training import run_data
from rankiqa_tf.training.stages import preparation
from rankiqa_tf.training.stages import ranking

SEED = tf.constant([3, 14])
CROP = 24


def make(folder, output, preset, format):
    generation.Generation(
        folder,
        output,
        preset,
        seed=7,
        format=format,
        shard_megabytes=1,
        workers=2,
    ).run()
    return output


@pytest.fixture(
    scope="module",
    params=[("live", "files"), ("live", "tfrecord"), ("live_md", "tfrecord")],
    ids="-".join,
)
def made(request, photos, tmp_path_factory):
    """A preset, and the folder of a set of it."""
    preset, format = request.param
    preset = distortions.PRESETS[preset]
    return preset, make(
        photos[0].parent, tmp_path_factory.mktemp("set"), preset, format
    )


@pytest.fixture(scope="module")
def files(photos, tmp_path_factory):
    """A set of two distortions in files; not to be changed."""
    preset = distortions.PRESETS["live"]
    preset = dataclasses.replace(preset, rows=preset.rows[1:3])
    return make(photos[0].parent, tmp_path_factory.mktemp("set"), preset, "files")


def expected(preset, folder, photos):
    """Every image as the row makes it with the manifest's seed, by what it is."""
    found = {}
    for image in ranked_set.load(folder).images:
        (path,) = (photo for photo in photos if photo.name == image.content)
        with Image.open(path) as photo:
            pixels = tf.constant(np.asarray(photo) / np.float32(255))
        if image.distortion:
            row = preset.row(image.distortion)
            pixels = row.distort(pixels, image.level, seed=image.seed)
        key = image.content, image.distortion, image.level
        found[key] = np.rint(pixels * 255).astype(np.uint8)
    return found


def test_says_what_the_preset_says(made):
    preset, folder = made
    found: versions.Versions = generated.Generated(folder)
    assert found.names == tuple(row.name for row in preset.rows)
    assert found.num_levels == preset.num_levels
    np.testing.assert_array_equal(found.better, preset.better())
    assert found.num_photos == 4


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "graph"])
def test_a_whole_version_is_what_the_row_makes(made, photos, wrap):
    preset, folder = made
    images = expected(preset, folder, photos)
    found = generated.Generated(folder)
    photo, whole = wrap(found.photo), wrap(found.whole)
    for content in (0, 3):
        of = photo(tf.constant(content))
        for kind, row in enumerate(preset.rows):
            for level in range(preset.num_levels + 1):
                image = whole(of, tf.constant(kind), tf.constant(level), SEED)
                key = photos[content].name, row.name if level else "", level
                np.testing.assert_array_equal(image, images[key])


def test_crops_of_batches_are_parts_of_what_the_rows_make(made, photos):
    preset, folder = made
    images = expected(preset, folder, photos)
    batches = ranked.RankedBatches(
        generated.Generated(folder), shape=ranked.BatchShape(), crop_size=CROP, seed=1
    )
    (batch,) = batches.dataset(0, 1).as_numpy_iterator()
    assert len(batch["image"]) == 2 * len(preset.rows) * (preset.num_levels + 1)
    for crop, kind, level, content in zip(
        *(batch[name] for name in ("image", "distortion", "level", "content")),
        strict=True,
    ):
        name = preset.rows[kind].name if level else ""
        image = images[photos[content].name, name, level]
        assert places(crop, image), (name, level)


def test_crops_come_from_the_places_that_those_made_anew_come_from(made, photos):
    preset, folder = made
    found = generated.Generated(folder)
    anew = versions.MadeAnew(photos, preset)
    for content in range(4):
        for seed in range(5):
            arguments = (
                *(tf.constant(0), tf.constant(1), CROP),
                *(tf.constant([seed, 1]), tf.constant([1, seed])),
            )
            if not preset.rows[0].random:
                np.testing.assert_array_equal(
                    found.crop(found.photo(content), *arguments),
                    anew.crop(anew.photo(tf.constant(content)), *arguments),
                )


def test_photos_can_be_chosen(files):
    every = generated.Generated(files)
    names = every.contents
    assert names == tuple(f"photo{number}.png" for number in range(4))
    some = generated.Generated(files, [names[3], names[1]])
    assert some.num_photos == 2
    for number, content in enumerate([3, 1]):
        for kind, level in [(0, 0), (0, 2), (1, 5)]:
            arguments = tf.constant(kind), tf.constant(level), SEED
            np.testing.assert_array_equal(
                some.whole(some.photo(tf.constant(number)), *arguments),
                every.whole(every.photo(tf.constant(content)), *arguments),
            )


def test_training_ranks_a_set(files, tmp_path):
    config = Config(photos=str(files), rank_steps=1, distortions_per_batch=2)
    data = run_data.read(config, tmp_path)
    parts = data.ranked.versions
    assert sorted([*parts.training.contents, *parts.held_out.contents]) == [
        f"photo{number}.png" for number in range(4)
    ]
    assert not data.samples()  # A set has no photos of its own.
    model, figures, scores = ranking.rank(
        preparation.start(config), parts, config, tmp_path, stop=lambda: False
    )
    assert model.metadata.trained_on == "3 photos ranked under preset live"
    assert figures["rank/photos"] == 3
    assert scores.names == ("white_noise", "jpeg")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "live_md"}, "with preset live, not live_md: give it as preset"),
        ({"distortions_per_batch": 3}, "must be 1 to 2, .* not 3"),
    ],
)
def test_training_refuses_a_set_that_it_was_not_told_of(files, options, message):
    with pytest.raises(ValueError, match=message):
        run_data.read(Config(photos=str(files), **options), Path())


def test_a_photo_that_is_not_there_cannot_be_chosen(files):
    with pytest.raises(ValueError, match=r"no photo 'photo9\.png' in"):
        generated.Generated(files, ["photo1.png", "photo9.png"])


def lose_two(folder):
    for path in sorted(folder.rglob("*_3.*"))[:2]:
        path.unlink()


def cut_one(folder):
    path = folder / "images" / "photo1.png" / "pristine.png"
    path.write_bytes(path.read_bytes()[:-1])


def cut_manifest(folder):
    lines = (folder / "manifest.csv").read_text().splitlines(keepends=True)
    (folder / "manifest.csv").write_text("".join(lines[:-1]))


def spoil_manifest(folder):
    text = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text(text.replace(",0,", ",x,", 1))


def change_description(old, new):
    def change(folder):
        text = (folder / "set.json").read_text()
        assert old in text
        (folder / "set.json").write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lose_two, r"2 of the files of .* are missing or damaged, such as images/"),
        (cut_one, r"1 of the files .* such as images/photo1.png/pristine.png"),
        (cut_manifest, "does not list all versions of each photo"),
        (spoil_manifest, "manifest.csv is damaged at line 2"),
        (lambda folder: (folder / "manifest.csv").unlink(), "has no manifest.csv"),
        (lambda folder: (folder / "set.json").unlink(), "is not a ranked set"),
        (
            change_description(
                "true",
                "false",
            ),
            "is unfinished",
        ),
        (change_description('"layout": 1', '"layout": 9'), "has layout 9"),
        (change_description("{", "["), "set.json is damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_incomplete_set_is_refused_at_once(files, tmp_path, harm, message):
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    harm(tmp_path)
    with pytest.raises(ValueError, match=message):
        generated.Generated(tmp_path)
