"""Writes measures.csv: what piq, an independent implementation, says of small images.

    pip install piq==0.8.0
    PYTHONPATH=tests python tests/golden/make_measures.py

piq (github.com/photosynthesis-team/piq, Apache-2.0) needs PyTorch, which the tests are
to do without. Its MS-SSIM is of each channel; ours is of luma, which it is given three
times.
"""

import csv
from pathlib import Path

import measured_pairs
import numpy as np
import piq
import torch


def tensor(image: np.ndarray) -> torch.Tensor:
    """From uint8 [h, w, 3] to what piq takes, [1, 3, h, w] in 0..1."""
    return torch.tensor(image / 255, dtype=torch.float32).permute(2, 0, 1)[None]


def luma(image: torch.Tensor) -> torch.Tensor:
    """BT.601's luma, [1, 1, h, w]."""
    weights = torch.tensor([0.2989, 0.587, 0.114]).reshape(1, 3, 1, 1)
    return (image * weights).sum(1, keepdim=True)


def main() -> None:
    """Measures each pair by each measure."""
    path = Path(__file__).with_name("measures.csv")
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("kind", "height", "width", "measure", "value"))
        for height, width in ((61, 84), (176, 208)):
            for kind in measured_pairs.KINDS:
                pair = [tensor(i) for i in measured_pairs.pair(kind, height, width)]
                found = {
                    "gmsd": piq.gmsd(*pair),
                    "haarpsi": piq.haarpsi(*pair),
                    "mdsi": piq.mdsi(*pair),
                }
                if height > 161:
                    lumas = map(luma, pair)
                    found["ms_ssim"] = piq.multi_scale_ssim(*lumas)
                for name, value in found.items():
                    writer.writerow((kind, height, width, name, f"{float(value):.6f}"))


if __name__ == "__main__":
    main()
