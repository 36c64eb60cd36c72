"""SROCC and error for each source of BIQ2021's photos, from a finished benchmark.

    python -m benchmarks.biq2021_sources --workdir=runs/biq2021 --method=rankiqa_ft

A file's name gives the source of its photo: ss01, ss02 or ss03. Figures are means over
splits.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from absl import app
from absl import flags

from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import predictions

_WORKDIR = flags.DEFINE_string("workdir", None, "Of the benchmark.", required=True)
_METHOD = flags.DEFINE_string("method", "rankiqa_ft", "Whose predictions.")


def main(argv: list[str]) -> None:
    """Prints a row for each source, for all but ss02, and for all."""
    del argv
    found = defaultdict(list)
    for path in sorted(Path(_WORKDIR.value).glob(f"split_*/{_METHOD.value}.csv")):
        result = predictions.read(path)
        mos = np.array([photo.mos for photo in result.photos])
        sources = np.array([photo.path.name[:4] for photo in result.photos])
        parts = {name: sources == name for name in np.unique(sources)}
        parts |= {"all but ss02": sources != "ss02", "all": sources != ""}
        for name, part in parts.items():
            error = result.scores[part] - mos[part]
            srocc = metrics.srocc(result.scores[part], mos[part])
            row = part.sum(), mos[part].mean(), mos[part].std(), srocc
            found[name].append((*row, error.mean(), np.mean(error**2) ** 0.5))
    print("| source | photos | MOS | its deviation | SROCC | mean error | RMSE |")
    print("| --- |" + " ---: |" * 6)
    for name, rows in found.items():
        count, *means = np.mean(rows, 0)
        print(f"| {name} | {count:.0f} |", " | ".join(f"{m:.3f}" for m in means), "|")


if __name__ == "__main__":
    app.run(main)
