"""Methods compared on the same photos: how each is run, and the tables of all."""

import csv
import json
import re

import numpy as np
import pytest
import tiny_models
from PIL import Image
from programs import ROOT
from programs import run_several
from programs import start

from export import tflite

FACTS = {
    "first_seconds": 1.26,
    "first_cpu_seconds": 0.84,
    "package": "pypiqe",
    "version": "1.2",
    "licence": "MIT",
    "peak_bytes": 79.4e6,
    "installed_bytes": 1234.4e6,
}
MOS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
NAMES = [f"{'ab'[number > 3]}{number}.png" for number in range(7)]

# Stands for pypiqe: the mean of blue less that of red, and nothing of a small photo.
PYPIQE = """
def piqe(image):
    if image.shape[0] < 40:
        raise ValueError("too small")
    blue, _, red = image.mean((0, 1))
    return blue - red, None, None, None
"""
METADATA = "Metadata-Version: 2.1\nName: pypiqe\nVersion: 1.2\n"


def write_scores(folder, name, scores, seconds=(0.02,) * 7, **facts):
    folder.mkdir(exist_ok=True)
    rows = ["image,score,seconds"]
    rows += map("{},{},{}".format, NAMES, scores, seconds)
    (folder / f"{name}.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(FACTS | facts), encoding="utf-8")


def tables(text):
    """The rows of tables in Markdown, by the first cell, each with its header."""
    found = []
    for table in text.strip().split("\n\n"):
        header, _, *rows = (
            [cell.strip() for cell in line.strip("|").split(" | ")]
            for line in table.splitlines()
        )
        found.append({row[0]: dict(zip(header, row, strict=True)) for row in rows})
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the program prints, and its code and errors where something is wrong."""
    folder = tmp_path_factory.mktemp("comparison")
    photos = folder / "mos.csv"
    lines = ["Image Name,MOS", *map("{},{}".format, NAMES, MOS)]
    photos.write_text("\n".join(lines), encoding="utf-8")
    for name in NAMES:  # Only to be there.
        (folder / name).touch()
    good = folder / "good"
    write_scores(good, "turned", [-mos for mos in MOS])
    # Two neighbours are exchanged, twice: 4 of d², and 2 of 21 pairs.
    write_scores(good, "partly", (2, 1, 3, 4, 6, 5, 7), version="1.3")
    write_scores(
        good, "all_but_one", (1, 2, "", 4, 5, 6, 70), (0.5, *[0.01] * 3, *[0.03] * 3)
    )
    write_scores(folder / "without_facts", "piqe", MOS)
    (folder / "without_facts" / "piqe.json").unlink()
    write_scores(folder / "too_few", "piqe", MOS[:5])
    write_scores(folder / "no_number", "piqe", ["much", *MOS[1:]])
    (folder / "empty").mkdir()
    calls = {
        name: [f"--photos={photos}", f"--scores={folder / name}", "--groups=^."]
        for name in ("good", "without_facts", "too_few", "no_number", "empty")
    }
    program = "benchmarks.comparison"
    return dict(zip(calls, run_several(program, calls.values()), strict=True))


def test_agreement_is_that_of_hand_calculation(printed):
    agreement, _ = tables(printed["good"][1])
    row = agreement["partly"]
    assert row["photos"] == "7"
    assert float(row["SROCC"]) == pytest.approx(1 - 6 * 4 / (7 * 48), abs=5e-4)
    assert float(row["KROCC"]) == pytest.approx((21 - 2 * 2) / 21, abs=5e-4)
    # Groups are a0 to a3 and b4 to b6, with one exchange each.
    assert float(row["SROCC, a"]) == pytest.approx(1 - 6 * 2 / (4 * 15), abs=5e-4)
    assert float(row["SROCC, b"]) == pytest.approx(1 - 6 * 2 / (3 * 8), abs=5e-4)
    low, high = map(float, row["95 % interval"].split(" to "))
    assert -1 <= low < float(row["SROCC"]) <= high <= 1


def test_scores_in_the_wrong_direction_have_an_srocc_of_minus_1(printed):
    agreement, _ = tables(printed["good"][1])
    assert agreement["turned"]["SROCC"] == "-1.000"
    assert agreement["turned"]["LCC, logistic"] == "1.000"  # The fit may fall.


def test_a_photo_that_a_method_cannot_score_is_left_out_and_told(printed):
    agreement, _ = tables(printed["good"][1])
    assert agreement["all_but_one"]["photos"] == "6"
    assert agreement["all_but_one"]["SROCC"] == "1.000"


def test_both_tables_begin_with_the_best_method(printed):
    for table in tables(printed["good"][1]):
        assert list(table) == ["all_but_one", "partly", "turned"]


def test_cost_is_the_median_of_photos_and_what_was_measured(printed):
    _, cost = tables(printed["good"][1])
    assert cost["all_but_one"] == {
        "method": "all_but_one",
        "package": "pypiqe 1.2",
        "licence": "MIT",
        "ms a photo": "30",  # Of 10, 10, 10, 30, 30, 30 and 500.
        "first score, s (CPU)": "1.3 (0.8)",
        "peak memory, MB": "79",
        "installed, MB": "1,234",
    }
    assert cost["partly"]["package"] == "pypiqe 1.3"


def test_all_goes_well_with_exit_code_0(printed):
    assert (printed["good"][0], printed["good"][2]) == (0, "")


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("without_facts", r"piqe\.json is missing"),
        ("too_few", r"piqe\.csv lacks 2 of 7 photos, the first being .*b5\.png"),
        ("no_number", r"piqe\.csv line 2: could not convert .*'much'"),
        ("empty", r"empty has no CSV file"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_exit_code_2(printed, folder, reason):
    code, output, errors = printed[folder]
    assert (code, output) == (2, "")
    assert re.fullmatch(f".*{reason}.*\n", errors)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of three photos, red, green and blue, and a table of them."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(4)
    for channel, name in enumerate(("red", "green", "blue")):
        pixels = generator.integers(0, 99, (43, 57, 3), np.uint8)
        pixels[..., channel] += 150
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "mos.csv").write_text("Image Name,MOS\nred.png,1\nblue.png,2\n")
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with a package called pypiqe in it."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "pypiqe.py").write_text(PYPIQE)
    installed = folder / "pypiqe-1.2.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(METADATA)
    (installed / "RECORD").write_text("pypiqe.py,,\npypiqe-1.2.dist-info/METADATA,,\n")
    return folder


def score_by(*arguments, packages=ROOT):
    """Runs the program: its exit code, output and errors."""
    process = start(
        "-m", "benchmarks.score_by", *arguments, PYTHONPATH=f"{ROOT}:{packages}"
    )
    output, errors = process.communicate()
    return process.returncode, output, errors


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_method_gets_the_channels_it_expects_and_less_is_better(
    photos, packages, tmp_path
):
    table = photos / "mos.csv"
    assert score_by("piqe", table, tmp_path, packages=packages) == (0, "", "")
    rows = read(tmp_path / "piqe.csv")
    assert [row["image"] for row in rows] == ["red.png", "blue.png"]
    for row in rows:
        pixels = np.asarray(Image.open(photos / row["image"]), float)
        expected = pixels[..., 0].mean() - pixels[..., 2].mean()
        assert float(row["score"]) == pytest.approx(expected, rel=1e-5)
        assert 0 <= float(row["seconds"]) < 10


def test_what_a_method_takes_is_told(photos, packages, tmp_path):
    score_by("piqe", photos / "mos.csv", tmp_path, packages=packages)
    facts = json.loads((tmp_path / "piqe.json").read_bytes())
    assert facts["package"] == "pypiqe"
    assert facts["version"] == "1.2"
    assert facts["licence"] == "MIT"
    assert 0 < facts["first_cpu_seconds"] < 60
    assert 0 < facts["first_seconds"] < 600
    assert 5e6 < facts["peak_bytes"] < 1e9
    # Pillow is needed, too.
    assert facts["installed_bytes"] > len(PYPIQE) + len(METADATA) + 1e6


def test_a_photo_that_cannot_be_scored_is_named_and_has_no_score(
    photos, packages, tmp_path
):
    Image.new("RGB", (57, 31)).save(tmp_path / "small.png")
    Image.open(photos / "red.png").save(tmp_path / "red.png")
    table = tmp_path / "all.csv"
    table.write_text("image,mos\nsmall.png,1\nred.png,2\n")
    code, _, errors = score_by("piqe", table, tmp_path / "out", packages=packages)
    assert code == 1
    assert errors == f"{tmp_path}/small.png: ValueError: too small\n"
    small, red = read(tmp_path / "out" / "piqe.csv")
    assert small["score"] == ""
    assert red["score"] != ""


def test_a_method_that_is_not_installed_is_named_with_exit_code_2(photos, tmp_path):
    (tmp_path / "pypiqe.py").write_text("raise ImportError('No module named pypiqe')")
    code, _, errors = score_by(
        "piqe", photos / "mos.csv", tmp_path / "out", packages=tmp_path
    )
    assert code == 2
    assert errors == "No module named pypiqe: piqe needs pypiqe and pillow\n"
    assert not (tmp_path / "out").exists()


def test_photos_that_are_missing_are_told_before_anything_is_begun(photos, tmp_path):
    table = tmp_path / "mos.csv"
    table.write_text("image,mos\nred.png,1\nnone.png,2\n")
    code, _, errors = score_by("piqe", table, tmp_path / "out", "--folder", photos)
    assert code == 2
    assert errors == (f"1 of 2 photos are not in {photos}, the first being none.png\n")


def test_models_of_ours_score_as_they_do_elsewhere(photos, tmp_path):
    model = tiny_models.of_crops()
    model.save(tmp_path / "tiny.keras")
    tflite.write(model, tmp_path / "tiny.tflite")
    expected = [model.score(photos / name) for name in ("red.png", "blue.png")]
    for path in tmp_path / "tiny.keras", tmp_path / "tiny.tflite":
        output = tmp_path / path.suffix
        code, _, errors = score_by(path, photos / "mos.csv", output)
        assert code == 0, errors
        found = [float(row["score"]) for row in read(output / "tiny.csv")]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        facts = json.loads((output / "tiny.json").read_bytes())
        assert facts["package"] == "rankiqa-tf"
        assert facts["installed_bytes"] > path.stat().st_size
