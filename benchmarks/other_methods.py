"""Scores photos by PIQE and BRISQUE, published methods without a network.

It needs their packages, best in an environment of their own, and nothing of ours:

    python3 -m venv others && others/bin/pip install pypiqe brisque "numpy<2.3"
    others/bin/python benchmarks/other_methods.py opinions.csv others.csv

Reads image,... and writes image,piqe,brisque, higher being better, for
`benchmarks.opinions`. Image paths start from the CSV file's folder.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from brisque import BRISQUE
from PIL import Image
from pypiqe import piqe


def main(table: str, output: str) -> None:
    """Scores the images of one CSV file into another."""
    brisque = BRISQUE(url=False)
    with (
        Path(table).open(newline="", encoding="utf-8") as source,
        Path(output).open("w", newline="", encoding="utf-8") as target,
    ):
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("image", "piqe", "brisque"))
        for row in csv.DictReader(source):
            with Image.open(Path(table).parent / row["image"]) as image:
                pixels = np.asarray(image.convert("RGB"))
            # Of both, less is better.
            bgr = np.ascontiguousarray(pixels[..., ::-1])
            found = -piqe(bgr)[0], -brisque.score(pixels)
            writer.writerow((row["image"], *(f"{score:.4f}" for score in found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
