"""The data of a run: found, checked, split."""

import dataclasses
import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import distortions
from distortions.sets import ranked_set
from distortions.sets.version import Version
from rankiqa_tf.config import Config
from rankiqa_tf.data import references
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.training import run_data
from tests import data_folders


@pytest.fixture
def folder(photos):
    """A folder of four photos."""
    return photos[0].parent


@pytest.fixture
def made(tmp_path):
    """Makes a folder of plain photos by their names, and a CSV of (name, mos, ref)."""

    def make(*rows):
        for number, (name, *_) in enumerate(rows):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (9, 7), (number, 0, 0)).save(tmp_path / name)
        lines = [",".join(map(str, row)) for row in rows]
        text = "\n".join(["image,mos,reference", *lines])
        (tmp_path / "scores.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return make


def read_data(workdir="unused", **options):
    return run_data.read(Config(**options), Path(workdir))


def parts(data):
    """The files of the photos to train on, and of those held out."""
    count = data.ranked.versions.held_out.num_photos
    held_out, training = data.ranked.files[:count], data.ranked.files[count:]
    assert len(training) == data.ranked.versions.training.num_photos
    return list(training), list(held_out)


def scored(folder, **options):
    options = {"stage": "finetune", "dataset": f"{folder}/scores.csv"} | options
    return read_data(**options)


def test_naming_photos_makes_no_path_of_each_that_stays():
    paths = [Path(f"/photos/{n // 1000}/{n:06}.jpg") for n in range(3_000)]
    tracemalloc.start()
    try:
        names = run_data._names(paths)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert names[2_001] == "2/002001.jpg"
    # A text and its place in a list; a Path takes three hundred bytes more.
    assert peak / len(paths) < 250


def test_ranking_reads_photos_and_no_scores(folder, photos):
    data = read_data(photos=str(folder))
    assert data.scored is None
    training, held_out = parts(data)
    assert sorted([*training, *held_out]) == photos
    assert len(held_out) == 1


def test_versions_are_those_of_the_files_of_their_part(folder):
    data = read_data(photos=str(folder), holdout=0.5)
    versions = data.ranked.versions
    for files, part in zip(
        parts(data), (versions.training, versions.held_out), strict=True
    ):
        for number, file in enumerate(files):
            photo = part.photo(tf.constant(number))
            np.testing.assert_array_equal(photo, Image.open(file))


def test_ranking_reads_the_embedded_photos_if_not_told_others():
    data = read_data()
    assert sorted(data.ranked.files) == references.embedded_photos()


def test_which_photos_are_held_out_does_not_depend_on_where_the_folder_is(made):
    rows = [(f"photo{number}.png", number, "") for number in range(8)]
    here = read_data(photos=str(made(*rows)), seed=3)
    there = made(*((f"there/{name}", *rest) for name, *rest in rows)) / "there"
    elsewhere = read_data(photos=str(there), seed=3)
    names, others = (
        {path.name for path in parts(data)[1]} for data in (here, elsewhere)
    )
    assert others == names


def test_a_photo_to_rank_that_cannot_be_read_is_named_counted_and_left_out(
    made, capsys
):
    folder = made(("a.png", 1, ""), ("b.png", 2, ""), ("c.png", 3, ""))
    (folder / "broken.jpg").write_text("text")
    data = read_data(photos=str(folder))
    read = {path.name for path in data.ranked.files}
    assert read == {"a.png", "b.png", "c.png"}
    output, errors = capsys.readouterr()
    first, second = errors.splitlines()
    assert first.startswith(f"left out: {folder}/broken.jpg: not a photo")
    assert second == "1 of 4 photos left out"
    assert not output


def test_photos_of_kinds_that_are_not_read_are_counted(made, capsys):
    folder = made(("a.png", 1, ""), ("b.png", 2, ""), ("c.png", 3, ""))
    (folder / "d.NEF").touch()
    assert len(read_data(photos=str(folder)).ranked.files) == 3
    assert capsys.readouterr() == ("", "1 camera RAW file passed over\n")


def test_photos_to_rank_may_have_names_of_any_bytes(made):
    folder = made(("a.png", 1, ""), ("b.png", 2, ""), ("c.png", 3, ""))
    (folder / "a.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    ranked = read_data(photos=str(folder)).ranked
    assert json.loads(json.dumps(ranked.fingerprint)) == ranked.fingerprint
    for part in (ranked.versions.training, ranked.versions.held_out):
        for number in range(part.num_photos):
            assert part.photo(tf.constant(number)).shape[-1] == 3


def test_nothing_is_said_where_all_photos_can_be_read(folder, capsys):
    read_data(photos=str(folder))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("good", [0, 1])
def test_fewer_than_two_photos_to_rank_are_an_error(good, tmp_path, photos):
    for number in range(3):
        (tmp_path / f"broken{number}.jpg").write_text("text")
    for photo in photos[:good]:
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    with pytest.raises(ValueError, match=f"at least 2 .*{tmp_path} has {good} that"):
        read_data(photos=str(tmp_path))


def test_a_folder_that_is_not_there_or_empty_or_a_file_is_an_error(tmp_path, photos):
    with pytest.raises(ValueError, match="no such file or folder: nowhere"):
        read_data(photos="nowhere")
    with pytest.raises(ValueError, match=f"no photos in {tmp_path}; looked for"):
        read_data(photos=str(tmp_path))
    with pytest.raises(ValueError, match="must be a folder, not the file"):
        read_data(photos=str(photos[0]))


def test_a_batch_of_more_photos_than_there_are_to_train_on_is_an_error(folder):
    read_data(photos=str(folder), photos_per_batch=3)
    with pytest.raises(ValueError, match=r"photos_per_batch is 4, .* only 3 photos"):
        read_data(photos=str(folder), photos_per_batch=4)


def test_fine_tuning_reads_scores_and_no_photos(made):
    rows = [(f"{number}.png", number / 2, number) for number in range(10)]
    folder = made(*rows)
    data = scored(folder, holdout=0.3)
    assert data.ranked is None
    assert sorted(
        [*data.scored.training, *data.scored.held_out], key=lambda photo: photo.mos
    ) == [ScoredPhoto(folder / name, mos, str(ref)) for name, mos, ref in rows]
    assert len(data.scored.held_out) == 3


def test_photos_of_one_reference_are_never_on_both_sides(made):
    rows = [(f"{number}.png", number, f"scene {number % 5}") for number in range(20)]
    folder = made(*rows)
    for seed in range(10):
        split = scored(folder, seed=seed, holdout=0.4).scored
        training, held_out = (
            {photo.reference for photo in part}
            for part in (split.training, split.held_out)
        )
        assert (len(training), len(held_out)) == (3, 2)
        assert not training & held_out


def test_the_seed_decides_the_split(made):
    folder = made(*((f"{number}.png", number, number) for number in range(20)))
    assert scored(folder, seed=1) == scored(folder, seed=1)
    assert scored(folder, seed=1) != scored(folder, seed=2)


def test_the_stage_both_reads_both(made):
    folder = made(*((f"{number}.png", number, number) for number in range(10)))
    data = scored(folder, stage="both", photos=str(folder))
    assert (len(parts(data)[1]), len(data.scored.held_out)) == (2, 2)


def test_a_scored_photo_that_cannot_be_read_is_an_error_that_names_it(made):
    folder = made(*((f"{number}.png", number, number) for number in range(10)))
    (folder / "4.png").write_text("text")
    with pytest.raises(ValueError, match=f"1 of 10 photos .*first being {folder}/4"):
        scored(folder)


def test_a_line_of_the_csv_that_is_wrong_is_named(made):
    folder = made(("a.png", 1, ""), ("b.png", "good", ""), ("c.png", 3, ""))
    with pytest.raises(ValueError, match="line 3: mos must be a number, not 'good'"):
        scored(folder)


@pytest.mark.parametrize(
    ("rows", "purpose", "left"),
    [
        ([1, 2, 3, 4], "test", 1),  # A fifth of four is one photo.
        ([5, 5, 5, 5], "train", 3),
        ([1, 2], "train", 1),
    ],
)
def test_a_side_of_the_split_without_two_different_scores_is_an_error(
    made, rows, purpose, left
):
    folder = made(*((f"{n}.png", mos, n) for n, mos in enumerate(rows)))
    expected = f"to {purpose} on, .* leaves {left} of {len(rows)} photos"
    with pytest.raises(ValueError, match=expected):
        scored(folder)


def test_a_validation_part_without_two_different_scores_is_an_error(made):
    folder = made(*((f"{n}.png", n, n // 2) for n in range(12)))
    scored(folder, holdout=0.2, validation=0.2)
    one_a_scene = made(*((f"{n}.png", n, n) for n in range(12)))
    expected = "to choose weights by, .* leaves 1 of 12 photos"
    with pytest.raises(ValueError, match=expected):
        scored(one_a_scene, holdout=0.2, validation=0.1)


def of_table(**options):
    return {"stage": "both", "dataset": "opinion_table", "holdout": 0.5} | options


@pytest.fixture(scope="module")
def table(photos, tmp_path_factory):
    """A set of two kinds of the made photos; not to be changed."""
    folder = tmp_path_factory.mktemp("table")
    data_folders.generate(photos[0].parent, folder, ("jpeg", "mean_shift"))
    return folder


def test_photos_held_out_of_ranking_are_held_out_of_the_opinion_table(table, folder):
    seen = set()
    for seed in range(3):
        options = of_table(photos=str(folder), data_dir=str(table), seed=seed)
        data = read_data(**options)
        training, held_out = parts(data)
        for ranked, scored in (
            (training, data.scored.training),
            (held_out, data.scored.held_out),
        ):
            names = {photo.name for photo in ranked}
            assert {photo.reference for photo in scored} == names
            assert len(scored) == 2 * 2 * 5
        seen.add(tuple(held_out))
        alone = read_data(**options | {"stage": "finetune", "photos": ""})
        assert alone.scored == data.scored
    assert len(seen) > 1


def test_a_set_that_is_ranked_is_itself_the_opinion_table(table, tmp_path):
    options = of_table(photos=str(table), preset="tid2013", distortions_per_batch=2)
    data = read_data(tmp_path, **options)
    names = {photo.reference for photo in data.scored.held_out}
    assert names == set(data.ranked.versions.held_out.contents)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def two_kinds(monkeypatch):
    """The preset tid2013 with two of its kinds, so that sets are made at once."""
    preset = distortions.PRESETS["tid2013"]
    preset = dataclasses.replace(preset, rows=(preset.row("jpeg"), preset.rows[15]))
    monkeypatch.setattr(
        distortions, "PRESETS", {**distortions.PRESETS, "tid2013": preset}
    )
    return preset


def test_an_opinion_table_is_made_once_of_the_photos_in_the_workdir(
    folder, tmp_path, two_kinds, monkeypatch
):
    options = {"opinion_crop": 32, "seed": 3}
    data = read_data(tmp_path, **of_table(photos=str(folder), **options))
    every = [*data.scored.training, *data.scored.held_out]
    assert len(every) == 4 * 2 * 5
    for photo in every:
        assert photo.path.is_relative_to(tmp_path / "opinion_table")
        with Image.open(photo.path) as picture:
            assert picture.size == (32, 32)
    made = ranked_set.load(tmp_path / "opinion_table")
    assert made.description["seed"] == 3
    monkeypatch.setattr(Version, "encode", None)  # Nothing is made again.
    again = read_data(tmp_path, **of_table(photos=str(folder), **options))
    assert (again.scored, again.ranked.files) == (data.scored, data.ranked.files)
    with pytest.raises(ValueError, match="its crop is 32, not 48"):
        read_data(tmp_path, **of_table(photos=str(folder), opinion_crop=48, seed=3))


def test_a_broken_photo_is_left_out_of_the_opinion_table_as_it_is_of_ranking(
    made, tmp_path, two_kinds, capsys
):
    photos = made(*((f"photos/{number}.png", number, "") for number in range(4)))
    (photos / "photos" / "broken.jpg").write_text("text")
    for seed in range(3):
        workdir = tmp_path / str(seed)
        data = read_data(workdir, **of_table(photos=str(photos / "photos"), seed=seed))
        ranked = {photo.name for photo in parts(data)[1]}
        assert {photo.reference for photo in data.scored.held_out} == ranked
    assert "left out: broken.jpg: not a photo" in capsys.readouterr().err


def test_an_opinion_table_needs_a_photo_that_can_be_read(tmp_path, two_kinds):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_text("text")
    options = of_table(stage="finetune", photos=str(tmp_path / "photos"))
    with pytest.raises(ValueError, match="none of the 1 photos"):
        read_data(tmp_path / "run", **options)


def test_an_official_split_is_used_whatever_the_seed_and_holdout(tmp_path):
    data_folders.biq2021(tmp_path)
    for image in (tmp_path / "Images").iterdir():
        Image.new("RGB", (9, 7)).save(image)
    options = {"stage": "finetune", "dataset": "biq2021", "data_dir": str(tmp_path)}
    for seed in range(3):
        split = read_data(**options, seed=seed, holdout=0.9).scored
        assert [photo.mos for photo in split.training] == [0.25, 0.5, 0.89]
        assert [photo.mos for photo in split.held_out] == [0.0, 0.7185]


def of_koniq(folder):
    """Options for a folder like KonIQ-10k's, whose validation part has two photos."""
    data_folders.koniq10k(folder)
    with (folder / "koniq10k_distributions_sets.csv").open("a") as file:
        print("106.jpg,0.0,0.0,0.5,0.5,0.0,105,33.0,0.5,validation", file=file)
    data_folders.touch(folder / "1024x768" / "106.jpg")
    for image in (folder / "1024x768").iterdir():
        Image.new("RGB", (9, 7)).save(image)
    return {"stage": "finetune", "dataset": "koniq10k", "data_dir": str(folder)}


def test_an_official_part_for_validation_is_neither_trained_nor_tested_on(tmp_path):
    split = read_data(**of_koniq(tmp_path)).scored
    names = [
        [photo.path.name for photo in part]
        for part in (split.training, split.validation, split.held_out)
    ]
    assert names == [
        ["100.jpg", "102.jpg", "104.jpg"],
        ["103.jpg", "106.jpg"],
        ["101.jpg", "105.jpg"],
    ]


def test_a_fingerprint_is_sizes_and_scores_wherever_the_folder_is(made):
    rows = [(f"{'ab'[n % 2]}/{n}.png", n / 2, n) for n in range(6)]
    here = made(*rows)
    there = made(*((f"there/{name}", *rest) for name, *rest in rows)) / "there"
    (here / "scores.csv").replace(there.parent / "there.csv")
    found = []
    for folder, csv in (
        (there, there.parent / "there.csv"),
        (made(*rows), here / "scores.csv"),
    ):
        options = {"stage": "both", "dataset": str(csv), "photos": str(folder / "b")}
        found.append(read_data(**options, holdout=0.4).fingerprint())
    assert found[0] == found[1]
    sizes = {name: (here / name).stat().st_size for name, *_ in rows}
    assert found[0] == {
        "photos": {
            name.removeprefix("b/"): sizes[name] for name in sizes if name[0] == "b"
        },
        "scored photos": {name: [sizes[name], mos] for name, mos, _ in rows},
    }


def test_a_fingerprint_of_a_generated_set_is_that_of_its_photos(table, photos):
    data = read_data(photos=str(table), preset="tid2013", distortions_per_batch=2)
    sizes = {photo.name: photo.stat().st_size for photo in photos}
    assert data.fingerprint() == {"photos": sizes}


def test_every_part_is_in_the_fingerprint(tmp_path):
    data = read_data(**of_koniq(tmp_path))
    assert len(data.fingerprint()["scored photos"]) == 7


def test_the_share_for_validation_is_of_no_account_where_there_is_a_part(tmp_path):
    options = of_koniq(tmp_path)
    assert read_data(**options, validation=0.5) == read_data(**options)


def test_samples_are_held_out_photos_first(made):
    folder = made(*((f"{number:02}.png", number, number) for number in range(30)))
    data = scored(folder, stage="both", photos=str(folder), seed=4)
    samples = data.samples(10)
    assert samples[:6] == [photo.path for photo in data.scored.held_out]
    assert set(samples[6:]) <= {photo.path for photo in data.scored.training}
    assert len(data.samples()) == 20
    ranked = read_data(photos=str(folder), seed=4)
    assert ranked.samples(3) == parts(ranked)[1][:3]


def test_a_split_that_was_written_is_read_back(made, tmp_path):
    folder = made(*((f"{number}.png", number, number % 5) for number in range(10)))
    held_out = scored(folder).scored.held_out
    scores_csv.write(tmp_path / "held_out.csv", held_out)
    assert scores_csv.read(tmp_path / "held_out.csv") == held_out
    assert all(isinstance(photo.path, Path) for photo in held_out)


def test_scores_must_lie_on_the_scale_that_is_told(made):
    folder = made(*((f"{n}.png", n, n) for n in range(1, 6)))
    with pytest.raises(ValueError, match=r"go from 1 to 5, but .* as 0 to 4$"):
        scored(folder, mos_range="0,4")
    config = Config(stage="finetune", dataset=f"{folder}/scores.csv", mos_range="0,10")
    assert run_data.data_set(config, folder).scale == (0, 10)
