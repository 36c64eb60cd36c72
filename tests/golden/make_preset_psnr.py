"""Writes preset_psnr.csv, against which tests/test_presets.py measures the presets.

    PYTHONPATH=.:tests python tests/golden/make_preset_psnr.py

To be run when a level or what a distortion does was changed on purpose; the
difference then shows what else has changed with it.
"""

import csv
from pathlib import Path

import preset_psnr

import distortions

FILE = Path(__file__).with_suffix(".csv").with_stem("preset_psnr")


def main() -> None:
    """Writes a line for each row of each preset."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("preset", "kind", "psnr"))
        for preset in distortions.PRESETS.values():
            for row in preset.rows:
                levels = (f"{level:.2f}" for level in preset_psnr.levels_of(row))
                writer.writerow((preset.name, row.name, " ".join(levels)))


if __name__ == "__main__":
    main()
