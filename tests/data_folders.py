"""Small folders in the layout of the data sets; the public ones' images are empty.

Each data set has a function of its name here, by which the tests of all find it.
"""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import scipy.io
from PIL import Image

import distortions
from distortions.sets import generation


def touch(path: Path) -> None:
    """Makes an empty file and the folders it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def table(folder: Path, count: int) -> None:
    """Makes photos of noise in photos/, and scores.csv, which gives each its number."""
    random = np.random.default_rng(0)
    rows = ["image,mos"]
    (folder / "photos").mkdir()
    for number in range(count):
        pixels = random.integers(0, 256, (61, 43, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{number}.png")
        rows.append(f"photos/{number}.png,{number}")
    (folder / "scores.csv").write_text("\n".join(rows), encoding="utf-8")


def cell(texts, shape) -> np.ndarray:
    """Makes what scipy.io.savemat writes as a cell array of texts."""
    array = np.empty(len(texts), object)
    array[:] = texts
    return array.reshape(shape)


def live(folder: Path) -> None:
    """982 images of 3 references; the DMOS of image k, counted from 0, is k / 10.

    Realigned it is 1 more. Every seventh image is a copy of its reference.
    """
    counts = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
    for kind, count in counts.items():
        for number in range(1, count + 1):
            touch(folder / kind / f"img{number}.bmp")
        touch(folder / kind / "info.txt")
        touch(folder / kind / "Thumbs.db")
    places = np.arange(982)
    originals = (places % 7 == 0).astype(np.uint8)
    names = [("bikes.bmp", "sailing1.bmp", "parrots.bmp")[k % 3] for k in places]
    for file, variable, offset in (
        ("dmos.mat", "dmos", 0),
        ("dmos_realigned.mat", "dmos_new", 1),
    ):
        scores = (places / 10 + offset)[np.newaxis]
        scipy.io.savemat(
            folder / file, {variable: scores, "orgs": originals[np.newaxis]}
        )
    scipy.io.savemat(
        folder / "refnames_all.mat", {"refnames_all": cell(names, (1, 982))}
    )


def live_md(folder: Path) -> None:
    """2 references of 15 images in each part; the DMOS of image k is k, or k + 50."""
    strengths = [(a, b) for a in range(4) for b in range(4) if a or b]
    for part, images, offset in (
        ("Part 1", "blurjpeg", 0),
        ("Part 2", "blurnoise", 50),
    ):
        references = ["babygirl.bmp", "bikes.bmp"]
        names = [
            f"{reference[:-4]}_{a}_{b}.bmp"
            for reference in references
            for a, b in strengths
        ]
        for name in (*references, *names):
            touch(folder / part / images / name)
        scipy.io.savemat(
            folder / part / "Imagelists.mat",
            {
                "refimgs": cell(references, (2, 1)),
                "distimgs": cell(names, (30, 1)),
                "ref4dist": np.repeat([[1], [2]], 15, axis=0).astype(np.uint8),
                "distimgdistlevels": np.array(strengths * 2, np.uint8),
            },
        )
        scipy.io.savemat(
            folder / part / "Scores.mat",
            {"DMOSscores": np.arange(30.0)[np.newaxis] + offset},
        )


def tid2013(folder: Path) -> None:
    """References 1, 2 and 25, distortions 1 and 24; names differ in case."""
    lines = []
    for reference in (1, 2, 25):
        for kind in (1, 24):
            for level in range(1, 6):
                name = f"{reference:02}_{kind:02}_{level}"
                file = f"i{name}.bmp" if reference < 25 else f"I{name}.BMP"
                touch(folder / "distorted_images" / file)
                lines.append(f"{7 - level + reference / 100:.5f} I{name}.bmp")
    text = "\r\n".join([*lines, ""])
    (folder / "mos_with_names.txt").write_bytes(text.encode("ascii"))


def csiq(folder: Path) -> None:
    """References 1600 and trolley, level 1 and 5 of all six kinds."""
    book = openpyxl.Workbook()
    book.active.title = "all_by_distortion"
    sheet = book.create_sheet("all_by_image")
    sheet["A1"] = "DMOS of all images"
    header = ("image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos")
    rows = [header]
    kinds = {
        "noise": "awgn/{}.AWGN.{}.png",
        "jpeg": "jpeg/{}.JPEG.{}.png",
        "jpeg 2000": "jpeg2000/{}.jpeg2000.{}.png",
        "fnoise": "fnoise/{}.fnoise.{}.png",
        "blur": "blur/{}.BLUR.{}.png",
        "contrast": "contrast/{}.contrast.{}.png",
    }
    for image in (1600, "trolley"):
        for index, (kind, file) in enumerate(kinds.items(), start=1):
            for level in (1, 5):
                touch(folder / "dst_imgs" / file.format(image, level))
                rows.append((image, index, kind, level, 0.1, level / 10 + index / 100))
    for number, row in enumerate(rows, start=4):
        for place, value in enumerate(row, start=4):
            sheet.cell(number, place, value)
    folder.mkdir(exist_ok=True)
    book.save(folder / "csiq.DMOS.xlsx")


def kadid10k(folder: Path) -> None:
    """References 1 and 81, distortions 1, 9, 21 and 25."""
    lines = ["dist_img,ref_img,dmos,var"]
    for reference in (1, 81):
        touch(folder / "images" / f"I{reference:02}.png")
        for kind in (1, 9, 21, 25):
            for level in range(1, 6):
                name = f"I{reference:02}_{kind:02}_{level:02}.png"
                touch(folder / "images" / name)
                lines.append(f"{name},I{reference:02}.png,{5 - level / 2},0.5")
    (folder / "dmos.csv").write_text("\n".join(lines) + "\n")


def koniq10k(folder: Path) -> None:
    """Six photos, three of them to train on."""
    parts = ("training", "test", "training", "validation", "training", "test")
    lines = ["image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set"]
    for number, part in enumerate(parts):
        for size in ("1024x768", "512x384"):
            touch(folder / size / f"10{number}.jpg")
        mos = 10.5 * number + 20
        lines.append(f"10{number}.jpg,0.0,0.0,0.5,0.5,0.0,105,{mos},0.5,{part}")
    (folder / "koniq10k_distributions_sets.csv").write_text("\n".join(lines) + "\n")


def biq2021(folder: Path) -> None:
    """Three photos to train on and two to test on; one is named otherwise on disk."""
    train = ("ss02 (1014).jpg,0.2500", "ss01 (10).jpg,0.5000", "ss03 (7).jpg,0.8900")
    test = ("ss03 (793).jpg,0.0000", "ss01 (331).jpg,0.7185")
    for file in ("ss02 (1014).JPG", "ss01 (10).jpg", "ss03 (7).jpg"):
        touch(folder / "Images" / file)
    for file in ("ss03 (793).jpg", "ss01 (331).jpg"):
        touch(folder / "Images" / file)
    for name, rows in (("Train", train), ("Test", test)):
        text = "\n".join(["Image Name,MOS", *rows, ""])
        (folder / f"{name} (Images and MOS).csv").write_text(text)


def spaq(folder: Path) -> None:
    """Five photos; the MOS of photo k is 20 k."""
    rows = [("Image name", "MOS", "Brightness")]
    for number in range(5):
        name = f"{number + 1:05}.jpg"
        touch(folder / "TestImage" / name)
        rows.append((name, 20.0 * number, 50))
    book(folder / "Annotations" / "MOS and Image attribute scores.xlsx", "Sheet1", rows)


def live_challenge(folder: Path) -> None:
    """Seven training images, then five photos; the MOS of the k-th from 0 is 5 k."""
    names = [*(f"t{n}.bmp" for n in range(1, 8)), *(f"{n}.bmp" for n in range(3, 8))]
    for name in names:
        inside = "trainingImages" if name.startswith("t") else ""
        touch(folder / "Images" / inside / name)
    (folder / "Data").mkdir()
    for what, values in (
        ("AllImages", cell(names, (12, 1))),
        ("AllMOS", 5.0 * np.arange(12)[np.newaxis]),
        ("AllStdDev", np.ones((1, 12))),
    ):
        name = f"{what}_release"
        scipy.io.savemat(folder / "Data" / f"{name}.mat", {name: values})


def cid2013(folder: Path) -> None:
    """Image sets 1 and 6, contents 1 and 4, two cameras."""
    rows = [("Source_ID", "Image set specific  MOS", "Realigned MOS", "Sharpness")]
    for number, roman in ((1, "I"), (6, "VI")):
        for content in (1, 4):
            for camera in (1, 2):
                name = f"IS_{roman}_C{content:02}_D{camera:02}"
                touch(folder / f"IS{number}" / f"co{content}" / f"{name}.jpg")
                rows.append((name, 50.0, 10.0 * number + content + camera / 10, 3))
    book(folder / "CID2013 data - version 12112014.xlsx", "CID2013 MOS", rows)


def book(path: Path, title: str, rows: Sequence[Sequence[Any]]) -> None:
    """Writes an Excel file of two sheets, the first of which holds the rows."""
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.create_sheet("Other")
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def opinion_table(folder: Path) -> None:
    """Two photos, one in a folder, under three kinds of the preset `tid2013`."""
    with tempfile.TemporaryDirectory() as photos:
        for number, name in enumerate(("a.png", "deep/b.png")):
            touch(Path(photos) / name)
            picture = Image.new("RGB", (13, 11), (90 * number, 60, 200))
            picture.save(Path(photos) / name)
        generate(Path(photos), folder, ("jpeg", "block_distortion", "mean_shift"))


def generate(photos: Path, folder: Path, kinds: Sequence[str], **options: Any) -> None:
    """Makes a ranked set of some kinds of the preset `tid2013`."""
    preset = distortions.PRESETS["tid2013"]
    rows = tuple(preset.row(kind) for kind in kinds)
    options = {"seed": 0, "format": "files", "workers": 2} | options
    preset = dataclasses.replace(preset, rows=rows)
    generation.Generation(photos, folder, preset, **options).run()


def build(name: str, folder: Path) -> None:
    """Makes the small folder of a data set, by the function of its name here."""
    globals()[name](folder)
