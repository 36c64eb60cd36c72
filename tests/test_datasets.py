"""Readers of the data sets, on small folders in their layout: what each does.

What all of them do is tested in test_every_data_set.py.
"""

import dataclasses

import numpy as np
import openpyxl
import pytest
import scipy.io

from distortions import PRESETS
from distortions.sets import generation
from rankiqa_tf import datasets
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from tests import data_folders

# Those of LIVE-MD's small folder: of blur and of the other, for each of two references.
LEVELS = np.array([(a, b) for a in range(4) for b in range(4) if a or b] * 2)


@pytest.fixture
def build(tmp_path):
    """Makes the small folder of a data set."""

    def make(name):
        data_folders.build(name, tmp_path)
        return tmp_path

    return make


def by_path(data_set, folder):
    return {
        photo.path.relative_to(folder).as_posix(): photo for photo in data_set.photos
    }


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("live", "dmos_realigned.mat", "text", "dmos_realigned.mat is not a MATLAB"),
        ("live_md", "Part 1/Scores.mat", "", "Scores.mat is not a MATLAB file"),
        ("tid2013", "mos_with_names.txt", "5.5 I01_01.bmp", "line 1 must be a score"),
        ("tid2013", "mos_with_names.txt", "5.5 I01_25_1.bmp", "line 1 must be a score"),
        ("tid2013", "mos_with_names.txt", "x I01_01_1.bmp", "a number, not 'x'"),
        ("tid2013", "mos_with_names.txt", "", "it lists 0 photos"),
        (
            "tid2013",
            "mos_with_names.txt",
            "5 I01_01_1.bmp\n4 i01_01_1.bmp",
            "it lists a photo twice",
        ),
        ("csiq", "csiq.DMOS.xlsx", "text", "csiq.DMOS.xlsx is not an Excel file"),
        ("kadid10k", "dmos.csv", "image,mos\na,1", r"needs .* first line is 'image"),
        (
            "kadid10k",
            "dmos.csv",
            "dist_img,ref_img,dmos\nI01_26_01.png,I01.png,3",
            r"dmos.csv line 2: dist_img must be .*, not 'I01_26_01.png'",
        ),
        (
            "kadid10k",
            "dmos.csv",
            "dist_img,ref_img,dmos\nI01_01_01.png,I01.png,",
            "line 2 is not complete",
        ),
        (
            "koniq10k",
            "koniq10k_distributions_sets.csv",
            "image_name,MOS,set\n100.jpg,3,train",
            "set must be one of training, validation, test, not 'train'",
        ),
        (
            "koniq10k",
            "koniq10k_distributions_sets.csv",
            "image_name,MOS,set\n100.jpg,3,training\n101.jpg,4,training",
            "the held_out part of a split has no reference",
        ),
        (
            "biq2021",
            "Test (Images and MOS).csv",
            "Image Name,MOS\nss03 (7).jpg,0.5",
            "the two lists are not a split: .* 'ss03 \\(7\\).jpg'",
        ),
    ],
)
def test_a_damaged_list_is_named(build, name, file, text, message):
    folder = build(name)
    (folder / file).write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        datasets.read(name, folder)
    assert datasets.DATA_SETS[name].source in str(error.value)


def test_live_has_realigned_scores_of_distorted_images(build):
    folder = build("live")
    photos = by_path(datasets.read("live", folder), folder)
    # Every seventh of 982 is a copy: 0, 7, ..., 980.
    assert len(photos) == 982 - 141
    # The second of jpeg is image 228 from 0; 228 = 3 * 76.
    assert photos["jpeg/img2.bmp"] == ScoredPhoto(
        folder / "jpeg/img2.bmp", 100 - 23.8, "bikes", dmos=23.8, distortion="jpeg"
    )
    # 227 of jp2k and 233 of jpeg come before wn, 174 of wn before gblur.
    for name, distortion, dmos in (
        ("jp2k/img2.bmp", "jpeg2000", 1.1),
        ("wn/img1.bmp", "white_noise", 47.0),
        ("gblur/img1.bmp", "gaussian_blur", 64.4),
    ):
        assert photos[name].distortion == distortion
        np.testing.assert_allclose(photos[name].dmos, dmos)
    # The last, 981 = 3 * 327.
    last = photos["fastfading/img174.bmp"]
    np.testing.assert_allclose(last.dmos, 99.1)
    assert last.distortion == "fast_fading"
    assert "jp2k/img1.bmp" not in photos


def test_live_has_copies_and_first_scores_on_request(build):
    folder = build("live")
    photos = by_path(datasets.read("live,not_realigned,copies", folder), folder)
    assert len(photos) == 982
    assert photos["jp2k/img1.bmp"] == ScoredPhoto(
        folder / "jp2k/img1.bmp",
        100,
        "bikes",
        dmos=0,
        distortion="jpeg2000",
        level=0,
    )
    assert photos["jpeg/img2.bmp"].dmos == 22.8


def test_live_without_realigned_scores_says_how_to_read_the_others(build):
    folder = build("live")
    (folder / "dmos_realigned.mat").unlink()
    with pytest.raises(ValueError, match=r"there is no file .* live,not_realigned"):
        datasets.read("live", folder)
    photos = by_path(datasets.read_any("live,not_realigned", folder), folder)
    assert len(photos) == 982 - 141
    # Image 228 from 0, as it stands in dmos.mat.
    assert photos["jpeg/img2.bmp"].dmos == 22.8


def test_live_tells_that_scores_are_missing(build):
    folder = build("live")
    scipy.io.savemat(
        folder / "dmos_realigned.mat",
        {"dmos_new": np.zeros((1, 981)), "orgs": np.zeros((1, 982))},
    )
    with pytest.raises(ValueError, match=r"dmos_new must hold 982 .* \(981,\)"):
        datasets.read("live", folder)
    scipy.io.savemat(folder / "dmos_realigned.mat", {"orgs": np.zeros((1, 982))})
    with pytest.raises(ValueError, match=r"realigned.mat has no variable dmos_new"):
        datasets.read("live", folder)


def test_live_md_has_the_levels_of_our_preset(build):
    folder = build("live_md")
    data_set = datasets.read("live_md", folder)
    photos = by_path(data_set, folder)
    assert len(photos) == 60
    assert {photo.reference for photo in data_set.photos} == {"babygirl", "bikes"}
    # By part, folder, then place in the list of (0, 1), (0, 2), ... (3, 3).
    blurred = photos["Part 1/blurjpeg/bikes_2_0.bmp"]
    assert (blurred.distortion, blurred.level, blurred.dmos) == ("gaussian_blur", 2, 22)
    noisy = photos["Part 2/blurnoise/babygirl_0_3.bmp"]
    assert (noisy.distortion, noisy.level, noisy.mos) == ("white_noise", 3, 48)
    compressed = photos["Part 1/blurjpeg/babygirl_0_1.bmp"]
    assert (compressed.distortion, compressed.level) == ("jpeg", 1)
    for part, name in (("Part 1/blurjpeg", "jpeg"), ("Part 2/blurnoise", "noise")):
        row = PRESETS["live_md"].row(f"blur_and_{name}")
        for first in (1, 2, 3):
            for second in (1, 2, 3):
                photo = photos[f"{part}/bikes_{first}_{second}.bmp"]
                assert photo.distortion == row.name
                strengths = row.parameters[photo.level - 1]
                strongest = [sorted({p[k] for p in row.parameters}) for k in (0, 1)]
                # Of JPEG more quality is less strength.
                seconds = strongest[1][::-1] if name == "jpeg" else strongest[1]
                assert strengths == (strongest[0][first - 1], seconds[second - 1])


def test_live_md_does_not_mind_from_what_its_levels_count(build):
    folder = build("live_md")
    before = datasets.read("live_md", folder)
    change(folder / "Part 1/Imagelists.mat", distimgdistlevels=LEVELS + 1)
    change(folder / "Part 2/Imagelists.mat", distimgdistlevels=LEVELS * 2)
    assert datasets.read("live_md", folder) == before


def change(path, **variables):
    """Gives variables of a MATLAB file other values."""
    there = {
        name: array
        for name, array in scipy.io.loadmat(path).items()
        if not name.startswith("__")
    }
    scipy.io.savemat(path, there | variables)


WITH_A_COPY = np.where(np.arange(30)[:, np.newaxis] == 1, 0, LEVELS)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ref4dist", np.full((30, 1), 3), "reference 3 is none of the 2"),
        ("distimgdistlevels", np.zeros((30, 2)), "Part 1 must have 4 values"),
        (
            "distimgdistlevels",
            WITH_A_COPY,
            r"_2\.bmp of .* no distortion of either kind",
        ),
        ("distimgdistlevels", np.zeros((30, 3)), r"of shape \(30, 2\), .* \(30, 3\)"),
    ],
)
def test_live_md_tells_what_is_wrong_with_its_lists(build, variable, value, message):
    folder = build("live_md")
    change(folder / "Part 1/Imagelists.mat", **{variable: value})
    with pytest.raises(ValueError, match=message):
        datasets.read("live_md", folder)


def test_tid2013_leaves_the_synthetic_reference_out(build):
    folder = build("tid2013")
    data_set = datasets.read("tid2013", folder)
    assert {photo.reference for photo in data_set.photos} == {"I01", "I02"}
    photos = by_path(data_set, folder)
    # 7 - 5 + 1 / 100; the names of files are found in the case they have.
    assert photos["distorted_images/i01_24_5.bmp"] == ScoredPhoto(
        folder / "distorted_images/i01_24_5.bmp",
        2.01,
        "I01",
        distortion="sparse_sampling",
        level=5,
    )
    every = datasets.read("tid2013,synthetic", folder)
    assert {photo.reference for photo in every.photos} == {"I01", "I02", "I25"}
    assert len(every.photos) == 30


def test_csiq_finds_its_table_and_files(build):
    folder = build("csiq")
    photos = by_path(datasets.read("csiq", folder), folder)
    assert len(photos) == 24
    noisy = photos["dst_imgs/awgn/1600.AWGN.5.png"]
    assert (noisy.reference, noisy.distortion, noisy.level) == (
        "1600",
        "white_noise",
        5,
    )
    np.testing.assert_allclose((noisy.mos, noisy.dmos), (0.49, 0.51))
    assert photos["dst_imgs/jpeg2000/trolley.jpeg2000.1.png"].distortion == "jpeg2000"
    assert photos["dst_imgs/fnoise/trolley.fnoise.1.png"].distortion == "pink_noise"


def test_csiq_has_the_kinds_of_live_on_request(build):
    data_set = datasets.read("csiq,shared_with_live", build("csiq"))
    assert {photo.distortion for photo in data_set.photos} == {
        row.name for row in PRESETS["live"].rows
    }


def test_csiq_tells_what_is_wrong_with_its_table(build):
    folder = build("csiq")
    book = openpyxl.load_workbook(folder / "csiq.DMOS.xlsx")
    for cell, value, message in (
        ("F5", "fog", "row 5: dst_type must be one of noise, .*, not 'fog'"),
        ("G6", 6, "row 6: dst_lev must be 1 to 5, not 6"),
        ("I7", "?", r"row 7: the score must be a number, not '\?'"),
        ("I4", "score", "all_by_image of csiq.DMOS.xlsx has no row with the columns"),
    ):
        before = book["all_by_image"][cell].value
        book["all_by_image"][cell] = value
        book.save(folder / "csiq.DMOS.xlsx")
        with pytest.raises(ValueError, match=message):
            datasets.read("csiq", folder)
        book["all_by_image"][cell] = before
    del book["all_by_image"]
    book.save(folder / "csiq.DMOS.xlsx")
    with pytest.raises(ValueError, match="has no sheet all_by_image"):
        datasets.read("csiq", folder)


def test_kadid10k_takes_its_dmos_as_it_is(build):
    folder = build("kadid10k")
    photos = by_path(datasets.read("kadid10k", folder), folder)
    assert len(photos) == 2 * 4 * 5
    assert photos["images/I81_25_04.png"] == ScoredPhoto(
        folder / "images/I81_25_04.png",
        3.0,
        "I81",
        distortion="contrast_change",
        level=4,
    )
    assert photos["images/I01_09_01.png"].distortion == "jpeg2000"
    assert photos["images/I01_21_01.png"].distortion == "pixelate"
    weakest = photos["images/I01_01_01.png"]
    assert (weakest.distortion, weakest.mos) == ("gaussian_blur", 4.5)


@pytest.mark.parametrize("size", ["1024x768", "512x384"])
def test_koniq10k_has_two_sizes_and_its_split(build, size):
    folder = build("koniq10k")
    data_set = datasets.read(f"koniq10k,size={size}", folder)
    assert data_set.photos[3] == ScoredPhoto(folder / size / "103.jpg", 51.5, "103.jpg")
    split = data_set.official_split
    assert split.training == ("100.jpg", "102.jpg", "104.jpg")
    assert split.validation == ("103.jpg",)
    assert split.held_out == ("101.jpg", "105.jpg")


def test_koniq10k_has_no_other_size(build):
    with pytest.raises(ValueError, match="size must be one of 1024x768, 512x384"):
        datasets.read("koniq10k,size=224x224", build("koniq10k"))


def test_biq2021_finds_the_file_that_is_named_otherwise(build):
    folder = build("biq2021")
    data_set = datasets.read("biq2021", folder)
    assert data_set.photos[0] == ScoredPhoto(
        folder / "Images/ss02 (1014).JPG", 0.25, "ss02 (1014).jpg"
    )
    parts = splits.divide(data_set.official_split, data_set.photos)
    assert [photo.mos for photo in parts.training] == [0.25, 0.5, 0.89]
    assert not parts.validation
    assert [photo.mos for photo in parts.held_out] == [0.0, 0.7185]


def test_the_opinion_table_gives_each_kind_and_level_its_mean_opinion(build):
    folder = build("opinion_table")
    photos = by_path(datasets.read("opinion_table", folder), folder)
    assert len(photos) == 2 * 3 * 5  # The photos themselves are left out.
    photo = photos["images/a.png/jpeg_1.jpg"]
    assert photo == ScoredPhoto(photo.path, 5.94, "a.png", distortion="jpeg", level=1)
    photo = photos["images/deep/b.png/block_distortion_5.png"]
    assert photo == ScoredPhoto(
        photo.path, 4.06, "b.png", distortion="block_distortion", level=5
    )
    assert photos["images/deep/b.png/mean_shift_2.png"].mos == 6.05


def test_the_opinion_table_is_that_of_tid2013():
    table = opinion_table.MEAN_OPINIONS
    rows = {row.number: row for row in PRESETS["tid2013"].rows}
    assert table.keys() == rows.keys()
    assert {len(means) for means in table.values()} == {5}
    # The weakest and the strongest; no image is as good or as bad as the scale allows.
    every = [mean for means in table.values() for mean in means]
    assert (min(every), max(every)) == (table[24][4], table[17][1]) == (0.88, 6.47)
    # No kind has levels that are ranked against the mean opinion.
    contradicted = [
        number
        for number, means in table.items()
        if any(
            means[worse - 1] >= means[better - 1]
            for better, worse in np.argwhere(rows[number].better())
            if better
        )
    ]
    assert not contradicted


def test_the_opinion_table_tells_how_to_make_the_set_it_needs(tmp_path, photos):
    command = r"python -m distortions\.generate --preset=tid2013"
    folder = tmp_path / "shards"
    options = {"format": "tfrecord", "shard_megabytes": 1}
    data_folders.generate(photos[0].parent, folder, ["jpeg"], **options)
    with pytest.raises(ValueError, match=f"in shards.*--format=files.*{command}"):
        datasets.read("opinion_table", folder)
    folder = tmp_path / "live"
    generation.Generation(
        photos[0].parent, folder, PRESETS["live"], seed=0, format="files", workers=2
    )
    with pytest.raises(ValueError, match="is unfinished; run the same"):
        datasets.read("opinion_table", folder)
    preset = dataclasses.replace(PRESETS["csiq"], rows=PRESETS["csiq"].rows[:1])
    folder = tmp_path / "csiq"
    generation.Generation(
        photos[0].parent, folder, preset, seed=0, format="files", workers=2
    ).run()
    with pytest.raises(ValueError, match=f"made with preset csiq.*{command}"):
        datasets.read("opinion_table", folder)


def test_a_damaged_opinion_table_is_an_error(build):
    folder = build("opinion_table")
    (folder / "images/a.png/jpeg_3.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"1 of the files .*a\.png/jpeg_3\.jpg"):
        datasets.read("opinion_table", folder)


def test_spaq_has_a_mos_for_each_photo_and_finds_its_table_beside_the_photos(build):
    folder = build("spaq")
    data_set = datasets.read("spaq", folder)
    assert data_set.photos[2] == ScoredPhoto(
        folder / "TestImage/00003.jpg", 40, "00003.jpg"
    )
    book = next((folder / "Annotations").iterdir())
    book.rename(folder / book.name)
    assert datasets.read("spaq", folder) == data_set


def test_live_challenge_leaves_the_images_that_people_were_trained_with_out(build):
    folder = build("live_challenge")
    data_set = datasets.read("live_challenge", folder)
    # The first after seven, whose MOS is 5 * 7.
    assert data_set.photos[0] == ScoredPhoto(folder / "Images/3.bmp", 35, "3.bmp")
    assert len(data_set.photos) == 5
    every = datasets.read("live_challenge,training_images", folder)
    assert every.photos[7:] == data_set.photos
    assert every.photos[6] == ScoredPhoto(
        folder / "Images/trainingImages/t7.bmp", 30, "t7.bmp"
    )


def test_live_challenge_tells_that_lists_are_not_of_one_length(build):
    folder = build("live_challenge")
    scores = folder / "Data/AllMOS_release.mat"
    scipy.io.savemat(scores, {"AllMOS_release": np.ones((1, 11))})
    with pytest.raises(ValueError, match=r"shapes are \(12,\) and \(11,\)"):
        datasets.read("live_challenge", folder)


def test_cid2013_keeps_a_content_together_over_its_image_sets(build):
    folder = build("cid2013")
    photos = by_path(datasets.read("cid2013", folder), folder)
    assert len(photos) == 8
    photo = photos["IS6/co4/IS_VI_C04_D02.jpg"]
    assert photo == ScoredPhoto(photo.path, 64.2, "C04")  # 10 * 6 + 4 + 2 / 10.
    assert photos["IS1/co4/IS_I_C04_D01.jpg"].reference == "C04"
    assert {photo.reference for photo in photos.values()} == {"C01", "C04"}


def test_cid2013_tells_what_is_wrong_with_a_name(build):
    folder = build("cid2013")
    file = folder / "CID2013 data - version 12112014.xlsx"
    book = openpyxl.load_workbook(file)
    book["CID2013 MOS"]["A3"] = "IS_7_C01_D01"
    book.save(file)
    with pytest.raises(ValueError, match=r"row 3: Source_ID .* 'IS_7_C01_D01'"):
        datasets.read("cid2013", folder)


def test_any_data_set_is_read_by_name(build):
    folder = build("biq2021")
    assert datasets.read_any("biq2021", folder) == datasets.read("biq2021", folder)


@pytest.mark.parametrize("inside", [True, False])
def test_a_csv_is_a_data_set_whose_scale_is_that_of_its_scores(tmp_path, inside):
    photos, lists = tmp_path / "photos", tmp_path / "lists"
    for folder in (photos, lists):
        folder.mkdir()
    for name in "abc":
        (photos / f"{name}.png").touch()
    path = (photos if inside else lists) / "scores.csv"
    path.write_text("image,mos,reference\na.png,3.5,x\nb.png,-1,y\nc.png,2,x\n")
    found = datasets.read_any(str(path), "" if inside else str(photos))
    assert found.name == "scores.csv"
    assert found.photos == tuple(scores_csv.read(path, photos))
    assert [photo.reference for photo in found.photos] == ["x", "y", "x"]
    assert found.scale == (-1.0, 3.5)
    assert found.official_split is None


def test_the_scale_of_a_csv_may_be_told_and_its_scores_must_lie_on_it(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.png").touch()
    path = tmp_path / "scores.csv"
    path.write_text("image,mos\na.png,1\nb.png,4.5\n")
    assert datasets.read_any(str(path), scale=(1, 5)).scale == (1, 5)
    for scale in ((2, 5), (0, 4)):
        with pytest.raises(
            ValueError, match=r"go from 1 to 4\.5, but .* as {} to {}$".format(*scale)
        ):
            datasets.read_any(str(path), scale=scale)


def test_a_name_that_is_neither_a_file_nor_a_data_set_is_told_with_the_nearest():
    with pytest.raises(ValueError, match=r"neither a CSV .* 'kadid'; .*: kadid10k"):
        datasets.read_any("kadid")


@pytest.mark.parametrize(
    "moves",
    [
        {},
        {"koniq10k_distributions_sets.csv": "koniq10k_distributions_sets/"},
        {"koniq10k_distributions_sets.csv": "metadata/"},
        {"1024x768": "koniq10k_1024x768/"},
        {"1024x768": "images/"},
        {"1024x768/": "koniq10k_1024x768"},
    ],
)
def test_koniq10k_is_read_as_its_archives_unpack(build, moves):
    folder = build("koniq10k")
    for what, where in moves.items():
        if where.endswith("/"):
            (folder / where).mkdir()
            (folder / what).rename(folder / where / what)
        else:
            (folder / what).rename(folder / where)
    found = datasets.read("koniq10k", folder)
    assert [photo.path.name for photo in found.photos] == [
        f"10{n}.jpg" for n in range(6)
    ]
    assert {photo.path.parent.name for photo in found.photos} <= {
        "1024x768",
        "koniq10k_1024x768",
    }


def test_koniq10k_says_where_its_list_is_and_where_it_looked_for_images(build):
    folder = build("koniq10k")
    (folder / "1024x768").rename(folder / "elsewhere")
    with pytest.raises(ValueError, match="looked for 1024x768, koniq10k_1024x768/1024"):
        datasets.read("koniq10k", folder)
    (folder / "koniq10k_distributions_sets.csv").rename(
        folder / "koniq10k_scores_and_distributions.csv"
    )
    with pytest.raises(ValueError, match="there is no file") as error:
        datasets.read("koniq10k", folder)
    assert "githubusercontent.com/subpic/koniq/" in str(error.value)
