"""Ranked sets on disk: what they hold, and that it depends on nothing else."""

import collections
import dataclasses
import gc
import io
import itertools
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from programs import run_several
from programs import start

import distortions
from distortions import folder_lock
from distortions import photo_files
from distortions.sets import generation
from distortions.sets import ranked_set
from distortions.sets import stores
from distortions.sets.version import Version
from rankiqa_tf.data import decode

LIVE = distortions.PRESETS["live"]
FORMATS = pytest.mark.parametrize("format", ["files", "tfrecord"])
SHARD = 1  # The least that the program takes, in megabytes.


def make(photos, output, **options):
    """Generates a set of the folder's photos; returns what could not be read."""
    options = {
        "preset": LIVE,
        "seed": 7,
        "format": "files",
        "shard_megabytes": SHARD,
        "workers": 2,
        **options,
    }
    return generation.Generation(photos, output, **options).run()


def files_of(folder):
    """The contents of all files of a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def example_of(folder, image):
    """Reads a record by its place, with nothing of TensorFlow's readers."""
    contents = (folder / image.file).read_bytes()
    return tf.train.Example.FromString(contents[image.offset :][: image.length])


def features(example):
    """What a record holds, by name."""
    found = {}
    for name, feature in example.features.feature.items():
        values = feature.bytes_list.value or feature.int64_list.value
        found[name] = list(values)
    return found


def small(*names):
    """The preset live with these rows only."""
    return dataclasses.replace(LIVE, rows=tuple(LIVE.row(name) for name in names))


@pytest.fixture(scope="module")
def folder(photos):
    """The folder of the made photos."""
    return photos[0].parent


@pytest.fixture(scope="module", params=["live", "live_md"])
def made(request, folder, tmp_path_factory):
    """A set of each preset in files."""
    preset = distortions.PRESETS[request.param]
    output = tmp_path_factory.mktemp("set") / "deep" / "set"
    assert make(folder, output, preset=preset) == {}
    return preset, ranked_set.load(output)


@pytest.fixture(scope="module")
def shards(folder, tmp_path_factory):
    """The same as the first set, in shards."""
    output = tmp_path_factory.mktemp("shards")
    assert make(folder, output, format="tfrecord") == {}
    return ranked_set.load(output)


def test_every_file_is_what_the_row_makes_with_the_seed_of_the_manifest(made, folder):
    preset, found = made
    assert len(found.images) == 4 * (1 + len(preset.rows) * preset.num_levels)
    for image in found.images:
        with Image.open(folder / image.content) as photo:
            expected = tf.constant(np.asarray(photo, np.float32) / 255)
        if image.distortion:
            row = preset.row(image.distortion)
            assert image.number == row.number
            assert image.parameters == row.arguments(image.level)
            assert (image.seed is not None) == row.random
            expected = row.distort(expected, image.level, seed=image.seed)
        with Image.open(found.folder / image.file) as file:
            pixels = np.asarray(file)
        np.testing.assert_array_equal(pixels, np.rint(expected * 255), image.file)


def test_files_are_called_as_what_they_are(made):
    preset, found = made
    names = {image.file for image in found.images}
    assert "images/photo2.png/pristine.png" in names
    for name in names:
        assert (found.folder / name).is_file()
    if preset is LIVE:
        for name in ("white_noise_1.png", "jpeg_5.jpg", "jpeg2000_3.jp2"):
            assert f"images/photo0.png/{name}" in names
        with Image.open(found.folder / "images/photo0.png/jpeg_5.jpg") as file:
            assert file.format == "JPEG"


def test_description_needs_nothing_else(made):
    preset, found = made
    assert found.names == tuple(row.name for row in preset.rows)
    assert found.num_levels == preset.num_levels
    np.testing.assert_array_equal(found.better, preset.better())
    said = json.loads((found.folder / "set.json").read_text())
    assert (said["preset"], said["seed"]) == (preset.name, 7)
    assert said["photos"].keys() == {f"photo{n}.png" for n in range(4)}
    for row, of_row in zip(preset.rows, said["distortions"], strict=True):
        assert (of_row["number"], of_row["source"]) == (row.number, row.source)
        assert of_row["parameters"][0] == row.arguments(1)


def test_seeds_are_all_different(made):
    _, found = made
    seeds = [image.seed for image in found.images if image.seed]
    assert len(set(seeds)) == len(seeds)


def test_levels_share_the_seed_where_chance_is_in_events(photos, tmp_path):
    tid2013 = distortions.PRESETS["tid2013"]
    names = "jpeg_transmission_errors", "white_noise"
    rows = tuple(tid2013.row(name) for name in names)
    one = tmp_path / "photos"
    one.mkdir()
    shutil.copy(photos[0], one)
    make(one, tmp_path / "set", preset=dataclasses.replace(tid2013, rows=rows))
    seeds = {name: [] for name in names}
    for image in ranked_set.load(tmp_path / "set").images:
        if image.level:
            seeds[image.distortion].append(image.seed)
    assert [len(set(of)) for of in seeds.values()] == [1, 5]


def test_shards_hold_what_files_hold(shards, folder, tmp_path):
    make(folder, tmp_path / "files")
    files = ranked_set.load(tmp_path / "files")
    assert len(shards.images) == len(files.images)
    for image, file in zip(shards.images, files.images, strict=True):
        held = features(example_of(shards.folder, image))
        assert held["image"] == [(files.folder / file.file).read_bytes()]
        with Image.open(io.BytesIO(held["image"][0])) as decoded:
            assert [decoded.width, decoded.height] == held["width"] + held["height"]
        assert held["content"] == [file.content.encode()]
        assert held["distortion"] == [file.distortion.encode()]
        assert held["number"] == ([file.number] if file.number else [])
        assert held["level"] == [file.level]
        assert json.loads(held["parameters"][0]) == file.parameters
        assert held["seed"] == list(file.seed or ())
        assert file.file.endswith("." + held["format"][0].decode())


def test_shards_are_records_in_the_order_of_the_manifest(shards):
    names = sorted({image.file for image in shards.images})
    assert names == ["ranked-00000-of-00001.tfrecord"]
    records = tf.data.TFRecordDataset([str(shards.folder / name) for name in names])
    for record, image in zip(records, shards.images, strict=True):
        held = features(tf.train.Example.FromString(record.numpy()))
        assert held["content"] == [image.content.encode()]
        assert (held["distortion"], held["level"]) == (
            [image.distortion.encode()],
            [image.level],
        )
    assert sorted(files_of(shards.folder)) == ["manifest.csv", *names, "set.json"]


@pytest.fixture
def small_shards(monkeypatch):
    """Has a megabyte of a shard be a fiftieth of one."""
    whole = stores.Shards.__init__
    monkeypatch.setattr(
        stores.Shards,
        "__init__",
        lambda self, folder, limit: whole(self, folder, limit // 50),
    )
    return 1_000_000 // 50


def test_shards_are_as_large_as_they_may_be(folder, tmp_path, small_shards):
    make(folder, tmp_path, format="tfrecord")
    found = ranked_set.load(tmp_path)
    names = sorted({image.file for image in found.images})
    count = len(names)
    assert count > 5
    assert names == [f"ranked-{n:05}-of-{count:05}.tfrecord" for n in range(count)]
    sizes = [(tmp_path / name).stat().st_size for name in names]
    for name, size in zip(names, sizes, strict=True):
        held = [image for image in found.images if image.file == name]
        assert size <= small_shards or len(held) == 1
    for name, size in zip(names[1:], sizes, strict=False):
        first = next(image for image in found.images if image.file == name)
        assert size + first.length + 16 > small_shards


@FORMATS
def test_bytes_do_not_depend_on_the_number_of_workers(
    folder, tmp_path, format, small_shards
):
    for workers in (1, 5):
        make(folder, tmp_path / str(workers), format=format, workers=workers)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "5")


class Interrupts:
    """Stops the making of images, as Ctrl-C does, when some have been made."""

    def __init__(self, monkeypatch, after):
        self.made, whole = 0, Version.encode

        def encode(version, photo):
            self.made += 1
            if after is not None and self.made > after:
                raise KeyboardInterrupt
            return whole(version, photo)

        monkeypatch.setattr(Version, "encode", encode)


@FORMATS
def test_goes_on_where_it_stopped(folder, tmp_path, monkeypatch, format, small_shards):
    make(folder, tmp_path / "whole", format=format)
    total = 4 * 21
    for stops in (30, 1):
        with monkeypatch.context() as patch:
            Interrupts(patch, after=stops)
            with pytest.raises(KeyboardInterrupt):
                make(folder, tmp_path / "stopped", format=format)
        with pytest.raises(ValueError, match="is unfinished; run the same"):
            ranked_set.load(tmp_path / "stopped")
    made = Interrupts(monkeypatch, after=None)
    make(folder, tmp_path / "stopped", format=format)
    # Of the first 30 + 1, those in the shard under way are made again.
    assert total - 31 <= made.made < total - 20
    assert files_of(tmp_path / "stopped") == files_of(tmp_path / "whole")


def most_alive(monkeypatch, folder, output, format):
    """The most versions and lines of manifests in memory while a set is made."""

    def alive():
        there = collections.Counter(map(type, gc.get_objects()))
        return np.array([there[Version], there[ranked_set.Image]])

    before, found = alive(), []

    def watched(method, every):
        calls = itertools.count()

        def call(*arguments):
            if next(calls) % every == 0:
                found.append(alive() - before)
            return method(*arguments)

        return call

    with monkeypatch.context() as patch:
        for kind in (stores.Files, stores.Shards):
            patch.setattr(kind, "missing", watched(kind.missing, every=30))
        patch.setattr(
            ranked_set, "write_images", watched(ranked_set.write_images, every=3)
        )
        make(folder, output, format=format, preset=small("jpeg"))
    return np.max(found, axis=0)


@FORMATS
def test_memory_holds_versions_of_few_photos_however_many_there_are(
    tmp_path, monkeypatch, format, small_shards
):
    many = tmp_path / "photos"
    many.mkdir()
    image = np.zeros((8, 9, 3), np.uint8)
    for number in range(100):
        image[number // 9 % 8, number % 9] = 255
        Image.fromarray(image).save(many / f"{number:03}.png")
    for _ in range(2):  # Also when it is gone on with, all being there.
        # Of 100 photos with 6 each. Two workers are five images ahead of what is
        # written, and a shard has less than 80 of so small images.
        versions, lines = most_alive(monkeypatch, many, tmp_path / "set", format)
        assert versions <= 24
        assert lines <= 80
    assert len(ranked_set.load(tmp_path / "set").images) == 100 * 6


@FORMATS
def test_a_finished_set_is_left_as_it_is(folder, tmp_path, monkeypatch, format):
    make(folder, tmp_path, format=format)
    before = files_of(tmp_path)
    made = Interrupts(monkeypatch, after=None)
    make(folder, tmp_path, format=format)
    assert made.made == 0
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("renamed", [0, 2])
def test_goes_on_if_stopped_while_shards_get_their_last_names(
    folder, tmp_path, monkeypatch, small_shards, renamed
):
    make(folder, tmp_path / "whole", format="tfrecord")
    with monkeypatch.context() as patch:
        rename, names = Path.rename, []

        def stop(path, target):
            if "-of-" in target.name:
                names.append(target)
                if len(names) > renamed:
                    raise KeyboardInterrupt
            return rename(path, target)

        patch.setattr(Path, "rename", stop)
        with pytest.raises(KeyboardInterrupt):
            make(folder, tmp_path / "stopped", format="tfrecord")
    made = Interrupts(monkeypatch, after=None)
    make(folder, tmp_path / "stopped", format="tfrecord")
    assert made.made == 0
    assert files_of(tmp_path / "stopped") == files_of(tmp_path / "whole")


@FORMATS
@pytest.mark.parametrize("harm", ["gone", "short"])
def test_what_was_lost_is_made_again(folder, tmp_path, format, harm, small_shards):
    make(folder, tmp_path, format=format)
    before = files_of(tmp_path)
    name = ranked_set.load(tmp_path).images[-5].file
    if harm == "gone":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(before[name][:-1])
    with pytest.raises(ValueError, match=r"1 of the files .*missing or damaged"):
        ranked_set.load(tmp_path)
    make(folder, tmp_path, format=format)
    assert files_of(tmp_path) == before


def test_a_further_photo_changes_no_image_of_the_others(folder, tmp_path):
    more = tmp_path / "photos"
    shutil.copytree(folder, more / "sub")
    shutil.copy(folder / "photo1.png", more / "sub" / "another.png")
    fewer = tmp_path / "fewer"
    shutil.copytree(folder, fewer / "sub")
    make(more, tmp_path / "of_more")
    make(fewer, tmp_path / "of_fewer")
    images = files_of(tmp_path / "of_fewer" / "images")
    assert len(images) == 4 * 21
    assert images.items() < files_of(tmp_path / "of_more" / "images").items()


def test_the_seed_and_the_path_decide_what_is_random(folder, tmp_path):
    twins = tmp_path / "photos"
    twins.mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy(folder / "photo1.png", twins / name)
    preset = small("white_noise", "gaussian_blur")
    for seed in (1, 2):
        make(twins, tmp_path / str(seed), preset=preset, seed=seed)
    one, two = (files_of(tmp_path / seed / "images") for seed in "12")
    assert {name for name in one if one[name] != two[name]} == {
        f"{photo}.png/white_noise_{level}.png"
        for photo in "ab"
        for level in range(1, 6)
    }
    for level in range(1, 6):
        noise, blur = f"white_noise_{level}.png", f"gaussian_blur_{level}.png"
        assert one[f"a.png/{noise}"] != one[f"b.png/{noise}"]
        assert one[f"a.png/{blur}"] == one[f"b.png/{blur}"]


@pytest.fixture(scope="module")
def claimed(folder, tmp_path_factory):
    """A set that others are to be refused to go on with."""
    output = tmp_path_factory.mktemp("claimed")
    make(folder, output, preset=small("jpeg", "gaussian_blur"))
    return output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": distortions.PRESETS["live_md"]}, "its preset is live, not live_md"),
        ({"seed": 8}, "its seed is 7, not 8"),
        ({"format": "tfrecord"}, "its format is files, not tfrecord"),
        ({"crop": 24}, "its crop is 0, not 24"),
        ({"preset": small("jpeg")}, "its distortions are jpeg,gaussian_blur"),
    ],
    ids=["preset", "seed", "format", "crop", "distortions"],
)
def test_refuses_to_go_on_with_other_options(folder, claimed, options, message):
    options = {"preset": small("jpeg", "gaussian_blur"), **options}
    with pytest.raises(ValueError, match=message):
        make(folder, claimed, **options)


def test_a_set_from_before_there_were_crops_is_of_whole_photos(folder, tmp_path):
    preset = small("jpeg")
    make(folder, tmp_path, preset=preset)
    said = json.loads((tmp_path / "set.json").read_text())
    assert said.pop("crop") == 0
    (tmp_path / "set.json").write_text(json.dumps(said))
    make(folder, tmp_path, preset=preset)
    with pytest.raises(ValueError, match="its crop is 0, not 24"):
        make(folder, tmp_path, preset=preset, crop=24)


@FORMATS
def test_a_crop_is_the_middle_and_a_shorter_side_is_kept(folder, tmp_path, format):
    make(folder, tmp_path, preset=small("gaussian_blur"), crop=58, format=format)
    found = ranked_set.load(tmp_path)
    assert found.description["crop"] == 58
    for image in found.images:
        if format == "files":
            contents = (tmp_path / image.file).read_bytes()
        else:
            said = features(example_of(tmp_path, image))
            contents = said["image"][0]
        with Image.open(io.BytesIO(contents)) as file:
            pixels = np.asarray(file)
        if format == "tfrecord":
            assert [*said["height"], *said["width"]] == list(pixels.shape[:2])
        with Image.open(folder / image.content) as photo:
            width, height = photo.size
            left, top = (max(side - 58, 0) // 2 for side in photo.size)
            box = (left, top, min(left + 58, width), min(top + 58, height))
            expected = np.asarray(photo.crop(box))
        if image.level:
            expected = np.float32(expected) / 255
            row = LIVE.row(image.distortion)
            expected = np.rint(row.distort(expected, image.level) * 255)
        np.testing.assert_array_equal(pixels, expected, image.file)


def test_refuses_to_go_on_with_other_photos(folder, claimed, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / "photo1.png", tmp_path / "photo3.png")
    (tmp_path / "photo0.png").rename(tmp_path / "photo4.png")
    message = (
        "contains another set: photos new: 1, such as photo4.png; photos gone: 1, such "
        "as photo0.png; photos changed: 1, such as photo3.png"
    )
    with pytest.raises(ValueError, match=message):
        make(tmp_path, claimed, preset=small("jpeg", "gaussian_blur"))


def test_refuses_to_go_on_after_the_table_changed(folder, claimed):
    row = dataclasses.replace(LIVE.row("jpeg"), parameters=(5, 4, 3, 2, 1))
    rows = row, LIVE.row("gaussian_blur")
    preset = dataclasses.replace(LIVE, rows=rows)
    with pytest.raises(ValueError, match="the table of live has changed since"):
        make(folder, claimed, preset=preset)


def test_a_set_is_gone_on_with_when_only_the_words_about_a_row_changed(
    folder, claimed, tmp_path
):
    shutil.copytree(claimed, tmp_path / "set")
    rows = dataclasses.replace(LIVE.row("jpeg"), source="in other words")
    preset = dataclasses.replace(LIVE, rows=(rows, LIVE.row("gaussian_blur")))
    make(folder, tmp_path / "set", preset=preset)


@FORMATS
def test_photos_that_cannot_be_read_are_left_out(folder, tmp_path, capsys, format):
    photos = tmp_path / "photos"
    shutil.copytree(folder, photos / "z")
    (photos / "a.jpg").write_text("text")
    whole = (photos / "z" / "photo1.png").read_bytes()
    (photos / "z" / "photo1.png").write_bytes(whole[: len(whole) // 2])
    for _ in range(2):  # Again when there is nothing else to do.
        unreadable = make(photos, tmp_path / "set", format=format)
        assert unreadable.keys() == {"a.jpg", "z/photo1.png"}
        assert unreadable["a.jpg"] == "not a photo, or of a kind that is not read"
        assert "left out: z/photo1.png: " in capsys.readouterr().err
        found = ranked_set.load(tmp_path / "set")
        assert found.contents == ("z/photo0.png", "z/photo2.png", "z/photo3.png")
        assert found.description["unreadable"] == unreadable


def save_kinds(folder):
    """Photos of many kinds, all made of one."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (37, 53, 3), np.uint8)
    image = Image.fromarray(pixels)
    turned = Image.Exif()
    turned[0x0112] = 6
    image.save(folder / "turned.jpg", exif=turned)
    image.save(folder / "plain.jpg", quality=95)
    image.save(folder / "plain.webp")
    image.save(folder / "plain.bmp")
    image.save(folder / "plain.jp2")
    image.save(folder / "plain.tif")
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.convert("L").save(folder / "grey.JPG")
    image.convert("1").save(folder / "bits.png")
    image.quantize(7).save(folder / "palette.gif")
    alpha = generator.integers(0, 256, (37, 53), np.uint8)
    image.putalpha(Image.fromarray(alpha))
    image.save(folder / "alpha.png")
    image.convert("LA").save(folder / "grey alpha.png")
    image.quantize(7).save(folder / "palette alpha.png", transparency=3)
    deep = generator.integers(0, 65536, (37, 53), np.uint16)
    Image.fromarray(deep).save(folder / "deep.png")
    Image.fromarray(deep).save(folder / "deep.tiff")


def test_photos_are_read_as_training_reads_them(tmp_path):
    save_kinds(tmp_path)
    found = photo_files.find(tmp_path)
    assert len(found) == 15
    for name in found:
        np.testing.assert_array_equal(
            photo_files.read(tmp_path / name), decode.read_photo(tmp_path / name), name
        )
    assert photo_files.read(tmp_path / "turned.jpg").shape == (53, 37, 3)


def test_a_set_takes_no_name_that_is_no_text(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / name).touch()
    with pytest.raises(ValueError, match=r"must be UTF-8, and 'caf\\udce9\.png' in"):
        generation.Generation(
            tmp_path / "photos",
            tmp_path / "set",
            distortions.PRESETS["live"],
            seed=0,
            format="files",
            workers=1,
        )


def test_hidden_files_and_other_kinds_are_no_photos(tmp_path):
    for name in ("b/2.JPG", "b/1.png", "a.webp", ".c.jpg", ".d/e.jpg", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    assert photo_files.find(tmp_path) == ["a.webp", "b/1.png", "b/2.JPG"]


def test_the_program_can_be_stopped_and_started_again(folder, tmp_path):
    photos, output = tmp_path / "photos", tmp_path / "set"
    for number in range(5):
        shutil.copytree(folder, photos / str(number))
    (photos / "broken.png").write_text("text")
    command = (
        *("-m", "distortions.generate", "--preset=live", f"--input={photos}"),
        *(f"--output={output}", "--distortions=white_noise,jpeg"),
    )
    process = start(*command)
    try:
        while not (output / "images" / "0").is_dir():
            assert process.poll() is None
        held = rf"another run writes to .*: process {process.pid} on .*generate\.py --"
        with pytest.raises(folder_lock.HeldError, match=held):
            folder_lock.held(output).__enter__()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    finally:
        process.kill()
    assert errors.endswith("stopped\n")
    assert "Traceback" not in errors
    assert process.returncode == 130
    assert len(files_of(output / "images")) < 20 * 11

    process = start(*command)
    _, errors = process.communicate()
    assert "left out: broken.png: not a photo, or of a kind that is not read" in errors
    assert errors.endswith("1 of 21 photos could not be read\n")
    assert errors.count("\n") == 2  # Without a terminal nothing is counted on it.
    assert process.returncode == 1
    found = ranked_set.load(output)
    assert (len(found.contents), found.names) == (20, ("white_noise", "jpeg"))


def test_the_program_says_why_it_cannot_begin(folder, claimed, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "note.txt").touch()
    photos, output = f"--input={folder}", f"--output={tmp_path / 'new'}"
    live, presets = "--preset=live", ", ".join(distortions.PRESETS)
    calls = {
        f"choose a --preset; there are: {presets}": [photos, output],
        f"no preset 'life'; there are: {presets}": ["--preset=life", photos, output],
        "no distortion 'blur' in 'live'; there are: gaussian_blur, white_noise": [
            *(live, photos, output, "--distortions=jpeg,blur")
        ],
        "give a folder as --input": [live, output],
        "give a folder as --output": [live, photos],
        "no such folder: nowhere": [live, output, "--input=nowhere"],
        "no photos in": [live, output, f"--input={tmp_path / 'empty'}"],
        "must not be inside": [live, photos, f"--output={folder / 'set'}"],
        "is not empty and contains no ranked set, but note.txt": [
            *(live, photos, f"--output={tmp_path / 'text'}")
        ],
        "File exists": [live, photos, f"--output={tmp_path / 'text' / 'note.txt'}"],
        "its seed is 7, not 0": [live, photos, f"--output={claimed}"],
        "flags only, not more": [live, photos, output, "more"],
        "flag --workers=-1": [live, photos, output, "--workers=-1"],
        "Unknown command line flag 'sed'": [live, photos, output, "--sed=1"],
    }
    several = run_several("distortions.generate", calls.values())
    for reason, (code, _, message) in zip(calls, several, strict=True):
        assert message.startswith("error: ")
        assert reason in message
        assert code == 2
    assert not (tmp_path / "new").exists()
    assert not (folder / "set").exists()
